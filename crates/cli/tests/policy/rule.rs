//! The rule's own judgement of one object.

use eks_rules::object::{CronJob, Metadata, Pod, PodTemplate, Workload};
use eks_rules::{Configuration, ContainerKind, Object, Owner, RuleName, RuleParameters, Scene, Source, decode};
use jiff::Timestamp;
use serde_json::Value;

use crate::admission::Reasons;

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const REGION: &str = "eu-west-1";

/// A rule with its parameters.
pub(crate) struct Rule(Configuration);

impl Rule {
    pub(crate) fn new(rule: &str, parameters: &Value) -> Self {
        let rule: RuleName = rule.parse().unwrap();
        let mut parameters = RuleParameters::from_json(parameters.as_object().unwrap()).unwrap();
        let configuration = Configuration::take(rule, &mut parameters).unwrap();
        parameters.finish().unwrap();
        Self(configuration)
    }

    /// The reasons for which the rule reports an object, each with the containers and volumes.
    pub(crate) fn reasons(&self, object: &Value) -> Reasons {
        let scene = Scene {
            source: Source::Manifests,
            account: Some(ACCOUNT.to_owned()),
            region: Some(REGION.to_owned()),
            now: Timestamp::now(),
            default_grace_seconds: 0,
        };
        let mut judge = self.0.judge(&scene).unwrap();
        judge.observe(Object::Pod(&pod(object)));
        let mut reasons = Reasons::new();
        for finding in judge.report().findings {
            let name = finding.container.unwrap();
            let volume = finding.container_kind == Some(ContainerKind::ImageVolume);
            let name = if volume { format!("volume {name}") } else { name };
            for reason in finding.reasons {
                reasons.entry(format!("{reason:?}")).or_default().insert(name.clone());
            }
        }
        reasons
    }
}

/// A pod, or the pod that a workload makes.
fn pod(object: &Value) -> Pod {
    let kind = object["kind"].as_str().unwrap();
    let made = |metadata: &Metadata, template: eks_rules::object::PodTemplateSpec| {
        template.into_pod(&metadata.namespace, &Owner::new(kind, &metadata.name))
    };
    match kind {
        "Pod" => decode("Pod", object).unwrap(),
        "CronJob" => {
            let CronJob { metadata, spec } = decode("CronJob", object).unwrap();
            made(&metadata, spec.job_template.spec.template)
        }
        "PodTemplate" => {
            let PodTemplate { metadata, template } = decode("PodTemplate", object).unwrap();
            made(&metadata, template)
        }
        _ => {
            let Workload { metadata, spec } = decode("workload", object).unwrap();
            made(&metadata, spec.template)
        }
    }
}
