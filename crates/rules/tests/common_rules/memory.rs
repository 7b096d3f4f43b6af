//! A verdict on many pods takes no more than one on their workloads.

use eks_rules::object::Pod;
use eks_rules::{Object, Report, RuleName};
use serde_json::{Value, json};

use crate::judging::{cluster_at, configuration, deployed, only, pod_of};

/// What a rule says of many pods that differ in their names alone, of which one exists at a time.
fn report_of_many(rule: RuleName, parameters: &Value, pods: u32) -> Report {
    let mut judge = configuration(rule, parameters).unwrap().judge(&cluster_at("2026-11-24T12:00:00Z")).unwrap();
    let mut pod: Pod = eks_rules::decode("Pod", &deployed(pod_of(Value::Null), "web", "")).unwrap();
    for number in (0..pods).rev() {
        pod.metadata.name = format!("web-5d8f7c9b4-{number:06}");
        judge.observe(Object::Pod(&pod));
    }
    judge.report()
}

#[test]
fn many_pods_of_one_workload_are_one_finding() {
    for (rule, parameters) in
        [(RuleName::PrivEscalation, json!({})), (RuleName::TrustedRegCheck, json!({"trustedRegistries": "quay.io"}))]
    {
        let report = report_of_many(rule, &parameters, 50_000);
        let finding = only(&report);
        assert_eq!((finding.pods, finding.pod.as_deref()), (Some(50_000), Some("web-5d8f7c9b4-000000")), "{rule}");
        assert_eq!((report.counts.pods, report.counts.findings), (50_000, 1), "{rule}");
    }
}

#[test]
fn many_uncovered_pods_of_one_workload_are_one_entry_of_their_namespace() {
    let report = report_of_many(RuleName::NetPolCheck, &json!({"requires": "covered"}), 50_000);
    let workloads = only(&report).workloads.as_deref().unwrap();
    assert_eq!(workloads.len(), 1);
    assert_eq!(
        (workloads[0].kind.as_str(), workloads[0].name.as_str(), workloads[0].pods),
        ("Deployment", "web", 50_000)
    );
}
