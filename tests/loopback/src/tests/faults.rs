//! Faults, on the wire.

use std::time::Duration;

use serde_json::json;

use super::client::{Failure, Response, aws, get, own_keys};
use super::worlds::{five_pods, names, start};
use crate::{Fault, FaultAction, World};

const PODS: &str = "/api/v1/pods?limit=2";

async fn clusters(world: &World) -> Result<Response, Failure> {
    aws(world, &own_keys(world), "eks", "GET", "/clusters", &[], "").await
}

fn pods(action: FaultAction) -> Fault {
    Fault::kubernetes("demo", "pods", action)
}

#[tokio::test]
async fn a_fault_waits_for_its_turn_and_ends() {
    let world = start(five_pods()).await;
    world.script(pods(FaultAction::overloaded(1)).after(1).times(2));
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(get(&world, "demo", PODS).await.unwrap().status);
    }
    assert_eq!(seen, [200, 429, 429, 200]);
    assert_eq!(world.kubernetes_requests().iter().map(|request| request.status).collect::<Vec<_>>(), seen);
}

#[tokio::test]
async fn a_fault_concerns_its_target_only_and_a_star_all() {
    let world = start(five_pods()).await;
    let broken = || FaultAction::Redirect { location: "https://example.com/".to_owned() };
    world.script(pods(broken()));
    assert_eq!(get(&world, "demo", "/api/v1/namespaces").await.unwrap().status, 200);
    let redirected = get(&world, "demo", PODS).await.unwrap();
    assert_eq!((redirected.status, redirected.header("location")), (302, "https://example.com/"));
    world.script(Fault::kubernetes("*", "*", broken()));
    assert_eq!(get(&world, "demo", "/api/v1/namespaces").await.unwrap().status, 302);
    world.script(Fault::aws("eks", "DescribeCluster", broken()));
    assert_eq!(clusters(&world).await.unwrap().status, 200);
}

#[tokio::test]
async fn an_aws_error_has_the_wire_form_of_its_service() {
    let world = start(five_pods()).await;
    world.script(Fault::aws("eks", "ListClusters", FaultAction::throttled()));
    assert_eq!(clusters(&world).await.unwrap().header("x-amzn-errortype"), "ThrottlingException");
    world.script(Fault::aws("*", "*", FaultAction::throttled()).times(2));
    let sts = aws(&world, &own_keys(&world), "sts", "POST", "/", &[], "Action=GetCallerIdentity").await.unwrap();
    assert!(
        sts.text.contains("<Code>ThrottlingException</Code>") && sts.text.starts_with("<ErrorResponse"),
        "{}",
        sts.text
    );
    let headers = [("x-amz-target", "StarlingDoveService.PutEvaluations")];
    let config = aws(&world, &own_keys(&world), "config", "POST", "/", &headers, "{}").await.unwrap();
    assert_eq!(config.json(), json!({"__type": "ThrottlingException", "message": "Rate exceeded"}));
}

#[tokio::test]
async fn connections_are_reset_and_bodies_cut() {
    let world = start(five_pods()).await;
    for action in [FaultAction::ResetConnection, FaultAction::TruncateBody] {
        world.script(pods(action.clone()));
        world.script(Fault::aws("eks", "ListClusters", action.clone()));
        let failure = get(&world, "demo", PODS).await.unwrap_err();
        assert!(failure.is::<hyper::Error>(), "{action:?}: {failure:?}");
        let failure = clusters(&world).await.unwrap_err();
        assert!(failure.is::<hyper::Error>(), "{action:?}: {failure:?}");
    }
    assert_eq!(get(&world, "demo", PODS).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_reset_is_a_reset_and_no_orderly_end() {
    let world = start(five_pods()).await;
    world.script(Fault::aws("eks", "ListClusters", FaultAction::ResetConnection));
    let words = format!("{:?}", clusters(&world).await.unwrap_err());
    assert!(words.contains("ConnectionReset"), "{words}");
}

#[tokio::test]
async fn a_long_unpaged_list_can_be_cut_too() {
    let mut spec = five_pods();
    spec.generated_pods = 200;
    let world = start(spec).await;
    world.script(pods(FaultAction::TruncateBody));
    assert!(get(&world, "demo", "/api/v1/pods").await.is_err());
}

#[tokio::test]
async fn a_stalled_request_is_not_answered() {
    let world = start(five_pods()).await;
    for action in [FaultAction::Stall, FaultAction::StallBody] {
        world.script(pods(action));
        // An answer takes a few milliseconds.
        let answered = tokio::time::timeout(Duration::from_millis(300), get(&world, "demo", PODS)).await;
        assert!(answered.is_err());
    }
}

#[tokio::test]
async fn a_delayed_request_is_answered_after_the_delay() {
    let world = start(five_pods()).await;
    let delay = Duration::from_millis(100);
    world.script(pods(FaultAction::Delay(delay)));
    let asked = std::time::Instant::now();
    assert_eq!(get(&world, "demo", PODS).await.unwrap().status, 200);
    assert!(asked.elapsed() >= delay);
}

#[tokio::test]
async fn what_is_no_json_comes_with_status_200() {
    let world = start(five_pods()).await;
    world.script(pods(FaultAction::InvalidJson));
    let answer = get(&world, "demo", PODS).await.unwrap();
    assert_eq!(answer.status, 200);
    assert!(serde_json::from_str::<serde_json::Value>(&answer.text).is_err());
}

#[tokio::test]
async fn an_expired_continue_offers_a_token_for_an_inconsistent_rest() {
    let world = start(five_pods()).await;
    let token = get(&world, "demo", PODS).await.unwrap().json()["metadata"]["continue"].clone();
    world.script(pods(FaultAction::Expired410));
    let path = format!("{PODS}&continue={}", token.as_str().unwrap());
    let answer = get(&world, "demo", &path).await.unwrap();
    let status = answer.json();
    assert_eq!((answer.status, &status["reason"], &status["code"]), (410, &json!("Expired"), &json!(410)));
    let offered = status["metadata"]["continue"].as_str().unwrap();
    assert_ne!(offered, token.as_str().unwrap());
    let rest = get(&world, "demo", &format!("{PODS}&continue={offered}")).await.unwrap().json();
    assert_eq!(names(&rest), ["one", "three"]);
}

#[tokio::test]
async fn a_page_can_lead_to_itself_and_be_short_or_empty() {
    let world = start(five_pods()).await;
    world.script(pods(FaultAction::ShortPage(0)));
    let empty = get(&world, "demo", PODS).await.unwrap().json();
    let token = empty["metadata"]["continue"].as_str().unwrap();
    assert!(names(&empty).is_empty());
    let first = get(&world, "demo", &format!("{PODS}&continue={token}")).await.unwrap().json();
    assert_eq!(names(&first), ["five", "four"]);
    let token = first["metadata"]["continue"].as_str().unwrap();
    world.script(pods(FaultAction::RepeatPage));
    let repeated = get(&world, "demo", &format!("{PODS}&continue={token}")).await.unwrap().json();
    assert_eq!(
        (names(&repeated), repeated["metadata"]["continue"].as_str()),
        (vec!["one".to_owned(), "three".to_owned()], Some(token))
    );
    world.script(Fault::aws("eks", "ListClusters", FaultAction::RepeatPage));
    let repeated = clusters(&world).await.unwrap().json();
    assert_eq!(repeated, json!({"clusters": ["demo"], "nextToken": "clusters+0"}));
}

#[tokio::test]
async fn an_overloaded_and_a_refusing_api_server_answer_in_their_own_form() {
    let world = start(five_pods()).await;
    world.script(pods(FaultAction::overloaded(3)));
    world.script(pods(FaultAction::kubernetes_status(401, "Unauthorized", "Unauthorized")));
    let overloaded = get(&world, "demo", PODS).await.unwrap();
    assert_eq!((overloaded.status, overloaded.header("retry-after")), (429, "3"));
    assert!(overloaded.header("content-type").starts_with("text/plain"));
    let refused = get(&world, "demo", PODS).await.unwrap();
    assert_eq!((refused.status, &refused.json()["kind"]), (401, &json!("Status")));
}
