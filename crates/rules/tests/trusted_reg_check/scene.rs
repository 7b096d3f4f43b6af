//! A small cluster for the tests of trustedRegCheck: pods are made from JSON, as the Kubernetes API gives them.

use eks_rules::object::Pod;
use eks_rules::{Configuration, Finding, Judge, Object, ParameterError, Reason, Report, RuleName, RuleParameters};
use eks_rules::{Scene, Source};
use serde_json::{Value, json};

pub(crate) const SHA: &str = "sha256:1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a";

/// A cluster in account 123456789012, region eu-central-1.
pub(crate) fn cluster() -> Scene {
    Scene {
        source: Source::Cluster,
        account: Some("123456789012".to_owned()),
        region: Some("eu-central-1".to_owned()),
        now: "2026-11-24T00:00:00Z".parse().unwrap(),
        default_grace_seconds: 0,
    }
}

/// Manifests, of which neither account nor region is known.
pub(crate) fn manifests() -> Scene {
    Scene { source: Source::Manifests, account: None, region: None, ..cluster() }
}

/// The configuration of these parameters.
pub(crate) fn configuration(parameters: &Value) -> Result<Configuration, ParameterError> {
    let mut parameters = RuleParameters::from_json(parameters.as_object().unwrap())?;
    let configuration = Configuration::take(RuleName::TrustedRegCheck, &mut parameters)?;
    parameters.finish()?;
    Ok(configuration)
}

/// A judgement with these parameters.
pub(crate) fn judge(parameters: &Value, scene: &Scene) -> Judge {
    configuration(parameters).unwrap().judge(scene).unwrap()
}

/// What is said of these pods.
pub(crate) fn report_on(parameters: &Value, scene: &Scene, pods: &[Value]) -> Report {
    let mut judge = judge(parameters, scene);
    for pod in pods {
        let pod: Pod = eks_rules::decode("Pod", pod).unwrap();
        judge.observe(Object::Pod(&pod));
    }
    judge.report()
}

/// A running pod of one container.
pub(crate) fn pod(image: &str) -> Value {
    json!({
        "metadata": {"name": "web-0", "namespace": "shop"},
        "spec": {"containers": [{"name": "app", "image": image}]},
        "status": {"phase": "Running"},
    })
}

/// A running pod of one container whose status has an `imageID`.
pub(crate) fn running(image: &str, image_id: &str) -> Value {
    let mut pod = pod(image);
    pod["status"]["containerStatuses"] = json!([{"name": "app", "imageID": image_id}]);
    pod
}

/// The reasons against one image under these entries.
pub(crate) fn reasons(image: &str, entries: &str) -> Vec<Reason> {
    reasons_with(image, &json!({"trustedRegistries": entries}), &cluster())
}

/// The reasons against one image under these parameters.
pub(crate) fn reasons_with(image: &str, parameters: &Value, scene: &Scene) -> Vec<Reason> {
    let report = report_on(parameters, scene, &[pod(image)]);
    report.findings.iter().flat_map(|finding| finding.reasons.clone()).collect()
}

#[track_caller]
pub(crate) fn trusts(entries: &str, images: &[&str]) {
    for image in images {
        assert_eq!(reasons(image, entries), [], "{image} under {entries}");
    }
}

#[track_caller]
pub(crate) fn does_not_trust(entries: &str, images: &[&str]) {
    for image in images {
        assert_eq!(reasons(image, entries), [Reason::Untrusted], "{image} under {entries}");
    }
}

/// The only finding of a report.
#[track_caller]
pub(crate) fn only(report: &Report) -> &Finding {
    assert_eq!(report.findings.len(), 1, "{:#?}", report.findings);
    &report.findings[0]
}
