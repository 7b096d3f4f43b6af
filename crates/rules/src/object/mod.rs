//! Kubernetes objects, cut down to the fields that a rule reads.
//!
//! Every type decodes from the JSON of the Kubernetes API (and so from YAML manifests): unknown fields are skipped,
//! `null` is the same as absent, a known field of the wrong type is an error. The field names are the API's.
//!
//! Namespaces, network policies and pods decode from Kubernetes' protobuf too. It is the same type with a tag on every
//! field, so that no field can be in one form and not in the other. The tags are those of Kubernetes' published
//! `generated.proto` files (`k8s.io/api/core/v1`, `networking/v1`, `apimachinery/pkg/apis/meta/v1`).

mod calico;
mod chart;
mod cilium;
mod enforcement;
mod environment;
mod labels;
mod metadata;
mod namespace;
mod network_policy;
mod pod;
mod workload;

pub use calico::{CalicoPolicy, CalicoPolicySpec};
pub use chart::{
    ArgoApplication, ArgoApplicationSet, ArgoApplicationSetSpec, ArgoApplicationSpec, ArgoApplicationTemplate,
    ArgoSource, FluxSource, FluxSourceSpec, HelmChart, HelmChartSpec, HelmChartTemplate, HelmRelease, HelmReleaseSpec,
    SourceReference,
};
pub use cilium::{CiliumPolicy, CiliumRule, DefaultDeny};
pub use enforcement::{ConfigMap, NodeClass, NodeClassSpec, UncountedPolicy};
pub use environment::{Environment, EnvironmentSources, SecretName, SecretReference, VariableSource};
pub use labels::Labels;
pub use metadata::{Annotations, Metadata, OwnerReference};
pub use namespace::{Namespace, NamespaceMetadata, NamespaceStatus, Time};
pub use network_policy::{
    IpBlock, LabelSelector, NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPeer,
    NetworkPolicyPort, NetworkPolicySpec, SelectorRequirement,
};
pub use pod::{
    Capabilities, Container, ContainerStatus, EphemeralContainer, ImageVolume, Pod, PodOs, PodSpec, PodStatus,
    SecurityContext, Volume, VolumeSource,
};
pub use workload::{CronJob, PodTemplate, PodTemplateSpec, Workload};

use serde::{Deserialize, Deserializer};

/// Reads `null` as the type's default, as the Kubernetes API does.
pub(crate) fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// Reads `null` as an empty list, and a `null` item as the type's default, as the Kubernetes API does.
pub(crate) fn null_items_as_default<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    let items = Option::<Vec<Option<T>>>::deserialize(deserializer)?.unwrap_or_default();
    Ok(items.into_iter().map(Option::unwrap_or_default).collect())
}
