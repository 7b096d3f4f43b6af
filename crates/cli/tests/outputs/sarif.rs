use serde_json::{Value, json};

use crate::run::{CLEAN, DEPLOYMENT, PARAMETERS, assert_valid, judge, judge_demo};

const SCHEMA: &str = include_str!("schemas/sarif-2.1.0.json");

fn valid(log: &Value) {
    assert_valid(SCHEMA, log);
}

#[test]
fn a_result_says_what_where_and_which_it_is() {
    let run = judge("sarif", &["privEscalation"], DEPLOYMENT);
    let log = run.json();
    valid(&log);
    let result = &log["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "privEscalation/Privileged");
    assert_eq!(result["level"], "error");
    assert_eq!(
        result["message"]["text"],
        "Container app of Deployment/api in namespace web: privileged is true; allowPrivilegeEscalation is not set, which \
         allows it. In the container, set securityContext.allowPrivilegeEscalation: false, and set \
         securityContext.privileged: false."
    );
    assert_eq!(
        result["locations"][0]["physicalLocation"],
        json!({"artifactLocation": {"uri": "stdin"}, "region": {"startLine": 10, "startColumn": 9}})
    );
    let names: Vec<&Value> = result["locations"][0]["logicalLocations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|location| &location["fullyQualifiedName"])
        .collect();
    assert_eq!(names, ["web", "web/Deployment/api", "web/Deployment/api/app"]);
    assert_eq!(result["properties"]["reasons"], json!(["Privileged", "Unset"]));
}

#[test]
fn the_rule_of_each_result_is_the_one_at_its_index_and_has_help() {
    let log = judge("sarif", &["--parameters", PARAMETERS], DEPLOYMENT).json();
    valid(&log);
    let driver = &log["runs"][0]["tool"]["driver"];
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 3);
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        let rule = &driver["rules"][index];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(!rule["help"]["text"].as_str().unwrap().is_empty());
        assert!(rule["helpUri"].as_str().unwrap().starts_with("https://"));
    }
}

#[test]
fn a_fingerprint_outlives_moved_lines_and_changed_reasons_and_differs_by_container() {
    let fingerprints = |manifest: &str| -> Vec<String> {
        let log = judge("sarif", &["privEscalation"], manifest).json();
        let results = log["runs"][0]["results"].as_array().unwrap();
        results.iter().map(|result| result["partialFingerprints"]["subject/v1"].as_str().unwrap().to_owned()).collect()
    };
    let first = fingerprints(DEPLOYMENT);
    let moved = fingerprints(&format!("\n# moved\n{}", DEPLOYMENT.replace("privileged: true", "{}")));
    let two = fingerprints(&format!("{DEPLOYMENT}      - name: side\n"));
    assert_eq!(first, moved);
    assert_eq!(two.len(), 2);
    assert_ne!(two[0], two[1]);
    assert!(two.contains(&first[0]));
}

#[test]
fn what_complies_has_no_result_and_a_verdict() {
    let run = judge("sarif", &["--parameters", PARAMETERS], CLEAN);
    assert_eq!(run.status, 0, "{run:#?}");
    let log = run.json();
    valid(&log);
    assert_eq!(log["runs"][0]["results"], json!([]));
    assert_eq!(log["runs"][0]["invocations"][0]["executionSuccessful"], true);
    assert_eq!(log["runs"][0]["properties"]["verdicts"][0]["complianceType"], "COMPLIANT");
}

#[test]
fn what_was_not_judged_is_a_notification_and_the_execution_no_success() {
    let run = judge_demo("sarif", "private");
    assert_eq!(run.status, 3, "{run:#?}");
    let log = run.json();
    valid(&log);
    let invocation = &log["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let first = &invocation["toolExecutionNotifications"][0];
    assert_eq!((&first["level"], &first["descriptor"]["id"]), (&json!("error"), &json!("notJudged")));
    assert!(
        first["message"]["text"].as_str().unwrap().starts_with("netPolCheck on private was not judged: connect: "),
        "{first}"
    );
}

#[test]
fn a_live_cluster_has_logical_locations_alone_and_its_notes_are_notifications() {
    let run = judge_demo("sarif", "violations");
    assert_eq!(run.status, 1, "{run:#?}");
    let log = run.json();
    valid(&log);
    assert_eq!(log["runs"][0]["automationDetails"]["id"], "eks-config-rules/violations/");
    for result in log["runs"][0]["results"].as_array().unwrap() {
        assert!(result["locations"][0].get("physicalLocation").is_none());
        assert_eq!(result["locations"][0]["logicalLocations"][0]["name"], "violations");
    }
    let notes = log["runs"][0]["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    assert!(
        notes.iter().any(|note| note["message"]["text"] == "privEscalation on violations: 1 finished pod not judged"),
        "{notes:#?}"
    );
}

#[test]
fn nothing_in_the_log_changes_from_run_to_run() {
    let runs = [(); 2].map(|()| judge("sarif", &["--parameters", PARAMETERS], DEPLOYMENT).stdout);
    assert_eq!(runs[0], runs[1]);
}

#[test]
fn an_image_makes_no_link_and_no_placeholder_in_a_message() {
    let manifest = DEPLOYMENT.replace("docker.io/library/nginx:1", "'{0}[click](https://example.com)'");
    let log = judge("sarif", &["trustedRegCheck", "--parameters", PARAMETERS], &manifest).json();
    valid(&log);
    let text = log["runs"][0]["results"][0]["message"]["text"].as_str().unwrap();
    assert!(text.contains(r"{{0}}\[click\](https://example.com)"), "{text}");
}
