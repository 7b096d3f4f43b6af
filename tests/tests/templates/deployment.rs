//! Each function has its rule, permission, role, log group and alarms, and nothing has no function.

use std::collections::BTreeSet;

use eks_rules::RuleName;
use serde_json::{Value, json};

use crate::template::{Template, walk};

/// AWS Config API, `SourceDetail`: messageType.
const MESSAGE_TYPES: [&str; 4] = [
    "ConfigurationItemChangeNotification",
    "ConfigurationSnapshotDeliveryCompleted",
    "OversizedConfigurationItemChangeNotification",
    "ScheduledNotification",
];

/// AWS Config API, `SourceDetail`: maximumExecutionFrequency.
const FREQUENCIES: [&str; 5] = ["One_Hour", "Three_Hours", "Six_Hours", "Twelve_Hours", "TwentyFour_Hours"];

/// The beginning of the rule's logical ids: netPolCheck is NetPolCheck.
pub(crate) fn logical(rule: RuleName) -> String {
    let name = rule.as_str();
    name[..1].to_uppercase() + &name[1..]
}

fn triggers() -> Value {
    json!([
        {"EventSource": "aws.config", "MessageType": "ScheduledNotification",
         "MaximumExecutionFrequency": {"Ref": "MaximumExecutionFrequency"}},
        {"EventSource": "aws.config", "MessageType": "ConfigurationItemChangeNotification"},
        {"EventSource": "aws.config", "MessageType": "OversizedConfigurationItemChangeNotification"},
    ])
}

#[test]
fn each_function_is_the_binary_of_its_rule_with_a_role_and_a_log_group_of_its_own() {
    let template = Template::read("template.yaml");
    for rule in RuleName::ALL {
        let (id, name) = (logical(rule), format!("${{AWS::StackName}}-{rule}"));
        let function = template.resource(&format!("{id}Function"));
        assert_eq!(function["Metadata"]["BuildMethod"], "rust-cargolambda");
        assert_eq!(function["Metadata"]["BuildProperties"]["Binary"], rule.binary());
        assert_eq!(function["Properties"]["FunctionName"], json!({"Fn::Sub": name}));
        assert_eq!(function["Properties"]["Role"], json!({"Fn::GetAtt": [format!("{id}Role"), "Arn"]}));
        assert_eq!(function["Properties"]["LoggingConfig"], json!({"LogGroup": {"Ref": format!("{id}LogGroup")}}));
        let group = template.resource(&format!("{id}LogGroup"));
        assert_eq!(group["Properties"]["LogGroupName"], json!({"Fn::Sub": format!("/aws/lambda/{name}")}));
        assert_eq!(group["Properties"]["RetentionInDays"], json!({"Ref": "LogRetentionDays"}));
        assert!(group["Properties"]["KmsKeyId"].is_object(), "{id}LogGroup");
        assert_eq!(template.resource(&format!("{id}Role"))["Type"], "AWS::IAM::Role");
    }
}

#[test]
fn aws_config_of_this_account_and_nobody_else_may_invoke_a_function() {
    let template = Template::read("template.yaml");
    for rule in RuleName::ALL {
        let id = logical(rule);
        let expected = json!({
            "FunctionName": {"Fn::GetAtt": [format!("{id}Function"), "Arn"]}, "Action": "lambda:InvokeFunction",
            "Principal": "config.amazonaws.com", "SourceAccount": {"Ref": "AWS::AccountId"},
        });
        assert_eq!(template.resource(&format!("{id}Permission"))["Properties"], expected);
    }
    let organization = Template::read("infra/organization-permissions.yaml");
    for (id, value) in organization.section("Resources") {
        let permission = value[2].as_object().unwrap().values().next().unwrap();
        let properties = &permission["Properties"];
        assert_eq!(permission["Type"], "AWS::Lambda::Permission", "{id}");
        assert_eq!(properties["Principal"], "config.amazonaws.com", "{id}");
        assert_eq!(properties["SourceAccount"], json!({"Ref": "Account"}), "{id}");
    }
    assert_eq!(organization.section("Resources").len(), RuleName::ALL.len());
}

#[test]
fn each_rule_is_invoked_on_a_schedule_and_by_changes_of_clusters_alone() {
    for path in ["template.yaml", "infra/conformance-pack.yaml"] {
        let template = Template::read(path);
        for rule in RuleName::ALL {
            let id = logical(rule);
            let resource = template.resource(&format!("{id}Rule"));
            let properties = &resource["Properties"];
            assert_eq!(properties["ConfigRuleName"], format!("eks-{rule}-rule"));
            assert_eq!(properties["Scope"], json!({"ComplianceResourceTypes": ["AWS::EKS::Cluster"]}));
            assert_eq!(properties["Source"]["Owner"], "CUSTOM_LAMBDA");
            assert_eq!(properties["Source"]["SourceDetails"], triggers());
            if path == "template.yaml" {
                assert_eq!(resource["DependsOn"], format!("{id}Permission"));
                assert_eq!(resource["Condition"], "DeploysConfigRules");
                let function = json!({"Fn::GetAtt": [format!("{id}Function"), "Arn"]});
                assert_eq!(properties["Source"]["SourceIdentifier"], function);
            } else {
                let function = json!({"Ref": format!("{id}FunctionArn")});
                assert_eq!(properties["Source"]["SourceIdentifier"], function);
            }
        }
    }
    let template = Template::read("infra/organization-rules.yaml");
    for rule in RuleName::ALL {
        let resource = template.resource(&format!("{}OrganizationRule", logical(rule)));
        let metadata = &resource["Properties"]["OrganizationCustomRuleMetadata"];
        assert_eq!(resource["Properties"]["OrganizationConfigRuleName"], format!("eks-{rule}-rule"));
        assert_eq!(metadata["LambdaFunctionArn"], json!({"Ref": format!("{}FunctionArn", logical(rule))}));
        assert_eq!(metadata["ResourceTypesScope"], json!(["AWS::EKS::Cluster"]));
        let types: Vec<Value> = triggers().as_array().unwrap().iter().map(|one| one["MessageType"].clone()).collect();
        assert_eq!(metadata["OrganizationConfigRuleTriggerTypes"], Value::Array(types));
    }
}

#[test]
fn each_function_has_an_alarm_on_failures_on_clusters_not_judged_on_stale_verdicts_and_on_silence() {
    let template = Template::read("template.yaml");
    for rule in RuleName::ALL {
        let id = logical(rule);
        let function = json!([{"Name": "FunctionName", "Value": {"Ref": format!("{id}Function")}}]);
        let by_rule = json!([{"Name": "Rule", "Value": rule.as_str()}]);
        for (alarm, metric, dimensions, missing) in [
            ("Alarm", ["AWS/Lambda", "Errors"], &function, "notBreaching"),
            ("NotJudgedAlarm", ["EksConfigRules", "ClustersNotJudged"], &by_rule, "notBreaching"),
            ("StaleAlarm", ["EksConfigRules", "OldestVerdictSeconds"], &by_rule, "notBreaching"),
            ("SilenceAlarm", ["AWS/Lambda", "Invocations"], &function, "breaching"),
        ] {
            let resource = template.resource(&format!("{id}{alarm}"));
            let properties = &resource["Properties"];
            assert_eq!([&properties["Namespace"], &properties["MetricName"]], metric);
            assert_eq!(&properties["Dimensions"], dimensions);
            assert_eq!(properties["TreatMissingData"], missing);
            assert!(properties["AlarmActions"].is_object(), "{id}{alarm} tells nobody");
        }
    }
}

/// What a property is with a frequency, by the template's conditions.
fn chosen<'a>(mut property: &'a Value, template: &Template, frequency: &str) -> &'a Value {
    let conditions = template.section("Conditions");
    while let Some(parts) = property["Fn::If"].as_array() {
        let condition = &conditions[parts[0].as_str().unwrap()];
        let holds = condition == &json!({"Fn::Equals": [{"Ref": "MaximumExecutionFrequency"}, frequency]});
        property = if holds { &parts[1] } else { &parts[2] };
    }
    property
}

#[test]
fn silence_is_twice_the_frequency() {
    let template = Template::read("template.yaml");
    for rule in RuleName::ALL {
        let alarm = template.resource(&format!("{}SilenceAlarm", logical(rule)));
        assert_eq!(alarm["Properties"]["Period"], 3600);
        for (frequency, hours) in FREQUENCIES.into_iter().zip([2, 6, 12, 24, 48]) {
            assert_eq!(chosen(&alarm["Properties"]["EvaluationPeriods"], &template, frequency), hours, "{frequency}");
        }
    }
}

#[test]
fn a_verdict_is_stale_after_two_periods_less_a_quarter_and_the_alarm_lasts_until_the_next_run() {
    let template = Template::read("template.yaml");
    for rule in RuleName::ALL {
        let alarm = &template.resource(&format!("{}StaleAlarm", logical(rule)))["Properties"];
        assert_eq!((&alarm["Period"], &alarm["DatapointsToAlarm"]), (&json!(3600), &json!(1)));
        assert_eq!(alarm["Statistic"], "Maximum");
        assert_eq!(alarm["ComparisonOperator"], "GreaterThanOrEqualToThreshold");
        for (frequency, hours) in FREQUENCIES.into_iter().zip([1, 3, 6, 12, 24]) {
            assert_eq!(chosen(&alarm["EvaluationPeriods"], &template, frequency), hours, "{frequency}");
            let seconds = 2 * hours * 3600 - hours * 900;
            assert_eq!(chosen(&alarm["Threshold"], &template, frequency), seconds, "{frequency}");
        }
    }
}

#[test]
fn nothing_of_a_function_is_without_one() {
    let template = Template::read("template.yaml");
    let ids: Vec<String> = RuleName::ALL.map(logical).to_vec();
    for kind in [
        "AWS::Serverless::Function",
        "AWS::IAM::Role",
        "AWS::Logs::LogGroup",
        "AWS::Lambda::Permission",
        "AWS::Config::ConfigRule",
    ] {
        let resources = template.of_type(kind);
        assert_eq!(resources.len(), ids.len(), "{kind}");
        for (id, _) in resources {
            assert!(ids.iter().any(|rule| id.starts_with(rule)), "{id} belongs to no function");
        }
    }
}

#[test]
fn an_event_that_failed_twice_lies_in_an_encrypted_queue_that_is_watched() {
    let template = Template::read("template.yaml");
    let invoke = &template.whole["Globals"]["Function"]["EventInvokeConfig"];
    assert_eq!(invoke["MaximumRetryAttempts"], 1);
    let queue = json!({"Type": "SQS", "Destination": {"Fn::GetAtt": ["FailedEvents", "Arn"]}});
    assert_eq!(invoke["DestinationConfig"]["OnFailure"], queue);
    let properties = &template.resource("FailedEvents")["Properties"];
    assert_eq!(properties["SqsManagedSseEnabled"], json!({"Fn::If": ["HasKmsKey", {"Ref": "AWS::NoValue"}, true]}));
    let key = json!({"Fn::If": ["HasKmsKey", {"Ref": "KmsKeyArn"}, {"Ref": "AWS::NoValue"}]});
    assert_eq!(properties["KmsMasterKeyId"], key);
    let alarm = &template.resource("FailedEventsAlarm")["Properties"];
    assert_eq!(alarm["MetricName"], "ApproximateNumberOfMessagesVisible");
}

#[test]
fn every_message_type_and_every_frequency_is_one_that_aws_config_knows() {
    for template in Template::all() {
        walk(&template.whole, "", &mut |key, value| match (key, value) {
            ("MessageType" | "OrganizationConfigRuleTriggerTypes", Value::String(word)) => {
                assert!(MESSAGE_TYPES.contains(&word.as_str()), "{}: {key} {word}", template.path);
            }
            ("MaximumExecutionFrequency", Value::String(word)) => {
                assert!(FREQUENCIES.contains(&word.as_str()), "{}: {word}", template.path);
            }
            _ => {}
        });
        if let Some(parameter) = template.section("Parameters").get("MaximumExecutionFrequency") {
            assert_eq!(parameter["AllowedValues"], json!(FREQUENCIES), "{}", template.path);
            assert!(FREQUENCIES.contains(&parameter["Default"].as_str().unwrap()), "{}", template.path);
        }
    }
}

#[test]
fn what_env_json_replaces_is_what_the_template_declares() {
    let template = Template::read("template.yaml");
    let declared = &template.whole["Globals"]["Function"]["Environment"]["Variables"];
    let declared: BTreeSet<&str> = declared.as_object().unwrap().keys().map(String::as_str).collect();
    let given: Value = serde_json::from_str(&crate::template::text("env.json")).unwrap();
    let given: BTreeSet<&str> = given["Parameters"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(given, declared, "the SAM CLI drops a variable that the template does not declare");
}

#[test]
fn deployed_functions_ignore_endpoints_that_are_set_elsewhere() {
    let template = Template::read("template.yaml");
    let variables = &template.whole["Globals"]["Function"]["Environment"]["Variables"];
    let ignore = json!({"Fn::If": ["HasLocalEndpoint", "false", "true"]});
    assert_eq!(variables["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"], ignore);
    let parameter = &template.section("Parameters")["LocalEndpointUrl"];
    assert_eq!(parameter["Default"], "");
    assert!(parameter["AllowedPattern"].as_str().unwrap().contains("127"), "{parameter}");
}
