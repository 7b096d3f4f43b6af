//! The committed events: all are served, and those that cannot be used are refused.

use acceptance::{
    Event, ORDERED_AT, Run, annotations, binary, committed, compliant, evaluations, options, verdicts, violating,
    workspace, world,
};
use eks_rules::RuleName;
use loopback::{OWN_ACCOUNT, Outcome, World, demo_world};
use serde_json::Value;

/// The demo's account, which the committed events are about, without the cluster that cannot be reached.
async fn account_of_the_events() -> World {
    let mut spec = demo_world(None);
    for account in &mut spec.accounts {
        account.clusters.retain(|cluster| cluster.name != "private");
    }
    let world = acceptance::start(spec).await;
    for rule in RuleName::ALL {
        world.accept_result_token(&token(rule), &format!("eks-{rule}-rule"), OWN_ACCOUNT);
    }
    world
}

fn token(rule: RuleName) -> String {
    format!("loopback-result-token-{rule}")
}

/// The names of the rule's events, in order.
fn names(directory: &str) -> Vec<String> {
    let entries = std::fs::read_dir(workspace().join("events").join(directory)).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "expected.json")
        .collect();
    names.sort();
    names
}

/// Serves all events of a rule with one warm function, the deletion last, and says how many evaluations each put.
async fn serve_all(rule: RuleName) {
    let world = account_of_the_events().await;
    let mut function = world.function(&binary(rule.binary()), options()).await.unwrap();
    let mut names = names(rule.as_str());
    names.sort_by_key(|name| name.contains("deleted"));
    assert_eq!(names.len(), 5, "{names:?}");
    for name in names {
        let (outcome, _) = function.deliver(&committed(&format!("{rule}/{name}"))).await.unwrap();
        let Outcome::Response(response) = outcome else { panic!("{name}: {outcome:?}") };
        let put = response["evaluations"].as_array().unwrap().len();
        let every = name.starts_with("Scheduled") || name.starts_with("ConfigurationSnapshot");
        assert_eq!(put, if every { 2 } else { 1 }, "{name}: {response}");
        let call = world.put_calls().pop().unwrap();
        assert_eq!((call.result_token, call.evaluations.len()), (token(rule), put), "{name}");
        let verdicts = verdicts(&world);
        let changed = if name.contains("deleted") { "NOT_APPLICABLE" } else { "NON_COMPLIANT" };
        assert_eq!(verdicts["violations"], changed, "{name}");
        if every {
            assert_eq!(verdicts["clean"], "COMPLIANT", "{name}: {:?}", annotations(&world)["clean"]);
        }
    }
}

#[tokio::test]
async fn net_pol_check_serves_every_event() {
    serve_all(RuleName::NetPolCheck).await;
}

#[tokio::test]
async fn priv_escalation_serves_every_event() {
    serve_all(RuleName::PrivEscalation).await;
}

#[tokio::test]
async fn trusted_reg_check_serves_every_event() {
    serve_all(RuleName::TrustedRegCheck).await;
}

/// Hands the rule's rejected events to one warm function.
async fn refuse_all(rule: RuleName) {
    let world = account_of_the_events().await;
    let mut function = world.function(&binary(rule.binary()), options()).await.unwrap();
    let expected = committed("rejected/expected.json");
    let mut refused = 0;
    for (name, expected) in expected.as_object().unwrap() {
        if expected["rule"] != rule.as_str() {
            continue;
        }
        let (outcome, _) = function.deliver(&committed(&format!("rejected/{name}"))).await.unwrap();
        let Outcome::Error { error_type, error_message } = outcome else { panic!("{name}: {outcome:?}") };
        assert_eq!(expected["errorType"], error_type.as_str(), "{name}: {error_message}");
        for part in expected["errorMessage"].as_array().unwrap().iter().filter_map(Value::as_str) {
            assert!(error_message.contains(part), "{name}: {part:?} is not in {error_message:?}");
        }
        assert!(!error_message.contains(&token(rule)), "{name}: {error_message}");
        refused += 1;
    }
    assert!(refused >= 8, "{rule}: {refused}");
    assert_eq!(world.put_calls(), []);
    assert_eq!(world.kubernetes_requests(), []);
    // The function still serves.
    let (outcome, _) = function.deliver(&committed(&format!("{rule}/ScheduledNotification.json"))).await.unwrap();
    assert!(matches!(outcome, Outcome::Response(_)), "{outcome:?}");
}

#[tokio::test]
async fn net_pol_check_refuses_every_rejected_event_and_reports_nothing() {
    refuse_all(RuleName::NetPolCheck).await;
}

#[tokio::test]
async fn priv_escalation_refuses_every_rejected_event_and_reports_nothing() {
    refuse_all(RuleName::PrivEscalation).await;
}

#[tokio::test]
async fn trusted_reg_check_refuses_every_rejected_event_and_reports_nothing() {
    refuse_all(RuleName::TrustedRegCheck).await;
}

#[test]
fn every_rejected_event_says_how_it_is_refused() {
    let expected = committed("rejected/expected.json");
    let expected: Vec<&String> = expected.as_object().unwrap().keys().collect();
    assert_eq!(names("rejected").iter().collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_warm_function_keeps_nothing_of_an_earlier_event() {
    let world = world(vec![compliant("alpha"), violating("beta")]).await;
    let mut function = world.function(&binary(RuleName::PrivEscalation.binary()), options()).await.unwrap();
    let event = |event: Event| event.issued(&world);
    let changed = |cluster| Event::cluster_changed(RuleName::PrivEscalation, cluster);
    let mut seen = Vec::new();
    for event in [
        event(changed("beta").with("reading", "explicit")),
        event(changed("alpha").with("clusters", "beta")),
        event(changed("alpha")),
        event(changed("beta").with("excludedNamespaces", "shop")),
        event(changed("beta")),
    ] {
        let (outcome, _) = function.deliver(&event).await.unwrap();
        assert!(matches!(outcome, Outcome::Response(_)), "{outcome:?}");
        let said = evaluations(&world).pop().unwrap();
        assert_eq!(said.ordering_timestamp, ORDERED_AT);
        seen.push((said.resource_id, said.compliance_type));
    }
    let expected = [
        ("beta", "NON_COMPLIANT"),
        ("alpha", "NOT_APPLICABLE"),
        ("alpha", "COMPLIANT"),
        ("beta", "COMPLIANT"),
        ("beta", "NON_COMPLIANT"),
    ];
    assert_eq!(seen, expected.map(|(id, verdict)| (id.to_owned(), verdict.to_owned())));
}

#[tokio::test]
async fn an_event_that_is_no_object_is_refused() {
    let world = world(vec![compliant("alpha")]).await;
    for event in [serde_json::json!([]), serde_json::json!("event"), Value::Null, serde_json::json!({})] {
        let run = Run::of(&world, RuleName::PrivEscalation, &event, options()).await;
        run.failed("InvalidEvent");
    }
    assert_eq!(world.aws_requests(), []);
}
