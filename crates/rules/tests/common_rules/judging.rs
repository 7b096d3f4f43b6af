//! Judging a handful of pods, for the tests of what the rules have in common and of privEscalation.

use eks_rules::object::Pod;
use eks_rules::{Configuration, Exemption, Finding, Object, ParameterError, Report, RuleName, RuleParameters};
use eks_rules::{Scene, Source};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};

const SEED: u64 = 20_261_124;

/// A runner of this many cases with the fixed seed, which it says where a test fails. `EKS_RULES_SEED` takes another
/// seed, `PROPTEST_CASES` another number of cases.
pub(crate) fn runner(cases: u32) -> TestRunner {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let seed = number("EKS_RULES_SEED").unwrap_or(SEED);
    let cases = number("PROPTEST_CASES").map_or(cases, |cases| u32::try_from(cases).expect("a small number"));
    eprintln!("EKS_RULES_SEED={seed} PROPTEST_CASES={cases}");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 20_000, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

/// A live cluster at a moment.
pub(crate) fn cluster_at(now: &str) -> Scene {
    Scene {
        source: Source::Cluster,
        account: Some("111122223333".to_owned()),
        region: Some("eu-central-1".to_owned()),
        now: now.parse().unwrap(),
        default_grace_seconds: 60,
    }
}

/// The configuration of a rule from these parameters.
pub(crate) fn configuration(rule: RuleName, parameters: &Value) -> Result<Configuration, ParameterError> {
    let mut parameters = RuleParameters::from_json(parameters.as_object().unwrap())?;
    let configuration = Configuration::take(rule, &mut parameters)?;
    parameters.finish()?;
    Ok(configuration)
}

/// What a configuration says of these pods, observed in this order at noon of 24 November 2026.
pub(crate) fn report_of<'a>(configuration: &Configuration, pods: impl IntoIterator<Item = &'a Value>) -> Report {
    report_at("2026-11-24T12:00:00Z", configuration, pods)
}

/// What a configuration says of these pods at a moment.
pub(crate) fn report_at<'a>(
    now: &str,
    configuration: &Configuration,
    pods: impl IntoIterator<Item = &'a Value>,
) -> Report {
    let mut judge = configuration.judge(&cluster_at(now)).unwrap();
    for pod in pods {
        let pod: Pod = eks_rules::decode("Pod", pod).unwrap();
        judge.observe(Object::Pod(&pod));
    }
    judge.report()
}

/// What privEscalation says of these pods.
pub(crate) fn escalation(parameters: &Value, pods: &[Value]) -> Report {
    report_of(&configuration(RuleName::PrivEscalation, parameters).unwrap(), pods)
}

/// What privEscalation says of these pods with these exemptions.
pub(crate) fn escalation_exempting(exemptions: &Value, pods: &[Value]) -> Report {
    let mut configuration = configuration(RuleName::PrivEscalation, &json!({})).unwrap();
    configuration.exempt(Exemption::parse_list("exemptions", &exemptions.to_string()).unwrap());
    report_of(&configuration, pods)
}

/// A running pod of the namespace `shop` without a controller.
pub(crate) fn bare_pod(name: &str, spec: Value) -> Value {
    json!({"metadata": {"name": name, "namespace": "shop"}, "spec": spec, "status": {"phase": "Running"}})
}

/// A running pod whose one container has this security context; null leaves it out.
pub(crate) fn pod_of(security_context: Value) -> Value {
    bare_pod("web-0", json!({"containers": [container("app", security_context)]}))
}

/// A container with this security context; null leaves it out.
pub(crate) fn container(name: &str, security_context: Value) -> Value {
    let mut container = json!({"name": name, "image": "nginx:1.27"});
    if !security_context.is_null() {
        container["securityContext"] = security_context;
    }
    container
}

/// The pod under a controller.
pub(crate) fn controlled(mut pod: Value, name: &str, kind: &str, owner: &str) -> Value {
    let owner = json!({"apiVersion": "apps/v1", "kind": kind, "name": owner, "uid": "u", "controller": true});
    pod["metadata"]["name"] = json!(name);
    pod["metadata"]["ownerReferences"] = json!([owner]);
    pod
}

/// The pod as one of a Deployment's, whose ReplicaSet has the hash `5d8f7c9b4`.
pub(crate) fn deployed(pod: Value, deployment: &str, suffix: &str) -> Value {
    let set = format!("{deployment}-5d8f7c9b4");
    let mut pod = controlled(pod, &format!("{set}-{suffix}"), "ReplicaSet", &set);
    pod["metadata"]["labels"] = json!({"pod-template-hash": "5d8f7c9b4"});
    pod
}

/// The pod in another namespace.
pub(crate) fn in_namespace(mut pod: Value, namespace: &str) -> Value {
    pod["metadata"]["namespace"] = json!(namespace);
    pod
}

/// The pod in a phase.
pub(crate) fn in_phase(mut pod: Value, phase: &str) -> Value {
    pod["status"]["phase"] = json!(phase);
    pod
}

/// The only finding of a report.
#[track_caller]
pub(crate) fn only(report: &Report) -> &Finding {
    assert_eq!(report.findings.len(), 1, "{:#?}", report.findings);
    &report.findings[0]
}

/// The owner of a finding, as `KIND/NAME`.
pub(crate) fn owner(finding: &Finding) -> String {
    let owner = finding.owner.as_ref().unwrap();
    format!("{}/{}", owner.kind, owner.name)
}
