use serde::Deserialize;

use super::{Metadata, null_as_default};

/// A core/v1 `Pod`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct Pod {
    /// Name, namespace, labels and owners.
    #[serde(deserialize_with = "null_as_default")]
    pub metadata: Metadata,
    /// What the pod runs.
    #[serde(deserialize_with = "null_as_default")]
    pub spec: PodSpec,
    /// Phase and running images.
    #[serde(deserialize_with = "null_as_default")]
    pub status: PodStatus,
}

impl Pod {
    /// Whether every container has ended for good: phase `Succeeded` or `Failed`.
    #[must_use]
    pub fn finished(&self) -> bool {
        matches!(self.status.phase.as_str(), "Succeeded" | "Failed")
    }

    /// Whether the pod says that it runs on Windows (`spec.os.name`).
    #[must_use]
    pub fn windows(&self) -> bool {
        self.spec.os.as_ref().is_some_and(|os| os.name == "windows")
    }
}

/// `spec` of a pod or of a pod template.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct PodSpec {
    /// Init containers, in order; sidecars are among them (`restartPolicy: Always`).
    #[serde(deserialize_with = "null_as_default")]
    pub init_containers: Vec<Container>,
    /// Regular containers.
    #[serde(deserialize_with = "null_as_default")]
    pub containers: Vec<Container>,
    /// Ephemeral containers, put in by `kubectl debug`.
    #[serde(deserialize_with = "null_as_default")]
    pub ephemeral_containers: Vec<Container>,
    /// Volumes; only image volumes carry anything.
    #[serde(deserialize_with = "null_as_default")]
    pub volumes: Vec<Volume>,
    /// Whether the pod uses its node's network, where no network policy reaches it.
    #[serde(deserialize_with = "null_as_default")]
    pub host_network: bool,
    /// The operating system that the pod asks for.
    pub os: Option<PodOs>,
    /// The node that runs the pod; empty while it is not scheduled.
    #[serde(deserialize_with = "null_as_default")]
    pub node_name: String,
}

/// `spec.os` of a pod.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct PodOs {
    /// `linux` or `windows`.
    #[serde(deserialize_with = "null_as_default")]
    pub name: String,
}

/// A container of any of the three lists.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct Container {
    /// The container's name, unique in its pod.
    #[serde(deserialize_with = "null_as_default")]
    pub name: String,
    /// The image as written; empty or absent where a manifest leaves it out.
    #[serde(deserialize_with = "null_as_default")]
    pub image: String,
    /// The container's own security context.
    pub security_context: Option<SecurityContext>,
    /// The container's process and its arguments: the network policy agent says there whether it enforces.
    #[serde(deserialize_with = "null_as_default")]
    pub args: Vec<String>,
}

/// `securityContext` of a container.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct SecurityContext {
    /// Whether a process may gain more privileges than its parent; unset means yes on Linux.
    pub allow_privilege_escalation: Option<bool>,
    /// Whether the container runs with the host's powers.
    pub privileged: Option<bool>,
    /// Linux capabilities added and dropped.
    pub capabilities: Option<Capabilities>,
}

/// `securityContext.capabilities`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct Capabilities {
    /// Added ones.
    #[serde(deserialize_with = "null_as_default")]
    pub add: Vec<String>,
    /// Dropped ones.
    #[serde(deserialize_with = "null_as_default")]
    pub drop: Vec<String>,
}

/// A volume of a pod, of which only an image source is kept.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct Volume {
    /// The volume's name.
    #[serde(deserialize_with = "null_as_default")]
    pub name: String,
    /// The image that an image volume mounts.
    pub image: Option<ImageVolume>,
}

/// `volumes[].image` (core/v1 `ImageVolumeSource`).
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct ImageVolume {
    /// The image reference.
    #[serde(deserialize_with = "null_as_default")]
    pub reference: String,
}

/// `status` of a pod.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct PodStatus {
    /// `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`; empty in manifests.
    #[serde(deserialize_with = "null_as_default")]
    pub phase: String,
    /// What the init containers run.
    #[serde(deserialize_with = "null_as_default")]
    pub init_container_statuses: Vec<ContainerStatus>,
    /// What the regular containers run.
    #[serde(deserialize_with = "null_as_default")]
    pub container_statuses: Vec<ContainerStatus>,
    /// What the ephemeral containers run.
    #[serde(deserialize_with = "null_as_default")]
    pub ephemeral_container_statuses: Vec<ContainerStatus>,
}

/// A container's status, of which only the running image is kept.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct ContainerStatus {
    /// Name of the container.
    #[serde(deserialize_with = "null_as_default")]
    pub name: String,
    /// The running image as the container runtime names it: a reference with a digest, a bare digest, or empty.
    #[serde(rename = "imageID", deserialize_with = "null_as_default")]
    pub image_id: String,
}
