//! Every file under `events/` parses, and every one under `events/rejected/` is refused with the error that it must give.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use cluster_access::{AccessParameters, Event, InvocationError, Request, RuleName};
use eks_rules::{Configuration, RuleParameters};
use serde::Deserialize;
use serde_json::{Value, json};

fn events() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events")
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap())
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What a function does with an event before it calls anything.
fn accept(rule: RuleName, event: Value) -> Result<Event, InvocationError> {
    let event = Event::parse(event)?;
    let mut parameters = RuleParameters::from_json(&event.rule_parameters)?;
    AccessParameters::take(&mut parameters)?;
    Configuration::take(rule, &mut parameters)?;
    parameters.finish()?;
    Ok(event)
}

fn scheduled() -> Value {
    read(&events().join("privEscalation/ScheduledNotification.json"))
}

#[test]
fn every_event_of_every_rule_is_accepted() {
    for rule in RuleName::ALL {
        let mut files: Vec<_> =
            fs::read_dir(events().join(rule.as_str())).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        assert!(files.len() >= 4, "{rule} has an event of each message type");
        for file in files {
            let event = accept(rule, read(&file)).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            assert_eq!(event.config_rule_name, format!("eks-{rule}-rule"));
            assert_eq!(event.account, "111122223333");
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Expected {
    rule: RuleName,
    error_type: String,
    error_message: Vec<String>,
}

#[test]
fn every_rejected_event_gives_its_error_and_no_file_is_left_out() {
    let directory = events().join("rejected");
    let expected: BTreeMap<String, Expected> = serde_json::from_value(read(&directory.join("expected.json"))).unwrap();
    let mut files: Vec<String> =
        fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    files.retain(|file| file != "expected.json");
    files.sort();
    assert_eq!(files, expected.keys().cloned().collect::<Vec<_>>());
    for (file, expected) in expected {
        let Err(error) = accept(expected.rule, read(&directory.join(&file))) else { panic!("{file} was accepted") };
        assert_eq!(error.error_type(), expected.error_type, "{file}: {error}");
        for part in expected.error_message {
            assert!(error.to_string().contains(&part), "{file}: {part:?} is not in: {error}");
        }
    }
}

#[test]
fn a_deleted_cluster_is_not_applicable() {
    let event = read(&events().join("netPolCheck/ConfigurationItemChangeNotification.deleted.json"));
    let request = accept(RuleName::NetPolCheck, event).unwrap().request;
    let Request::NotApplicable { resource_type, resource_id, .. } = request else { panic!("{request:?}") };
    assert_eq!((resource_type.as_str(), resource_id.as_str()), ("AWS::EKS::Cluster", "violations"));
}

#[test]
fn a_cluster_that_left_the_scope_is_not_applicable() {
    let mut event = read(&events().join("netPolCheck/ConfigurationItemChangeNotification.json"));
    event["eventLeftScope"] = json!(true);
    assert!(matches!(accept(RuleName::NetPolCheck, event).unwrap().request, Request::NotApplicable { .. }));
}

#[test]
fn a_change_of_another_resource_type_is_not_applicable_for_that_resource() {
    let mut event = read(&events().join("netPolCheck/ConfigurationItemChangeNotification.json"));
    let inner = event["invokingEvent"].as_str().unwrap().replace("AWS::EKS::Cluster", "AWS::S3::Bucket");
    event["invokingEvent"] = json!(inner);
    let request = accept(RuleName::NetPolCheck, event).unwrap().request;
    let Request::NotApplicable { resource_type, .. } = request else { panic!("{request:?}") };
    assert_eq!(resource_type, "AWS::S3::Bucket");
}

#[test]
fn a_change_and_its_oversized_form_ask_for_the_same_cluster() {
    let change = read(&events().join("netPolCheck/ConfigurationItemChangeNotification.json"));
    let oversized = read(&events().join("netPolCheck/OversizedConfigurationItemChangeNotification.json"));
    let [change, oversized] = [change, oversized].map(|event| accept(RuleName::NetPolCheck, event).unwrap().request);
    assert_eq!(change, Request::Cluster { name: "violations".to_owned() });
    assert_eq!(oversized, change);
}

#[test]
fn the_ordering_timestamp_is_the_time_of_the_notification() {
    let mut event = scheduled();
    let mut inner: Value = serde_json::from_str(event["invokingEvent"].as_str().unwrap()).unwrap();
    inner["notificationCreationTime"] = json!("2026-01-02T03:04:05.678Z");
    event["invokingEvent"] = json!(inner.to_string());
    let time = accept(RuleName::PrivEscalation, event).unwrap().ordering_timestamp;
    assert_eq!(time.to_millis().unwrap(), 1_767_323_045_678);
}

#[test]
fn an_event_without_parameters_uses_the_defaults() {
    let mut event = scheduled();
    event.as_object_mut().unwrap().remove("ruleParameters");
    accept(RuleName::PrivEscalation, event).unwrap();
}

#[test]
fn an_empty_parameter_is_an_absent_one() {
    let mut event = scheduled();
    event["ruleParameters"] = json!(r#"{"clusters": "", "reading": " "}"#);
    accept(RuleName::PrivEscalation, event).unwrap();
}

#[test]
fn the_result_token_does_not_show_in_debug() {
    let mut event = scheduled();
    event["resultToken"] = json!("the-secret-token");
    let debug = format!("{:?}", accept(RuleName::PrivEscalation, event).unwrap());
    assert!(!debug.contains("the-secret-token"), "{debug}");
}

#[test]
fn the_partition_comes_from_the_rules_arn() {
    let mut event = scheduled();
    event["configRuleArn"] = json!("arn:aws-cn:config:cn-north-1:111122223333:config-rule/config-rule-abc");
    assert_eq!(accept(RuleName::PrivEscalation, event).unwrap().partition, "aws-cn");
}

#[test]
fn clusters_are_in_scope_by_name_or_glob_and_exclusion_wins() {
    let take = |parameters: Value| {
        let mut parameters = RuleParameters::from_json(parameters.as_object().unwrap()).unwrap();
        AccessParameters::take(&mut parameters).unwrap()
    };
    let all = take(json!({}));
    assert!(all.includes("prod"));
    let some = take(json!({"inscopeclusters": "prod, test-*", "excludedClusters": "test-old*"}));
    assert!(some.includes("prod") && some.includes("test-1"));
    assert!(!some.includes("production") && !some.includes("test-old-2") && !some.includes("dev"));
}
