//! Which namespaces are judged, and which pods.

use eks_rules::{ComplianceType, Kind, Reason};
use serde_json::{Value, json};

use crate::cluster::{found, manifests, namespace, only, pod, policy, report, report_exempting, report_of_manifests};

/// A namespace made so many seconds ago.
fn young(seconds: i64) -> (Kind, Value) {
    let now: jiff::Timestamp = crate::cluster::NOW.parse().unwrap();
    let (kind, mut value) = namespace("shop");
    value["metadata"]["creationTimestamp"] = json!((now - jiff::SignedDuration::from_secs(seconds)).to_string());
    (kind, value)
}

fn terminating() -> (Kind, Value) {
    let (kind, mut value) = namespace("shop");
    value["metadata"]["deletionTimestamp"] = json!("2026-11-24T11:00:00Z");
    value["status"]["phase"] = json!("Terminating");
    (kind, value)
}

fn in_phase(phase: &str) -> (Kind, Value) {
    let (kind, mut value) = pod(json!({"app": "web"}));
    value["status"]["phase"] = json!(phase);
    (kind, value)
}

#[track_caller]
fn is_skipped(parameters: Value, objects: &[(Kind, Value)]) {
    let report = report(&parameters, objects);
    assert_eq!(report.findings, []);
    assert_eq!(report.counts.namespaces, 0);
    assert!(report.notes.iter().any(|note| note.starts_with("1 namespace skipped: ")), "{:?}", report.notes);
}

#[track_caller]
fn is_judged(parameters: Value, objects: &[(Kind, Value)]) {
    let report = report(&parameters, objects);
    assert_eq!(only(&report).reasons, [Reason::NoPolicy]);
    assert_eq!(report.counts.namespaces, 1);
    assert!(!report.notes.iter().any(|note| note.contains("skipped")), "{:?}", report.notes);
}

#[test]
fn a_terminating_namespace_without_pods_is_skipped_and_counted() {
    is_skipped(json!({}), &[terminating()]);
    is_skipped(json!({"graceSeconds": "0"}), &[terminating()]);
    is_skipped(json!({}), &[terminating(), in_phase("Succeeded")]);
}

#[test]
fn a_terminating_namespace_with_a_pod_is_judged() {
    is_judged(json!({}), &[terminating(), in_phase("Running")]);
    is_judged(json!({}), &[terminating(), in_phase("Pending")]);
    is_judged(json!({}), &[terminating(), crate::cluster::host_network_pod()]);
    is_judged(json!({"includeFinishedPods": "true"}), &[terminating(), in_phase("Succeeded")]);
}

#[test]
fn a_namespace_younger_than_the_grace_without_running_pods_is_skipped_and_counted() {
    is_skipped(json!({"graceSeconds": "3600"}), &[young(3599)]);
    is_skipped(json!({"graceSeconds": "3600"}), &[young(10), in_phase("Pending"), in_phase("Failed")]);
    let parameters = json!({"graceSeconds": "3600", "includeFinishedPods": "true"});
    is_skipped(parameters, &[young(10), in_phase("Succeeded")]);
}

#[test]
fn a_namespace_that_is_old_enough_or_runs_a_pod_is_judged() {
    is_judged(json!({"graceSeconds": "3600"}), &[young(3600)]);
    is_judged(json!({"graceSeconds": "3600"}), &[young(10), in_phase("Running")]);
    is_judged(json!({"graceSeconds": "3600"}), &[young(10), in_phase("Unknown")]);
    is_judged(json!({"graceSeconds": "0"}), &[young(0)]);
    is_judged(json!({"graceSeconds": "0"}), &[young(-5)]);
}

#[test]
fn the_grace_is_left_to_the_caller_where_the_parameter_is_absent() {
    is_skipped(json!({}), &[young(59)]);
    is_judged(json!({}), &[young(60)]);
    is_judged(json!({"graceSeconds": "30"}), &[young(59)]);
    let report = report_of_manifests(&json!({}), &[young(0)]);
    assert_eq!(report.findings.len(), 1);
    assert_eq!(manifests().default_grace_seconds, 0);
}

#[test]
fn a_clock_that_is_behind_makes_a_namespace_young() {
    is_skipped(json!({}), &[young(-5)]);
}

#[test]
fn a_namespace_that_is_only_named_is_judged() {
    let parameters = json!({"requires": "covered"});
    let uncovered = vec![Reason::NoPolicy, Reason::UncoveredPods];
    assert_eq!(found(&parameters, &[pod(json!({"app": "web"}))]), [("shop".to_owned(), uncovered)]);
    assert_eq!(found(&parameters, &[policy(json!({}))]), []);
    let named_by_a_finished_pod = [in_phase("Succeeded")];
    assert_eq!(found(&parameters, &named_by_a_finished_pod), [("shop".to_owned(), vec![Reason::NoPolicy])]);
}

#[test]
fn an_excluded_namespace_is_not_judged_and_is_counted() {
    let objects = [namespace("shop"), namespace("kube-system"), namespace("kube-public"), policy(json!({}))];
    let report = report(&json!({"excludedNamespaces": "kube-*"}), &objects);
    assert_eq!(report.compliance_type, ComplianceType::Compliant);
    assert_eq!((report.counts.namespaces, report.counts.excluded_namespaces), (1, 2));
    assert_eq!(report.notes[1], "2 namespaces excluded");
}

#[test]
fn a_finished_pod_is_not_judged_unless_asked_for() {
    let objects =
        [namespace("shop"), policy(json!({"podSelector": {"matchLabels": {"a": "b"}}})), in_phase("Succeeded")];
    let covered = json!({"requires": "covered"});
    assert_eq!(found(&covered, &objects), []);
    assert_eq!(report(&covered, &objects).counts.finished_pods, 1);
    let all = json!({"requires": "covered", "includeFinishedPods": "true"});
    assert_eq!(found(&all, &objects), [("shop".to_owned(), vec![Reason::UncoveredPods])]);
}

#[test]
fn a_pod_that_is_being_deleted_still_runs_and_is_judged() {
    let mut going = in_phase("Running");
    going.1["metadata"]["deletionTimestamp"] = json!("2026-11-24T11:59:59Z");
    let objects = [namespace("shop"), policy(json!({"podSelector": {"matchLabels": {"a": "b"}}})), going];
    assert_eq!(found(&json!({"requires": "covered"}), &objects), [("shop".to_owned(), vec![Reason::UncoveredPods])]);
}

#[test]
fn pods_without_a_controller_and_static_pods_are_their_own_workloads() {
    let mut bare = pod(json!({"app": "debug"}));
    bare.1["metadata"]["ownerReferences"] = json!([]);
    bare.1["metadata"]["name"] = json!("debug");
    let mut mirror = pod(json!({"app": "debug"}));
    mirror.1["metadata"]["name"] = json!("proxy-node-1");
    mirror.1["metadata"]["annotations"] = json!({"kubernetes.io/config.mirror": "x"});
    mirror.1["metadata"]["ownerReferences"] = json!([{"kind": "Node", "name": "node-1", "controller": true}]);
    let mut other = mirror.clone();
    other.1["metadata"]["name"] = json!("proxy-node-2");
    let report = report(&json!({"requires": "covered"}), &[namespace("shop"), bare.clone(), mirror, other, bare]);
    let workloads = only(&report).workloads.clone().unwrap();
    let names: Vec<_> = workloads.iter().map(|one| (one.kind.as_str(), one.name.as_str(), one.pods)).collect();
    assert_eq!(names, [("Pod", "debug", 2), ("Pod", "proxy-node-1", 1), ("Pod", "proxy-node-2", 1)]);
}

#[test]
fn an_exempted_namespace_is_no_finding_and_the_exemption_is_counted() {
    let exemptions = r#"[{"namespace": "shop", "reason": "an experiment"}]"#;
    let report = report_exempting(&json!({}), &[namespace("shop")], exemptions);
    assert_eq!(report.compliance_type, ComplianceType::Compliant);
    assert_eq!(report.counts.exempted, 1);
    assert!(report.annotation.starts_with("1 namespace with 0 pods: each has a network policy, or an exemption."));
    assert!(report.annotation.contains(" 1 exempted."), "{}", report.annotation);
}

#[test]
fn an_exemption_of_a_namespace_that_is_ok_or_that_names_more_than_a_namespace_is_redundant() {
    let objects = [namespace("shop"), policy(json!({}))];
    let unused = report_exempting(&json!({}), &objects, r#"[{"namespace": "shop", "reason": "an experiment"}]"#);
    assert!(unused.notes.iter().any(|note| note == "exemption of shop is redundant: it matched nothing"));
    let narrower = r#"[{"namespace": "shop", "owner": {"kind": "Deployment", "name": "web"}, "reason": "x"}]"#;
    let report = report_exempting(&json!({"requires": "covered"}), &[namespace("shop"), pod(json!({}))], narrower);
    assert_eq!(only(&report).reasons, [Reason::NoPolicy, Reason::UncoveredPods]);
    assert!(report.notes.iter().any(|note| note.contains("redundant")), "{:?}", report.notes);
}

#[test]
fn an_expired_exemption_does_not_exempt() {
    let expired = r#"[{"namespace": "shop", "reason": "x", "expires": "2026-11-23"}]"#;
    assert_eq!(report_exempting(&json!({}), &[namespace("shop")], expired).findings.len(), 1);
    let last_day = r#"[{"namespace": "shop", "reason": "x", "expires": "2026-11-24"}]"#;
    assert_eq!(report_exempting(&json!({}), &[namespace("shop")], last_day).findings.len(), 0);
}
