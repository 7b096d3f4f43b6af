use serde_json::{Value, json};

use crate::run::{CLEAN, DEPLOYMENT, PARAMETERS, assert_valid, judge, judge_demo};

const SCHEMA: &str = include_str!("schemas/ocsf-1.6.0-compliance-finding.json");

/// The findings, each valid by the published schema.
#[track_caller]
fn valid(findings: &Value) -> Vec<Value> {
    let findings = findings.as_array().unwrap().clone();
    for finding in &findings {
        assert_valid(SCHEMA, finding);
    }
    findings
}

#[test]
fn a_finding_is_a_failed_control_with_severity_resource_and_remediation() {
    let findings = valid(&judge("ocsf", &["privEscalation"], DEPLOYMENT).json());
    let [finding] = findings.as_slice() else { panic!("{findings:#?}") };
    assert_eq!((&finding["class_uid"], &finding["type_uid"]), (&json!(2003), &json!(200_301)));
    assert_eq!((&finding["severity_id"], &finding["severity"]), (&json!(5), &json!("Critical")));
    assert_eq!(
        (&finding["compliance"]["status_id"], &finding["compliance"]["control"]),
        (&json!(3), &json!("privEscalation"))
    );
    assert_eq!(finding["finding_info"]["title"], "Container app of Deployment/api in namespace web: Privileged, Unset");
    assert_eq!(finding["resources"][0]["uid"], "manifests/web/Deployment/api/app");
    assert_eq!(
        finding["cloud"],
        json!({"provider": "AWS", "region": "eu-west-1", "account": {"uid": "111122223333", "type": "AWS Account", "type_id": 10}})
    );
    assert!(finding["remediation"]["desc"].as_str().unwrap().starts_with("In the container, set"));
}

#[test]
fn every_severity_has_its_number() {
    let manifest = |context: &str| DEPLOYMENT.replace("privileged: true", context);
    for (context, severity) in [
        ("privileged: true", 5),
        ("capabilities: {add: [SYS_ADMIN]}", 4),
        ("allowPrivilegeEscalation: true", 3),
        ("runAsNonRoot: true", 2),
    ] {
        let findings = valid(&judge("ocsf", &["privEscalation"], &manifest(context)).json());
        assert_eq!(findings[0]["severity_id"], severity, "{context}");
    }
}

#[test]
fn what_complies_passes() {
    let findings = valid(&judge("ocsf", &["--parameters", PARAMETERS], CLEAN).json());
    assert_eq!(findings.len(), 3);
    assert!(findings.iter().all(|finding| finding["compliance"]["status_id"] == 1 && finding["severity_id"] == 1));
}

#[test]
fn what_was_not_judged_neither_passes_nor_fails() {
    let run = judge_demo("ocsf", "private");
    assert_eq!(run.status, 3, "{run:#?}");
    let findings = valid(&run.json());
    assert_eq!(findings.len(), 3);
    assert!(findings.iter().all(|finding| finding["compliance"]["status_id"] == 0), "{findings:#?}");
    assert_eq!(findings[0]["resources"][0]["uid"], "arn:aws:eks:eu-west-1:111122223333:cluster/private");
}

#[test]
fn all_findings_of_a_live_cluster_are_valid_and_no_two_have_one_identity() {
    let findings = valid(&judge_demo("ocsf", "violations").json());
    let identities: std::collections::BTreeSet<&str> =
        findings.iter().map(|finding| finding["finding_info"]["uid"].as_str().unwrap()).collect();
    assert!(findings.len() > 20);
    assert_eq!(identities.len(), findings.len());
}

#[test]
fn only_the_time_changes_from_run_to_run() {
    let runs = [(); 2].map(|()| {
        let mut findings = judge("ocsf", &["--parameters", PARAMETERS], DEPLOYMENT).json();
        for finding in findings.as_array_mut().unwrap() {
            assert!(finding["time"].as_i64().unwrap() > 1_700_000_000_000, "milliseconds");
            finding["time"] = json!(0);
            finding["finding_info"]["created_time"] = json!(0);
        }
        findings
    });
    assert_eq!(runs[0], runs[1]);
}
