//! The fixtures of the rules, judged from the command line: the verdict is what their directory says.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::run::{Run, run};

const TRUSTED: &str = "ecr:self, eks-addons, public.ecr.aws/eks-distro, docker.io/library, ghcr.io/example-org, \
                       europe-west3-docker.pkg.dev/example";

fn directory(rule: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules/tests/fixtures").join(rule)
}

/// Every fixture of a rule: its file, and whether its directory says that it complies.
fn fixtures(rule: &str) -> Vec<(PathBuf, bool)> {
    let halves = [("compliant", true), ("non_compliant", false)];
    let files = |half: &str| std::fs::read_dir(directory(rule).join(half)).unwrap();
    let all = halves.iter().flat_map(|(half, complies)| files(half).map(|file| (file.unwrap().path(), *complies)));
    let all: Vec<_> = all.collect();
    assert!(all.len() > 20, "{rule}: {all:?}");
    all
}

fn judge(rule: &str, file: &Path, parameters: &Value) -> Run {
    let (file, parameters) = (file.to_str().unwrap(), parameters.to_string());
    let scene = ["--account", "123456789012", "--region", "eu-central-1"];
    let asked = ["judge", rule, "-f", file, "--parameters", &parameters, "--output", "json"];
    run(&[&asked[..], &scene].concat(), "")
}

#[track_caller]
fn says(run: &Run, complies: bool, file: &Path) {
    let (status, compliance_type) = if complies { (0, "COMPLIANT") } else { (1, "NON_COMPLIANT") };
    assert_eq!(run.status, status, "{}: {run:#?}", file.display());
    assert_eq!(run.json()[0]["complianceType"], compliance_type, "{}", file.display());
}

#[test]
fn every_fixture_of_priv_escalation_is_what_its_directory_says() {
    for (file, complies) in fixtures("priv_escalation") {
        says(&judge("privEscalation", &file, &json!({"secretsInEnv": "require"})), complies, &file);
    }
}

#[test]
fn every_fixture_of_trusted_reg_check_is_what_its_directory_says() {
    for (file, complies) in fixtures("trusted_reg_check") {
        says(&judge("trustedRegCheck", &file, &json!({"trustedRegistries": TRUSTED})), complies, &file);
    }
}

/// Those that differ in what enforces policies cannot be told apart by manifests, where nothing runs: asked for it, the
/// command line refuses.
#[test]
fn every_fixture_of_net_pol_check_is_what_its_directory_says() {
    let text = std::fs::read_to_string(directory("net_pol_check").join("requires.json")).unwrap();
    let requires: BTreeMap<String, BTreeMap<String, String>> = serde_json::from_str(&text).unwrap();
    for (file, complies) in fixtures("net_pol_check") {
        let half = if complies { "compliant" } else { "non_compliant" };
        let stem = file.file_stem().unwrap().to_str().unwrap();
        let requires = &requires[half][stem];
        if stem == "vpc_cni_agent_switched_off" {
            let run = judge("netPolCheck", &file, &json!({"requires": requires, "enforcement": "require"}));
            assert_eq!(run.status, 2, "{run:#?}");
            assert!(run.stderr.contains("enforcement"), "{run:#?}");
        } else {
            // A DaemonSet of kube-system names that namespace, which has no policy of its own.
            let parameters = json!({"requires": requires, "excludedNamespaces": "kube-system"});
            says(&judge("netPolCheck", &file, &parameters), complies, &file);
        }
    }
}
