//! The parameters of netPolCheck.

use eks_rules::RuleName;
use serde_json::json;

use crate::cluster::configuration;

#[test]
fn every_value_of_every_parameter_is_accepted() {
    for (name, values) in [
        ("requires", &["any", "covered", "default-deny-ingress", "default-deny-egress", "default-deny", ""][..]),
        ("graceSeconds", &["0", "60", "3600", " 5 ", ""]),
        ("cniPolicies", &["count", "ignore", ""]),
        ("enforcement", &["report", "require", "ignore", ""]),
    ] {
        assert!(RuleName::NetPolCheck.own_parameters().contains(&name));
        for value in values {
            assert!(configuration(&json!({name: value})).is_ok(), "{name}: {value}");
        }
    }
}

#[test]
fn a_value_that_is_not_allowed_is_an_error_that_says_what_is() {
    for (name, value, words) in [
        (
            "requires",
            "all",
            "given \"all\"; allowed: any, covered, default-deny-ingress, default-deny-egress, default-deny",
        ),
        (
            "requires",
            "Any",
            "given \"Any\"; allowed: any, covered, default-deny-ingress, default-deny-egress, default-deny",
        ),
        ("graceSeconds", "3601", "given \"3601\"; allowed: a whole number from 0 to 3600"),
        ("graceSeconds", "-1", "given \"-1\"; allowed: a whole number from 0 to 3600"),
        ("graceSeconds", "1.5", "given \"1.5\"; allowed: a whole number from 0 to 3600"),
        ("cniPolicies", "true", "given \"true\"; allowed: count, ignore"),
        ("enforcement", "fail", "given \"fail\"; allowed: report, require, ignore"),
    ] {
        let error = configuration(&json!({name: value})).unwrap_err();
        assert_eq!(error.to_string(), format!("rule parameter {name}: {words}"));
    }
}

#[test]
fn an_unknown_parameter_is_an_error() {
    let error = configuration(&json!({"require": "any"})).unwrap_err();
    assert_eq!(error.parameter, "require");
    assert!(error.allowed.contains("requires"), "{error}");
}
