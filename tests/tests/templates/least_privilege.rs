//! Every grant is one that was reviewed: a change of a policy is a change of the table below, too.

use serde_json::Value;

use crate::template::{Template, no_value, told, walk};

/// Every statement of every policy, in the order of the templates. A function of CloudFormation is told by what it
/// stands for, and a statement that is there under a condition by `if`.
const REVIEWED: &str = include_str!("reviewed.txt");

/// What the functions may do at most, whatever is switched on.
const AT_MOST: [&str; 22] = [
    "config:GetComplianceDetailsByConfigRule",
    "config:PutEvaluations",
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
    "ecr:BatchGetImage",
    "ecr:DescribeImageScanFindings",
    "ecr:DescribeImages",
    "ecr:DescribeRepositories",
    "eks:DescribeAddon",
    "eks:DescribeCluster",
    "eks:ListClusters",
    "kms:Decrypt",
    "kms:GenerateDataKey",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:SendMessage",
    "ssm:GetParameter",
    "sts:AssumeRole",
];

/// And with tracing.
const TRACING: [&str; 2] = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"];

fn statements(template: &Template) -> Vec<String> {
    let mut lines = Vec::new();
    for (id, resource) in template.section("Resources") {
        walk(&resource, "", &mut |key, value| {
            if key == "Statement" && value.is_array() {
                for statement in value.as_array().into_iter().flatten() {
                    lines.push(format!("{} {id}: {}", template.path, line(statement)));
                }
            }
        });
    }
    lines
}

fn line(statement: &Value) -> String {
    if let Some(parts) = statement["Fn::If"].as_array() {
        assert_eq!(parts[2], no_value(), "a statement under a condition is there or not");
        return format!("{} if {}", line(&parts[1]), told(&parts[0]));
    }
    let of = |name: &str| match &statement[name] {
        Value::Null => String::new(),
        value => told(value),
    };
    let mut text = format!("{} {}", of("Effect"), of("Action"));
    for (name, word) in [("Principal", " to "), ("Resource", " on "), ("Condition", " where ")] {
        if !statement[name].is_null() {
            text += word;
            text += &of(name);
        }
    }
    text
}

#[test]
fn every_statement_of_every_policy_was_reviewed() {
    let found: Vec<String> = Template::all().flat_map(|template| statements(&template)).collect();
    let reviewed: Vec<&str> = REVIEWED.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let added: Vec<&String> = found.iter().filter(|line| !reviewed.contains(&line.as_str())).collect();
    let gone: Vec<&&str> = reviewed.iter().filter(|line| !found.iter().any(|found| found == **line)).collect();
    assert!(added.is_empty(), "granted and not reviewed: {added:#?}");
    assert!(gone.is_empty(), "reviewed and not granted: {gone:#?}");
    assert_eq!(found.len(), reviewed.len(), "a statement stands twice");
}

#[test]
fn no_role_may_do_more_than_its_function_does() {
    for path in ["template.yaml", "infra/member-role.yaml"] {
        let template = Template::read(path);
        let roles = template.of_type("AWS::IAM::Role");
        assert!(!roles.is_empty(), "{path}");
        for (id, role) in roles {
            assert!(
                role["Properties"]["ManagedPolicyArns"].is_null(),
                "{id}: a managed policy grants what nobody reads"
            );
            walk(&role["Properties"]["Policies"], "", &mut |key, value| {
                if let ("Action", Value::String(action)) = (key, value) {
                    let known = AT_MOST.contains(&action.as_str()) || TRACING.contains(&action.as_str());
                    assert!(known, "{path}: {id} may {action}");
                }
            });
        }
    }
}

#[test]
fn a_role_in_another_account_trusts_named_roles_and_reports_there() {
    let template = Template::read("infra/member-role.yaml");
    let properties = &template.resource("ExecutionRole")["Properties"];
    let trust = properties["AssumeRolePolicyDocument"]["Statement"].as_array().unwrap();
    assert_eq!(trust.len(), 1);
    assert_eq!(trust[0]["Principal"], serde_json::json!({"AWS": {"Ref": "FunctionRoleArns"}}));
    let asked = told(&trust[0]["Condition"]);
    assert!(asked.contains("sts:ExternalId") && asked.contains("aws:PrincipalOrgID"), "{asked}");
    let mut actions = Vec::new();
    walk(&properties["Policies"], "", &mut |key, value| {
        if let ("Action", Value::String(action)) = (key, value) {
            actions.push(action.clone());
        }
    });
    for own in ["sts:AssumeRole", "ssm:GetParameter", "logs:PutLogEvents", "sqs:SendMessage"] {
        assert!(!actions.iter().any(|action| action == own), "{own} is the function's own affair");
    }
}
