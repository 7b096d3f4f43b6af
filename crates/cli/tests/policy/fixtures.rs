use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::admission::{Matches, Policy};
use crate::rule::{ACCOUNT, REGION, Rule};

const TRUSTED: &str = "ecr:self, eks-addons, public.ecr.aws/eks-distro, docker.io/library, ghcr.io/example-org, \
                       europe-west3-docker.pkg.dev/example";

/// Every pod and workload of every fixture of every rule, and of the command line's.
fn objects() -> Vec<(PathBuf, Value)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let rules = root.join("../rules/tests/fixtures");
    let mut directories = vec![root.join("tests/fixtures")];
    for rule in ["net_pol_check", "priv_escalation", "trusted_reg_check"] {
        directories.extend(["compliant", "non_compliant"].map(|half| rules.join(rule).join(half)));
    }
    let files = directories.iter().flat_map(|directory| std::fs::read_dir(directory).unwrap());
    let mut objects = Vec::new();
    for file in files
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json" || ending == "yaml"))
    {
        let list: Value = serde_saphyr::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        for item in list["items"].as_array().unwrap() {
            if item["kind"] == "Pod" || item["spec"]["template"].is_object() || item["spec"]["jobTemplate"].is_object()
            {
                let mut item = item.clone();
                as_stored(&mut item);
                objects.push((file.clone(), item));
            }
        }
    }
    objects
}

/// Null is the same as absent to the API server, which keeps no null of its own.
fn as_stored(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, field| !field.is_null());
            fields.values_mut().for_each(as_stored);
        }
        Value::Array(items) => items.iter_mut().for_each(as_stored),
        _ => {}
    }
}

#[test]
fn the_policy_refuses_of_every_fixture_what_the_rule_reports() {
    let objects = objects();
    assert!(objects.len() > 80, "{}", objects.len());
    let sets = [
        ("privEscalation", json!({})),
        ("privEscalation", json!({"reading": "restricted", "includeFinishedPods": "true"})),
        ("privEscalation", json!({"reading": "explicit"})),
        ("privEscalation", json!({"secretsInEnv": "require"})),
        ("trustedRegCheck", json!({"trustedRegistries": TRUSTED, "excludedNamespaces": "kube-*"})),
        ("trustedRegCheck", json!({"trustedRegistries": TRUSTED, "requireDigest": "true"})),
    ];
    for (rule, parameters) in sets {
        // The crate's own `matches` is slow, which is no matter for so few.
        let policy = Policy::of(rule, &parameters, &["--account", ACCOUNT, "--region", REGION], Matches::Own);
        let judgement = Rule::new(rule, &parameters);
        let mut refused = 0;
        for (file, object) in &objects {
            let expected = judgement.reasons(object);
            assert_eq!(policy.reasons(object), expected, "{rule} {parameters} {}", file.display());
            refused += usize::from(!expected.is_empty());
        }
        assert!(refused > 5 && refused < objects.len(), "{rule} {parameters}: {refused} of {}", objects.len());
    }
}
