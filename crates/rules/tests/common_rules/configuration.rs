//! What a configuration tells of its parameters to those who act on them elsewhere: other clusters, admission policies.

use eks_rules::{Reading, RuleName, SecretsInEnv, Source, TrustedImages};
use serde_json::{Value, json};

use crate::judging::{cluster_at, configuration};

const NOON: &str = "2026-11-24T12:00:00Z";

fn trusted(parameters: &Value) -> TrustedImages {
    configuration(RuleName::TrustedRegCheck, parameters).unwrap().trusted_images(&cluster_at(NOON)).unwrap().unwrap()
}

#[test]
fn rules_have_their_names_and_binaries() {
    for (rule, name, binary) in [
        (RuleName::NetPolCheck, "netPolCheck", "net-pol-check"),
        (RuleName::PrivEscalation, "privEscalation", "priv-escalation"),
        (RuleName::TrustedRegCheck, "trustedRegCheck", "trusted-reg-check"),
    ] {
        assert_eq!((rule.to_string(), rule.binary()), (name.to_owned(), binary));
        assert_eq!(name.parse(), Ok(rule));
    }
    let told = "\"netpolcheck\" is no rule; the rules are netPolCheck, privEscalation, trustedRegCheck";
    assert_eq!("netpolcheck".parse::<RuleName>(), Err(told.to_owned()));
}

#[test]
fn what_every_judgement_knows_is_told_as_it_was_given() {
    let plain = configuration(RuleName::PrivEscalation, &json!({})).unwrap();
    assert!(!plain.includes_finished_pods());
    assert_eq!(plain.exemptions(), []);
    let exemptions = json!([{"namespace": "shop", "reason": "vendor"}]).to_string();
    let parameters = json!({"includeFinishedPods": "true", "exemptions": exemptions, "excludedNamespaces": "kube-*"});
    let given = configuration(RuleName::PrivEscalation, &parameters).unwrap();
    assert!(given.includes_finished_pods());
    assert_eq!(given.exemptions().len(), 1);
    assert_eq!(given.excluded_namespaces().patterns().collect::<Vec<_>>(), ["kube-*"]);
}

#[test]
fn readings_are_those_of_priv_escalation_alone() {
    let of = |parameters: Value| {
        let configuration = configuration(RuleName::PrivEscalation, &parameters).unwrap();
        (configuration.reading(), configuration.secrets_in_env())
    };
    assert_eq!(of(json!({})), (Some(Reading::Effective), Some(SecretsInEnv::Ignore)));
    let given = json!({"reading": "restricted", "secretsInEnv": "require"});
    assert_eq!(of(given), (Some(Reading::Restricted), Some(SecretsInEnv::Require)));
    for (rule, parameters) in
        [(RuleName::NetPolCheck, json!({})), (RuleName::TrustedRegCheck, json!({"trustedRegistries": "quay.io"}))]
    {
        let other = configuration(rule, &parameters).unwrap();
        assert_eq!((other.reading(), other.secrets_in_env()), (None, None), "{rule}");
    }
}

#[test]
fn what_is_trusted_is_told_by_trusted_reg_check_alone() {
    let plain = trusted(&json!({"trustedRegistries": "quay.io"}));
    assert_eq!(
        (plain.every_region, plain.require_digest, plain.judges_running_image, plain.registry_gate),
        (false, false, false, None)
    );
    assert_eq!(plain.sources.sources().len(), 1);
    assert_eq!(trusted(&json!({"trustedRegistries": "quay.io,ghcr.io/a"})).sources.sources().len(), 2);
    let digest = trusted(&json!({"trustedRegistries": "quay.io", "requireDigest": "true"}));
    assert!(digest.require_digest && !digest.judges_running_image);
    for (image_id, judged) in [("require", true), ("report", false), ("ignore", false)] {
        let running = trusted(&json!({"trustedRegistries": "quay.io", "imageId": image_id}));
        assert_eq!((running.judges_running_image, running.require_digest), (judged, false), "{image_id}");
    }
    let gate = trusted(&json!({"trustedRegistries": "quay.io", "failOnSeverity": "HIGH"}));
    assert_eq!(gate.registry_gate, Some(("failOnSeverity", "HIGH")));
    let other = configuration(RuleName::PrivEscalation, &json!({})).unwrap();
    assert_eq!(other.trusted_images(&cluster_at(NOON)), Ok(None));
}

#[test]
fn eks_addons_mean_every_region_where_none_is_known() {
    let mut scene = cluster_at(NOON);
    let addons = configuration(RuleName::TrustedRegCheck, &json!({"trustedRegistries": "eks-addons"})).unwrap();
    let quay = configuration(RuleName::TrustedRegCheck, &json!({"trustedRegistries": "quay.io"})).unwrap();
    assert!(!addons.trusted_images(&scene).unwrap().unwrap().every_region);
    (scene.region, scene.source) = (None, Source::Manifests);
    assert!(addons.trusted_images(&scene).unwrap().unwrap().every_region);
    assert!(!quay.trusted_images(&scene).unwrap().unwrap().every_region);
}

#[test]
fn chart_sources_are_judged_where_a_list_of_them_is_given() {
    let judges = |rule, parameters| configuration(rule, &parameters).unwrap().judges_chart_sources();
    assert!(!judges(RuleName::TrustedRegCheck, json!({"trustedRegistries": "quay.io"})));
    let charts = json!({"trustedRegistries": "quay.io", "trustedChartSources": "charts.example.com"});
    assert!(judges(RuleName::TrustedRegCheck, charts));
    assert!(!judges(RuleName::NetPolCheck, json!({})));
    assert!(!judges(RuleName::PrivEscalation, json!({})));
}

#[test]
fn registries_are_asked_for_gates_alone() {
    let asks = |rule, parameters| {
        let judge = configuration(rule, &parameters).unwrap().judge(&cluster_at(NOON)).unwrap();
        (judge.asks_registry(), judge.registry_questions().len())
    };
    assert_eq!(asks(RuleName::NetPolCheck, json!({})), (false, 0));
    assert_eq!(asks(RuleName::PrivEscalation, json!({})), (false, 0));
    assert_eq!(asks(RuleName::TrustedRegCheck, json!({"trustedRegistries": "quay.io"})), (false, 0));
    let gate = json!({"trustedRegistries": "quay.io", "failOnSeverity": "HIGH"});
    assert_eq!(asks(RuleName::TrustedRegCheck, gate), (true, 0));
}
