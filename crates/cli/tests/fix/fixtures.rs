use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::apply::{apply, refused};
use crate::scene::{Directory, comments, documents};

const TRUSTED: &str = "ecr:self, eks-addons, public.ecr.aws/eks-distro, docker.io/library, ghcr.io/example-org, \
                       europe-west3-docker.pkg.dev/example";

/// A rule, the directory of its fixtures, and the sets of parameters under which each is mended.
fn rules() -> Vec<(&'static str, &'static str, Vec<Value>)> {
    let reading = |reading: &str| json!({"reading": reading});
    let requires = |requires: &str| json!({"requires": requires});
    vec![
        (
            "netPolCheck",
            "net_pol_check",
            ["any", "covered", "default-deny-ingress", "default-deny-egress", "default-deny"].map(requires).to_vec(),
        ),
        (
            "privEscalation",
            "priv_escalation",
            vec![
                reading("effective"),
                reading("restricted"),
                reading("explicit"),
                json!({"reading": "explicit", "secretsInEnv": "require"}),
            ],
        ),
        ("trustedRegCheck", "trusted_reg_check", vec![json!({"trustedRegistries": TRUSTED})]),
    ]
}

/// The fixtures of a rule, both halves, and the manifests of the command line.
fn fixtures(directory: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let rules = root.join("../rules/tests/fixtures").join(directory);
    let halves = [rules.join("compliant"), rules.join("non_compliant"), root.join("tests/fixtures")];
    let mut files: Vec<PathBuf> = halves
        .iter()
        .flat_map(|half| std::fs::read_dir(half).unwrap().map(|entry| entry.unwrap().path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "json" || ending == "yaml"))
        .collect();
    files.sort();
    assert!(files.len() > 10, "{directory}: {files:?}");
    files
}

fn items(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap();
    let list: Value = serde_saphyr::from_str(&text).unwrap();
    list["items"].as_array().unwrap().clone()
}

/// Whether a finding is one of those that nothing can be written for.
fn by_hand(finding: &Value, all: &[Value]) -> bool {
    let same = |other: &&Value| ["namespace", "owner", "container"].iter().all(|key| other[key] == finding[key]);
    finding["owner"]["kind"] == "Pod"
        || finding["mirror"] == true
        || finding["containerKind"] == "ephemeralContainer"
        || finding["reasons"] == json!(["Unparsable"])
        || finding["reasons"] == json!(["SecretInEnvironment"])
        // Two images of one container: a rollout is under way.
        || (!finding["image"].is_null() && all.iter().filter(same).count() > 1)
}

/// Mends one fixture and judges it again: what is left, and whether anything was found at first.
fn mended(rule: &str, parameters: &Value, file: &Path, name: &str) -> bool {
    let directory = Directory::new(name);
    let mut objects = items(file);
    directory.write("before.json", &json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string());
    let untouched = directory.read("before.json");
    let scene = ["--account", "123456789012", "--region", "eu-central-1"];
    let further = [&scene[..], &["--fix-mirror", "ghcr.io/example-org/mirror", "--fix-allow-same-namespace"]].concat();
    let before = directory.fix(rule, parameters, &further);
    let findings = before.findings();
    assert_eq!(before.status, i32::from(!findings.is_empty()), "{name}: {before:#?}");
    assert_eq!(directory.read("before.json"), untouched, "{name}");
    if findings.is_empty() {
        assert!(!directory.has("fix.yaml"), "{name}");
        return false;
    }
    let text = directory.read("fix.yaml");
    apply(&mut objects, &documents(&text));
    // In a rollout the patch of one template meets pods of the other.
    let one_template = !name.contains("rollout");
    for item in objects.iter().filter(|_| one_template) {
        let windows = item["spec"]["os"]["name"] == "windows";
        for list in ["containers", "initContainers"] {
            for container in item["spec"][list].as_array().into_iter().flatten() {
                assert_eq!(refused(container, windows), None, "{name}: {container}");
            }
        }
    }
    directory.write("after.json", &json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string());
    let parameters = parameters.to_string();
    let mut arguments = vec!["judge", rule, "-f", "after.json", "--output", "json", "--parameters", &parameters];
    arguments.extend(scene);
    let after = directory.run(&arguments);
    let left = after.findings();
    let expected: Vec<&Value> = findings.iter().filter(|finding| by_hand(finding, &findings)).collect();
    assert_eq!(left.iter().collect::<Vec<_>>(), expected, "{name}: {text}");
    for finding in expected {
        let subject = format!(
            "{}/{}/{}[{}]: ",
            finding["namespace"].as_str().unwrap(),
            finding["owner"]["kind"].as_str().unwrap(),
            finding["owner"]["name"].as_str().unwrap(),
            finding["container"].as_str().unwrap()
        );
        assert!(comments(&text).contains(&subject), "{name}: {subject}: {text}");
    }
    true
}

#[test]
fn each_fixture_complies_once_the_fix_is_applied_but_for_what_nothing_can_be_written_for() {
    for (rule, directory, parameter_sets) in rules() {
        let mut found = 0;
        for file in fixtures(directory) {
            let stem = file.file_stem().unwrap().to_str().unwrap().to_owned();
            for (index, parameters) in parameter_sets.iter().enumerate() {
                found += usize::from(mended(rule, parameters, &file, &format!("{rule}-{stem}-{index}")));
            }
        }
        assert!(found > 10, "{rule}: only {found} fixtures had anything to mend");
    }
}
