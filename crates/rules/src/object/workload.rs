use serde::Deserialize;

use super::{Metadata, Pod, PodSpec, PodStatus, null_as_default};
use crate::Owner;

/// An object whose `spec.template` makes pods: Deployment, StatefulSet, DaemonSet, ReplicaSet,
/// ReplicationController (apps/v1, core/v1) or Job (batch/v1).
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct Workload {
    /// Name, namespace and owners of the workload.
    #[serde(deserialize_with = "null_as_default")]
    pub metadata: Metadata,
    /// Its replicas and its template.
    #[serde(deserialize_with = "null_as_default")]
    pub spec: WorkloadSpec,
}

/// `spec` of a workload.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct WorkloadSpec {
    /// The wanted number of pods, where the kind has one; absent means one.
    pub replicas: Option<i64>,
    /// The template of its pods.
    #[serde(deserialize_with = "null_as_default")]
    pub template: PodTemplateSpec,
}

/// A batch/v1 `CronJob`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct CronJob {
    /// Name and namespace.
    #[serde(deserialize_with = "null_as_default")]
    pub metadata: Metadata,
    /// The template of its jobs.
    #[serde(deserialize_with = "null_as_default")]
    pub spec: CronJobSpec,
}

/// `spec` of a CronJob.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct CronJobSpec {
    /// The template of its jobs, whose `spec.template` makes the pods.
    #[serde(deserialize_with = "null_as_default")]
    pub job_template: JobTemplate,
}

/// `spec.jobTemplate` of a CronJob.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct JobTemplate {
    /// The Job's spec.
    #[serde(deserialize_with = "null_as_default")]
    pub spec: WorkloadSpec,
}

/// A core/v1 `PodTemplate`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct PodTemplate {
    /// Name and namespace.
    #[serde(deserialize_with = "null_as_default")]
    pub metadata: Metadata,
    /// The template.
    #[serde(deserialize_with = "null_as_default")]
    pub template: PodTemplateSpec,
}

/// `template` of a workload (core/v1 `PodTemplateSpec`).
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct PodTemplateSpec {
    /// Labels of the pods.
    #[serde(deserialize_with = "null_as_default")]
    pub metadata: Metadata,
    /// What the pods run.
    #[serde(deserialize_with = "null_as_default")]
    pub spec: PodSpec,
}

impl PodTemplateSpec {
    /// The pod that this template makes in `namespace`, judged in the name of `owner`.
    #[must_use]
    pub fn into_pod(self, namespace: &str, owner: &Owner) -> Pod {
        let mut metadata = self.metadata;
        metadata.name.clone_from(&owner.name);
        // Only the kubelet makes static pods.
        metadata.annotations.mirror = false;
        namespace.clone_into(&mut metadata.namespace);
        metadata.owner_references =
            vec![super::OwnerReference { kind: owner.kind.clone(), name: owner.name.clone(), controller: true }];
        Pod { metadata, spec: self.spec, status: PodStatus::default() }
    }
}
