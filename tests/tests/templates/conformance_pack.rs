use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::template::{Template, text, walk};

/// The managed rules of AWS Config that the pack may name, with their parameters; a mandatory one ends in `!`.
/// Source: AWS Config Developer Guide, "List of AWS Config Managed Rules", each rule's own page (read in November 2026).
const MANAGED: [(&str, &[&str]); 22] = [
    ("CMK_BACKING_KEY_ROTATION_ENABLED", &[]),
    ("EC2_IMDSV2_CHECK", &[]),
    ("ECR_PRIVATE_IMAGE_SCANNING_ENABLED", &[]),
    ("ECR_PRIVATE_TAG_IMMUTABILITY_ENABLED", &[]),
    ("ECR_REPOSITORY_CMK_ENCRYPTION_ENABLED", &["kmsKeyArns"]),
    ("EKS_CLUSTER_LOGGING_ENABLED", &[]),
    ("EKS_CLUSTER_LOG_ENABLED", &["logTypes"]),
    ("EKS_CLUSTER_OLDEST_SUPPORTED_VERSION", &["oldestVersionSupported!"]),
    ("EKS_CLUSTER_SECRETS_ENCRYPTED", &["kmsKeyArns"]),
    ("EKS_CLUSTER_SUPPORTED_VERSION", &["oldestVersionSupported!"]),
    ("EKS_ENDPOINT_NO_PUBLIC_ACCESS", &[]),
    ("EKS_SECRETS_ENCRYPTED", &["kmsKeyArns"]),
    ("ELB_LOGGING_ENABLED", &["s3BucketNames"]),
    ("GUARDDUTY_EKS_PROTECTION_AUDIT_ENABLED", &[]),
    ("GUARDDUTY_EKS_PROTECTION_RUNTIME_ENABLED", &[]),
    ("INSPECTOR_ECR_SCAN_ENABLED", &[]),
    ("KMS_CMK_NOT_SCHEDULED_FOR_DELETION", &["kmsKeyIds"]),
    ("NLB_LOGGING_ENABLED", &[]),
    (
        "SECRETSMANAGER_ROTATION_ENABLED_CHECK",
        &["maximumAllowedRotationFrequency", "maximumAllowedRotationFrequencyInHours"],
    ),
    ("SECRETSMANAGER_SCHEDULED_ROTATION_SUCCESS_CHECK", &[]),
    ("SECRETSMANAGER_SECRET_PERIODIC_ROTATION", &["maxDaysSinceRotation"]),
    ("VPC_FLOW_LOGS_ENABLED", &["trafficType"]),
];

/// Those that ask the same as another rule of the pack, which is why the pack does not have them.
const TWINS: [&str; 2] = ["EKS_CLUSTER_LOGGING_ENABLED", "EKS_CLUSTER_SECRETS_ENCRYPTED"];

fn managed() -> BTreeMap<String, Value> {
    let rules = Template::read("infra/conformance-pack.yaml").of_type("AWS::Config::ConfigRule");
    let managed = rules.into_iter().filter(|(_, rule)| rule["Properties"]["Source"]["Owner"] == "AWS");
    managed
        .map(|(_, rule)| (rule["Properties"]["Source"]["SourceIdentifier"].as_str().unwrap().to_owned(), rule))
        .collect()
}

#[test]
fn every_managed_rule_of_the_pack_is_one_that_aws_config_has_and_none_is_forgotten() {
    let found: BTreeSet<String> = managed().into_keys().collect();
    let known = MANAGED.iter().map(|(identifier, _)| *identifier).filter(|identifier| !TWINS.contains(identifier));
    assert_eq!(found, known.map(str::to_owned).collect());
}

#[test]
fn a_managed_rule_gets_parameters_that_it_knows_and_those_that_it_must_have() {
    for (identifier, rule) in managed() {
        let known = MANAGED.iter().find(|(known, _)| *known == identifier).unwrap().1;
        let given: Vec<&String> =
            rule["Properties"]["InputParameters"].as_object().into_iter().flat_map(|given| given.keys()).collect();
        for name in &given {
            assert!(known.iter().any(|known| known.trim_end_matches('!') == name.as_str()), "{identifier}: {name}");
        }
        for name in known.iter().filter_map(|name| name.strip_suffix('!')) {
            assert!(given.iter().any(|given| *given == name), "{identifier} must have {name}");
        }
        assert!(rule["Properties"]["Scope"].is_null(), "{identifier} knows its own resources");
        assert_eq!(rule["Properties"]["ConfigRuleName"], identifier.to_lowercase().replace('_', "-"));
    }
}

#[test]
fn the_pack_is_what_aws_config_takes_as_one() {
    let template = Template::read("infra/conformance-pack.yaml");
    let text = text("infra/conformance-pack.yaml");
    assert!(text.len() <= 51_200, "the body of a pack has at most 51,200 bytes, this one {}", text.len());
    assert!(template.section("Parameters").len() <= 60, "a pack has at most 60 parameters");
    for (id, resource) in template.section("Resources") {
        assert_eq!(resource["Type"], "AWS::Config::ConfigRule", "{id}");
    }
    walk(&template.whole, "", &mut |key, _| assert!(key != "Fn::Sub" && key != "Fn::GetAtt", "{key} in a pack"));
    let short = text.lines().filter(|line| !line.trim_start().starts_with('#')).find(|line| line.contains(": !"));
    assert_eq!(short, None, "AWS's own packs have the long form");
}
