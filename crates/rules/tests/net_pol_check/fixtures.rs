//! Objects as `kubectl get -o json` gives them. Each fixture breaks one thing, or shows one that is allowed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use eks_rules::Reason::{EgressNotDenied, IngressNotDenied, NoPolicy, NotEnforced, UncoveredPods};
use eks_rules::{ComplianceType, Kind, Reason};
use serde_json::{Value, json};

use crate::cluster::{report, report_of_manifests};

/// The fixtures that do not comply, each with its only finding: namespace and reasons.
const NON_COMPLIANT: [(&str, Option<&str>, &[Reason]); 13] = [
    ("admin_network_policy_only", Some("payments"), &[NoPolicy]),
    ("allow_all_beside_a_default_deny", Some("payments"), &[IngressNotDenied]),
    ("calico_pass_rule", Some("payments"), &[IngressNotDenied]),
    ("cilium_clusterwide_of_another_namespace", Some("payments"), &[NoPolicy]),
    ("cilium_empty_rule_list", Some("payments"), &[NoPolicy]),
    ("default_deny_for_some_pods", Some("payments"), &[IngressNotDenied, EgressNotDenied]),
    ("every_address_allowed_beside_a_default_deny", Some("payments"), &[EgressNotDenied]),
    ("namespace_without_a_policy", Some("blog"), &[NoPolicy]),
    ("only_ingress_denied", Some("payments"), &[EgressNotDenied]),
    ("pods_outside_of_every_policy", Some("payments"), &[UncoveredPods]),
    ("policy_of_another_namespace_only", Some("blog"), &[NoPolicy]),
    ("policy_that_selects_no_pod", Some("payments"), &[UncoveredPods]),
    ("vpc_cni_agent_switched_off", None, &[NotEnforced]),
];

fn directory(half: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "fixtures", "net_pol_check", half].iter().collect()
}

/// The objects of a fixture, and whether it is one about enforcement, which only a live cluster shows.
fn fixture(half: &str, stem: &str) -> (Vec<(Kind, Value)>, bool) {
    let text = std::fs::read_to_string(directory(half).join(stem).with_extension("json")).unwrap();
    let list: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(list["kind"], "List");
    let kind = |item: &Value| {
        let (version, kind) = (item["apiVersion"].as_str().unwrap(), item["kind"].as_str().unwrap());
        Kind::of(version, kind).unwrap_or_else(|| panic!("{version} {kind}"))
    };
    let objects: Vec<_> = list["items"].as_array().unwrap().iter().map(|item| (kind(item), item.clone())).collect();
    let evidence = [Kind::DaemonSet, Kind::VpcCniConfigMap, Kind::NodeClass];
    let about_enforcement = objects.iter().any(|(kind, _)| evidence.contains(kind));
    (objects, about_enforcement)
}

/// What is required of each fixture of a half.
fn requires(half: &str) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(directory("requires.json")).unwrap();
    let mut halves: BTreeMap<String, BTreeMap<String, String>> = serde_json::from_str(&text).unwrap();
    halves.remove(half).unwrap()
}

#[test]
fn every_compliant_fixture_complies() {
    for (stem, requires) in &requires("compliant") {
        let (objects, about_enforcement) = fixture("compliant", stem);
        let enforcement = if about_enforcement { "require" } else { "report" };
        let parameters = json!({"requires": requires, "enforcement": enforcement});
        let report = report(&parameters, &objects);
        assert_eq!(report.compliance_type, ComplianceType::Compliant, "{stem}: {}", report.annotation);
        let manifests = report_of_manifests(&json!({"requires": requires}), &objects);
        assert_eq!(manifests.findings, [], "{stem} as manifests");
    }
}

#[test]
fn every_non_compliant_fixture_has_its_one_finding() {
    let requires = requires("non_compliant");
    for (stem, namespace, reasons) in NON_COMPLIANT {
        let (objects, about_enforcement) = fixture("non_compliant", stem);
        let enforcement = if about_enforcement { "require" } else { "report" };
        let report = report(&json!({"requires": requires[stem], "enforcement": enforcement}), &objects);
        let found: Vec<_> =
            report.findings.iter().map(|finding| (finding.namespace.as_deref(), &finding.reasons[..])).collect();
        assert_eq!(found, [(namespace, reasons)], "{stem}");
        if !about_enforcement {
            let manifests = report_of_manifests(&json!({"requires": requires[stem]}), &objects);
            assert_eq!(manifests.findings, report.findings, "{stem} as manifests");
        }
    }
}

#[test]
fn every_fixture_stands_in_one_of_the_lists_and_every_entry_has_its_fixture() {
    let files = |half: &str| -> BTreeSet<String> {
        std::fs::read_dir(directory(half))
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
            .collect()
    };
    for half in ["compliant", "non_compliant"] {
        assert_eq!(files(half), requires(half).into_keys().collect(), "{half}");
    }
    assert_eq!(files("non_compliant"), NON_COMPLIANT.iter().map(|entry| entry.0.to_owned()).collect());
}
