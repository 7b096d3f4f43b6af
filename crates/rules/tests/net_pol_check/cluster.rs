//! A small cluster for the tests of netPolCheck: objects are made from JSON, as the Kubernetes API gives them, and
//! decoded by the crate itself.

use eks_rules::{
    Configuration, Exemption, Finding, Judge, Kind, ParameterError, Reason, Report, RuleName, RuleParameters, Scene,
    Source, decode_object,
};
use serde_json::{Value, json};

pub(crate) const NOW: &str = "2026-11-24T12:00:00Z";

/// A live cluster.
pub(crate) fn live() -> Scene {
    Scene {
        source: Source::Cluster,
        account: Some("111122223333".to_owned()),
        region: Some("eu-central-1".to_owned()),
        now: NOW.parse().unwrap(),
        default_grace_seconds: 60,
    }
}

/// Manifests, of which nothing runs.
pub(crate) fn manifests() -> Scene {
    Scene { source: Source::Manifests, account: None, region: None, default_grace_seconds: 0, ..live() }
}

/// The configuration of these parameters.
pub(crate) fn configuration(parameters: &Value) -> Result<Configuration, ParameterError> {
    let mut parameters = RuleParameters::from_json(parameters.as_object().unwrap())?;
    let configuration = Configuration::take(RuleName::NetPolCheck, &mut parameters)?;
    parameters.finish()?;
    Ok(configuration)
}

/// A judgement with these parameters.
pub(crate) fn start(parameters: &Value, scene: &Scene) -> Judge {
    configuration(parameters).unwrap().judge(scene).unwrap()
}

/// Shows a judgement the objects, of kinds that it reads, in the order given.
pub(crate) fn show<'a>(judge: &mut Judge, objects: impl IntoIterator<Item = &'a (Kind, Value)>) {
    let reads = judge.reads();
    for (kind, value) in objects {
        if reads.iter().any(|read| read.kind == *kind) {
            decode_object(*kind, value, &mut |object| judge.observe(object)).unwrap();
        }
    }
}

/// What is said of a live cluster with these objects, listed as a reader lists them: kind by kind, in the order of
/// [`Judge::reads`].
pub(crate) fn report(parameters: &Value, objects: &[(Kind, Value)]) -> Report {
    report_exempting(parameters, objects, "[]")
}

pub(crate) fn report_exempting(parameters: &Value, objects: &[(Kind, Value)], exemptions: &str) -> Report {
    let mut configuration = configuration(parameters).unwrap();
    configuration.exempt(Exemption::parse_list("exemptions", exemptions).unwrap());
    let mut judge = configuration.judge(&live()).unwrap();
    for read in judge.reads() {
        show(&mut judge, objects.iter().filter(|(kind, _)| *kind == read.kind));
    }
    judge.report()
}

/// What is said of manifests with these objects, in the order given.
pub(crate) fn report_of_manifests<'a>(
    parameters: &Value,
    objects: impl IntoIterator<Item = &'a (Kind, Value)>,
) -> Report {
    let mut judge = start(parameters, &manifests());
    show(&mut judge, objects);
    judge.report()
}

/// The findings, as (namespace, reasons), which must be the same for a live cluster and for manifests in either order.
#[track_caller]
pub(crate) fn found(parameters: &Value, objects: &[(Kind, Value)]) -> Vec<(String, Vec<Reason>)> {
    let findings = report(parameters, objects).findings;
    assert_eq!(report_of_manifests(parameters, objects).findings, findings, "manifests in order");
    assert_eq!(report_of_manifests(parameters, objects.iter().rev()).findings, findings, "manifests in reverse order");
    findings.into_iter().map(|finding| (finding.namespace.unwrap_or_default(), finding.reasons)).collect()
}

/// The reasons against the namespace `shop`, in which all objects are.
#[track_caller]
pub(crate) fn reasons(requires: &str, objects: &[(Kind, Value)]) -> Vec<Reason> {
    let found = found(&json!({"requires": requires}), objects);
    assert!(found.iter().all(|(namespace, _)| namespace == "shop"), "{found:?}");
    found.into_iter().flat_map(|(_, reasons)| reasons).collect()
}

/// The rungs of the ladder under which the namespace `shop` is ok.
#[track_caller]
pub(crate) fn rungs(objects: &[(Kind, Value)]) -> Vec<&'static str> {
    ["any", "covered", "default-deny-ingress", "default-deny-egress", "default-deny"]
        .into_iter()
        .filter(|rung| reasons(rung, objects).is_empty())
        .collect()
}

pub(crate) fn namespace(name: &str) -> (Kind, Value) {
    let labels = json!({"kubernetes.io/metadata.name": name});
    let metadata = json!({"name": name, "labels": labels, "creationTimestamp": "2026-01-01T00:00:00Z"});
    (Kind::Namespace, json!({"metadata": metadata, "status": {"phase": "Active"}}))
}

pub(crate) fn labelled_namespace(name: &str, labels: Value) -> (Kind, Value) {
    let (kind, mut value) = namespace(name);
    for (key, label) in labels.as_object().unwrap() {
        value["metadata"]["labels"][key] = label.clone();
    }
    (kind, value)
}

/// A policy of the namespace `shop`.
pub(crate) fn policy(spec: Value) -> (Kind, Value) {
    policy_in("shop", spec)
}

pub(crate) fn policy_in(namespace: &str, spec: Value) -> (Kind, Value) {
    of_kind(Kind::NetworkPolicy, namespace, spec)
}

pub(crate) fn of_kind(kind: Kind, namespace: &str, spec: Value) -> (Kind, Value) {
    let metadata =
        if namespace.is_empty() { json!({"name": "p"}) } else { json!({"name": "p", "namespace": namespace}) };
    (kind, json!({"metadata": metadata, "spec": spec}))
}

/// A pod of the namespace `shop`, of the Deployment `web`.
pub(crate) fn pod(labels: Value) -> (Kind, Value) {
    let mut labels = labels;
    labels["pod-template-hash"] = json!("5d8f7c9b4");
    let owner = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-5d8f7c9b4", "controller": true});
    let metadata = json!({
        "name": "web-5d8f7c9b4-x2x7p", "namespace": "shop", "labels": labels, "ownerReferences": [owner],
    });
    let containers = json!([{"name": "app", "image": "nginx"}]);
    (Kind::Pod, json!({"metadata": metadata, "spec": {"containers": containers}, "status": {"phase": "Running"}}))
}

pub(crate) fn host_network_pod() -> (Kind, Value) {
    let (kind, mut value) = pod(json!({}));
    value["spec"]["hostNetwork"] = json!(true);
    (kind, value)
}

/// The only finding of a report.
#[track_caller]
pub(crate) fn only(report: &Report) -> &Finding {
    assert_eq!(report.findings.len(), 1, "{:#?}", report.findings);
    &report.findings[0]
}
