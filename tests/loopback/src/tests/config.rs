//! AWS Config: every limit of PutEvaluations, what is stored and erased, and paging.

use serde_json::{Value, json};

use super::client::{Response, aws, own_keys};
use super::worlds::{five_pods, start};
use crate::{Fault, FaultAction, OWN_ACCOUNT, StoredEvaluation, World, WorldSpec};

const RULE: &str = "eks-netPolCheck-rule";

async fn config(world: &World, operation: &str, body: &Value) -> Response {
    let target = format!("StarlingDoveService.{operation}");
    let headers = [("x-amz-target", target.as_str()), ("content-type", "application/x-amz-json-1.1")];
    aws(world, &own_keys(world), "config", "POST", "/", &headers, &body.to_string()).await.unwrap()
}

fn evaluation() -> Value {
    json!({
        "ComplianceResourceType": "AWS::EKS::Cluster", "ComplianceResourceId": "demo", "ComplianceType": "COMPLIANT",
        "Annotation": "all is well", "OrderingTimestamp": 1_767_323_045.5,
    })
}

/// The evaluation with one member changed; null removes it.
fn with(member: &str, value: Value) -> Value {
    let mut evaluation = evaluation();
    evaluation[member] = value;
    if evaluation[member].is_null() {
        evaluation.as_object_mut().unwrap().remove(member);
    }
    evaluation
}

async fn put(world: &World, evaluations: &[Value]) -> Response {
    let token = world.issue_result_token(RULE, OWN_ACCOUNT);
    config(world, "PutEvaluations", &json!({"ResultToken": token, "Evaluations": evaluations})).await
}

fn seed(world: &World, id: &str, compliance_type: &str) {
    seed_for(world, RULE, OWN_ACCOUNT, id, compliance_type);
}

fn seed_for(world: &World, rule: &str, account: &str, id: &str, compliance_type: &str) {
    world.seed_evaluation(StoredEvaluation {
        rule: rule.to_owned(),
        account: account.to_owned(),
        resource_type: "AWS::EKS::Cluster".to_owned(),
        resource_id: id.to_owned(),
        compliance_type: compliance_type.to_owned(),
        annotation: None,
        ordering_timestamp: 1_735_786_800.0,
    });
}

#[tokio::test]
async fn an_evaluation_is_stored_and_not_applicable_erases_it() {
    let world = start(five_pods()).await;
    let answer = put(&world, &[evaluation()]).await;
    assert_eq!((answer.status, answer.json()), (200, json!({"FailedEvaluations": []})));
    let held = world.evaluations();
    assert_eq!(held.len(), 1);
    assert_eq!(
        (held[0].rule.as_str(), held[0].resource_id.as_str(), held[0].compliance_type.as_str()),
        (RULE, "demo", "COMPLIANT")
    );
    assert_eq!((held[0].annotation.as_deref(), held[0].ordering_timestamp), (Some("all is well"), 1_767_323_045.5));
    put(&world, &[with("ComplianceType", json!("NOT_APPLICABLE"))]).await;
    assert!(world.evaluations().is_empty());
    assert_eq!(world.put_calls().len(), 2);
}

#[tokio::test]
async fn every_limit_of_an_evaluation_is_enforced() {
    let world = start(five_pods()).await;
    // One character in UTF-16 pairs: 129 of them are 258 units.
    let wide = "\u{1F512}".repeat(129);
    for (changed, name) in [
        (with("ComplianceResourceType", json!("x".repeat(257))), "ValidationException"),
        (with("ComplianceResourceType", json!("")), "ValidationException"),
        (with("ComplianceResourceType", Value::Null), "ValidationException"),
        (with("ComplianceResourceId", json!("x".repeat(769))), "ValidationException"),
        (with("ComplianceResourceId", json!("")), "ValidationException"),
        (with("ComplianceResourceId", Value::Null), "ValidationException"),
        (with("Annotation", json!("")), "ValidationException"),
        (with("Annotation", json!("x".repeat(257))), "ValidationException"),
        (with("Annotation", json!(wide)), "ValidationException"),
        (with("ComplianceType", json!("INSUFFICIENT_DATA")), "InvalidParameterValueException"),
        (with("ComplianceType", json!("compliant")), "ValidationException"),
        (with("ComplianceType", Value::Null), "ValidationException"),
        (with("OrderingTimestamp", Value::Null), "ValidationException"),
        (with("OrderingTimestamp", json!("2026-01-02T03:04:05Z")), "SerializationException"),
    ] {
        let answer = put(&world, &[evaluation(), changed.clone()]).await;
        assert_eq!((answer.status, &answer.json()["__type"]), (400, &json!(name)), "{changed}");
    }
    assert!(world.put_calls().is_empty() && world.evaluations().is_empty(), "one bad evaluation fails the whole call");
}

#[tokio::test]
async fn the_longest_values_are_accepted_and_the_annotation_may_be_absent() {
    let world = start(five_pods()).await;
    let evaluations = [
        with("ComplianceResourceType", json!("x".repeat(256))),
        with("ComplianceResourceId", json!("x".repeat(768))),
        with("Annotation", json!("ä".repeat(256))),
        with("Annotation", json!("\u{1F512}".repeat(128))),
        with("Annotation", Value::Null),
    ];
    assert_eq!(put(&world, &evaluations).await.status, 200);
}

#[tokio::test]
async fn a_call_holds_none_to_a_hundred_evaluations() {
    let world = start(five_pods()).await;
    assert_eq!(put(&world, &[]).await.status, 200);
    assert_eq!(put(&world, &vec![evaluation(); 100]).await.status, 200);
    assert_eq!(put(&world, &vec![evaluation(); 101]).await.json()["__type"], "ValidationException");
}

#[tokio::test]
async fn the_result_token_must_be_one_that_was_issued_for_the_account() {
    let world = start(five_pods()).await;
    let foreign = world.issue_result_token(RULE, "444455556666");
    for (token, name) in [
        (json!("nonsense"), "InvalidResultTokenException"),
        (json!(foreign), "InvalidResultTokenException"),
        (Value::Null, "ValidationException"),
    ] {
        let body = json!({"ResultToken": token, "Evaluations": [evaluation()]});
        let answer = config(&world, "PutEvaluations", &body).await;
        assert_eq!((answer.status, &answer.json()["__type"]), (400, &json!(name)), "{token}");
    }
}

#[tokio::test]
async fn test_mode_takes_any_token_and_stores_nothing() {
    let world = start(five_pods()).await;
    let body = json!({"ResultToken": "TESTMODE", "TestMode": true, "Evaluations": [evaluation()]});
    assert_eq!(config(&world, "PutEvaluations", &body).await.status, 200);
    assert!(world.evaluations().is_empty());
    let call = world.put_calls().pop().unwrap();
    assert!(call.test_mode && call.evaluations.len() == 1);
}

#[tokio::test]
async fn failed_evaluations_come_back_and_are_not_stored() {
    let world = start(five_pods()).await;
    world.script(Fault::aws("config", "PutEvaluations", FaultAction::FailEvaluations(1)));
    let second = with("ComplianceResourceId", json!("second"));
    let answer = put(&world, &[evaluation(), second]).await.json();
    assert_eq!(answer["FailedEvaluations"], json!([evaluation()]));
    assert_eq!(world.evaluations().iter().map(|held| held.resource_id.as_str()).collect::<Vec<_>>(), ["second"]);
    put(&world, &[evaluation()]).await;
    assert_eq!(world.evaluations().len(), 2);
}

#[tokio::test]
async fn compliance_details_are_paged_and_belong_to_the_rule_and_account() {
    let spec = WorldSpec { compliance_details_page: 2, ..WorldSpec::with_clusters(vec![five_pods()]) };
    let world = World::start(spec).await.unwrap();
    for id in ["a", "b", "c"] {
        seed(&world, id, if id == "b" { "NON_COMPLIANT" } else { "COMPLIANT" });
    }
    seed_for(&world, "eks-privEscalation-rule", OWN_ACCOUNT, "other rule", "COMPLIANT");
    seed_for(&world, RULE, "444455556666", "other account", "COMPLIANT");
    let ids = |page: &Value| -> Vec<String> {
        let results = page["EvaluationResults"].as_array().unwrap();
        let id =
            |result: &Value| result["EvaluationResultIdentifier"]["EvaluationResultQualifier"]["ResourceId"].clone();
        results.iter().map(|result| id(result).as_str().unwrap().to_owned()).collect()
    };
    let operation = "GetComplianceDetailsByConfigRule";
    let first = config(&world, operation, &json!({"ConfigRuleName": RULE, "Limit": 100})).await.json();
    assert_eq!(ids(&first), ["a", "b"]);
    let next = json!({"ConfigRuleName": RULE, "NextToken": first["NextToken"]});
    let second = config(&world, operation, &next).await.json();
    assert_eq!((ids(&second), second.get("NextToken")), (vec!["c".to_owned()], None));
    let bad =
        config(&world, operation, &json!({"ConfigRuleName": RULE, "ComplianceTypes": ["NON_COMPLIANT"]})).await.json();
    assert_eq!(ids(&bad), ["b"]);
    let unknown = config(&world, operation, &json!({"ConfigRuleName": "other"})).await;
    assert_eq!((unknown.status, &unknown.json()["__type"]), (400, &json!("NoSuchConfigRuleException")));
}

#[tokio::test]
async fn the_history_of_a_cluster_has_its_configuration_in_a_string() {
    let world = start(five_pods()).await;
    let wanted = |id: &str| json!({"resourceType": "AWS::EKS::Cluster", "resourceId": id, "laterTime": 1_767_323_045.0, "limit": 1});
    let history = config(&world, "GetResourceConfigHistory", &wanted("demo")).await.json();
    let item = &history["configurationItems"][0];
    assert_eq!(
        (&item["accountId"], &item["arn"]),
        (&json!(OWN_ACCOUNT), &json!("arn:aws:eks:eu-west-1:111122223333:cluster/demo"))
    );
    let configuration: Value = serde_json::from_str(item["configuration"].as_str().unwrap()).unwrap();
    assert_eq!(configuration["Name"], "demo");
    let unknown = config(&world, "GetResourceConfigHistory", &wanted("other")).await.json();
    assert_eq!(unknown["__type"], "ResourceNotDiscoveredException");
}

#[tokio::test]
async fn a_call_that_fails_stores_nothing_and_one_whose_answer_is_lost_has_stored() {
    let world = start(five_pods()).await;
    let failure = FaultAction::Status { code: 500, headers: Vec::new(), body: String::new() };
    world.script(Fault::aws("config", "PutEvaluations", failure));
    assert_eq!(put(&world, &[evaluation()]).await.status, 500);
    assert!(world.evaluations().is_empty() && world.put_calls().is_empty());
    world.script(Fault::aws("config", "PutEvaluations", FaultAction::InvalidJson));
    put(&world, &[evaluation()]).await;
    assert_eq!(world.evaluations().len(), 1);
}
