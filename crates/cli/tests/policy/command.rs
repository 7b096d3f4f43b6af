use k8s_openapi::api::admissionregistration::v1::{ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::admission::{documents, run};

#[track_caller]
fn refuses(arguments: &[&str], error: &str) {
    let (status, text, errors) = run(&[&["policy"], arguments].concat());
    assert_eq!((status, text.as_str()), (2, ""), "{errors}");
    assert!(errors.starts_with(&format!("error: {error}")), "{errors}");
}

#[track_caller]
fn printed(arguments: &[&str]) -> (String, String) {
    let (status, text, errors) = run(&[&["policy"], arguments].concat());
    assert_eq!(status, 0, "{errors}");
    (text, errors)
}

/// The object, as a client that knows its kind understands it.
fn understood<T: DeserializeOwned + Serialize>(document: &Value) -> Value {
    serde_json::to_value(serde_json::from_value::<T>(document.clone()).unwrap()).unwrap()
}

#[test]
fn policy_and_binding_have_no_field_that_the_api_does_not_know() {
    let selector = "env in (prod, stage),tier!=test,!scratch,team";
    for (rule, parameters) in [("privEscalation", "{}"), ("trustedRegCheck", r#"{"trustedRegistries": "ghcr.io"}"#)] {
        let (text, _) = printed(&[rule, "--parameters", parameters, "--namespace-selector", selector]);
        let documents = documents(&text);
        assert_eq!(documents.len(), 2, "{text}");
        assert_eq!(understood::<ValidatingAdmissionPolicy>(&documents[0]), documents[0]);
        assert_eq!(understood::<ValidatingAdmissionPolicyBinding>(&documents[1]), documents[1]);
        assert_eq!(documents[0]["spec"]["failurePolicy"], "Fail");
        assert_eq!(documents[1]["spec"]["policyName"], documents[0]["metadata"]["name"]);
        let expected = json!([
            {"key": "env", "operator": "In", "values": ["prod", "stage"]},
            {"key": "tier", "operator": "NotIn", "values": ["test"]},
            {"key": "scratch", "operator": "DoesNotExist"},
            {"key": "team", "operator": "Exists"},
        ]);
        assert_eq!(documents[1]["spec"]["matchResources"]["namespaceSelector"]["matchExpressions"], expected);
    }
}

#[test]
fn without_a_selector_every_namespace_is_bound() {
    let (text, _) = printed(&["privEscalation"]);
    assert_eq!(documents(&text)[1]["spec"].get("matchResources"), None);
}

#[test]
fn every_resource_that_makes_pods_is_matched() {
    let (text, _) = printed(&["privEscalation"]);
    let rules = &documents(&text)[0]["spec"]["matchConstraints"]["resourceRules"];
    let mut resources: Vec<String> = rules
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|rule| rule["resources"].as_array().unwrap().clone())
        .map(|resource| resource.as_str().unwrap().to_owned())
        .collect();
    resources.sort();
    let expected = [
        "cronjobs",
        "daemonsets",
        "deployments",
        "jobs",
        "pods",
        "pods/ephemeralcontainers",
        "podtemplates",
        "replicasets",
        "replicationcontrollers",
        "statefulsets",
    ];
    assert_eq!(resources, expected);
}

#[test]
fn net_pol_check_is_refused_with_the_reason() {
    refuses(&["netPolCheck"], "netPolCheck: no admission policy can say this: a policy sees one object at a time");
}

#[test]
fn what_cel_does_not_know_is_refused() {
    let parameters = r#"{"trustedRegistries": "ghcr.io", "imageId": "require"}"#;
    refuses(
        &["trustedRegCheck", "--parameters", parameters],
        "trustedRegCheck: rule parameter imageId: given \"require\"; allowed: report, ignore: what a node runs",
    );
    let charts = r#"{"trustedRegistries": "ghcr.io", "trustedChartSources": "ghcr.io"}"#;
    refuses(
        &["trustedRegCheck", "--parameters", charts],
        "trustedRegCheck: rule parameter trustedChartSources: an admission policy for pods does not see where charts come from",
    );
    for (gate, value) in [
        ("failOnSeverity", "HIGH"),
        ("unscanned", "fail"),
        ("requireImmutableTags", "true"),
        ("requireKmsEncryption", "true"),
    ] {
        let parameters = format!(r#"{{"trustedRegistries": "ghcr.io", "{gate}": "{value}"}}"#);
        refuses(
            &["trustedRegCheck", "--parameters", &parameters],
            &format!(
                "trustedRegCheck: rule parameter {gate}: given {value:?}; allowed: nothing, since CEL cannot look into ECR"
            ),
        );
    }
    let expiring = r#"{"exemptions": "[{\"namespace\": \"a\", \"reason\": \"b\", \"expires\": \"2999-01-01\"}]"}"#;
    refuses(
        &["privEscalation", "--parameters", expiring],
        "privEscalation: rule parameter exemptions: given one in a that expires after 2999-01-01; allowed: exemptions \
         without expires",
    );
    let own = r#"{"trustedRegistries": "ecr:self"}"#;
    refuses(
        &["trustedRegCheck", "--parameters", own],
        "trustedRegCheck: rule parameter trustedRegistries: given \"ecr:self\"",
    );
}

#[test]
fn an_expired_exemption_and_one_of_another_rule_are_left_out() {
    let exemptions = r#"[{"namespace": "a", "reason": "b", "expires": "2020-01-01"},
                         {"namespace": "c", "reason": "d", "expires": "2999-01-01", "rules": ["netPolCheck"]}]"#;
    let parameters = json!({"exemptions": exemptions}).to_string();
    let (text, notes) = printed(&["privEscalation", "--parameters", &parameters]);
    assert!(!text.contains("not-exempt"), "{text}");
    assert_eq!(notes, "note: an exemption in a expired after 2020-01-01 and is left out\n");
}

#[test]
fn a_name_in_an_exemption_cannot_end_its_string() {
    let exemptions = json!([{"namespace": "a'\\\n b", "reason": "c"}]).to_string();
    let parameters = json!({"exemptions": exemptions}).to_string();
    let (text, _) = printed(&["privEscalation", "--parameters", &parameters]);
    let conditions = documents(&text)[0]["spec"]["matchConditions"].to_string();
    assert!(conditions.contains(r"request.namespace == 'a\\'\\\\\\u000a b'"), "{conditions}");
}

#[test]
fn a_selector_that_is_none_is_refused() {
    for selector in ["a=b=c", "a in b", "a in (b", "=b", "a,,b", "!", "a b", "a in ()x", "-a"] {
        let (status, text, _) = run(&["policy", "privEscalation", &format!("--namespace-selector={selector}")]);
        assert_eq!((status, text.as_str()), (2, ""), "{selector}");
    }
}

#[test]
fn without_a_region_the_add_ons_of_every_region_are_trusted_and_that_is_told() {
    let parameters = r#"{"trustedRegistries": "eks-addons"}"#;
    let (text, notes) = printed(&["trustedRegCheck", "--parameters", parameters]);
    assert!(text.contains("us-east-1") && text.contains("eu-central-1"));
    assert!(notes.contains("note: eks-addons of every region trusted"), "{notes}");
    let (text, notes) = printed(&["trustedRegCheck", "--parameters", parameters, "--region", "us-east-1"]);
    assert!(text.contains("us-east-1") && !text.contains("eu-central-1"));
    assert_eq!(notes, "");
}

#[test]
fn two_policies_in_one_cluster_have_two_names() {
    let (text, _) = printed(&["privEscalation", "--name", "escalation.of.tests"]);
    let documents = documents(&text);
    assert_eq!(documents[0]["metadata"]["name"], "escalation.of.tests");
    assert_eq!(documents[1]["metadata"]["name"], "escalation.of.tests");
    assert_eq!(documents[1]["spec"]["policyName"], "escalation.of.tests");
    for name in ["Upper", "-a", "a..b", "", "a_b"] {
        let (status, text, _) = run(&["policy", "privEscalation", &format!("--name={name}")]);
        assert_eq!((status, text.as_str()), (2, ""), "{name}");
    }
}

#[test]
fn the_cost_is_told_and_leaves_room_for_pods_that_are_large() {
    let most = |arguments: &[&str]| -> usize {
        let (text, _) = printed(arguments);
        let comment: String =
            text.lines().take_while(|line| *line != "---").map(|line| line.trim_start_matches('#')).collect();
        let (_, rest) = comment.split_once("so about ").unwrap();
        rest.split(' ').next().unwrap().parse().unwrap()
    };
    assert!(most(&["privEscalation"]) > 1000);
    let everything =
        r#"{"trustedRegistries": "docker.io,*.gcr.io,ghcr.io/a,eks-addons,ecr:111122223333", "requireDigest": "true"}"#;
    assert!(most(&["trustedRegCheck", "--parameters", everything]) > 50);
}
