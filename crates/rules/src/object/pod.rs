use prost::Message;
use serde::Deserialize;

use super::{Environment, EnvironmentSources, Metadata, null_as_default};

/// A core/v1 `Pod`.
#[derive(Clone, Deserialize, PartialEq, Eq, Message)]
#[serde(default)]
pub struct Pod {
    /// Name, namespace, labels and owners.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(message, required, tag = "1")]
    pub metadata: Metadata,
    /// What the pod runs.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(message, required, tag = "2")]
    pub spec: PodSpec,
    /// Phase and running images.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(message, required, tag = "3")]
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
#[derive(Clone, Deserialize, PartialEq, Eq, Message)]
#[serde(rename_all = "camelCase", default)]
pub struct PodSpec {
    /// Init containers, in order; sidecars are among them (`restartPolicy: Always`).
    #[serde(deserialize_with = "null_as_default")]
    #[prost(message, repeated, tag = "20")]
    pub init_containers: Vec<Container>,
    /// Regular containers.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(message, repeated, tag = "2")]
    pub containers: Vec<Container>,
    /// Ephemeral containers, put in by `kubectl debug`.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(message, repeated, tag = "34")]
    pub ephemeral_containers: Vec<EphemeralContainer>,
    /// Volumes; only image volumes carry anything.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(message, repeated, tag = "1")]
    pub volumes: Vec<Volume>,
    /// Whether the pod uses its node's network, where no network policy reaches it.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(bool, tag = "11")]
    pub host_network: bool,
    /// The operating system that the pod asks for.
    #[prost(message, optional, tag = "36")]
    pub os: Option<PodOs>,
    /// The node that runs the pod; empty while it is not scheduled.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(string, tag = "10")]
    pub node_name: String,
}

/// `spec.os` of a pod.
#[derive(Clone, Deserialize, PartialEq, Eq, Message)]
#[serde(default)]
pub struct PodOs {
    /// `linux` or `windows`.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(string, tag = "1")]
    pub name: String,
}

/// A container of any of the three lists.
#[derive(Clone, Deserialize, PartialEq, Eq, Message)]
#[serde(rename_all = "camelCase", default)]
pub struct Container {
    /// The container's name, unique in its pod.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(string, tag = "1")]
    pub name: String,
    /// The image as written; empty or absent where a manifest leaves it out.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(string, tag = "2")]
    pub image: String,
    /// The container's own security context.
    #[prost(message, optional, tag = "15")]
    pub security_context: Option<SecurityContext>,
    /// The container's process and its arguments: the network policy agent says there whether it enforces.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(string, repeated, tag = "4")]
    pub args: Vec<String>,
    /// The environment variables that are set one by one.
    #[prost(message, required, tag = "7")]
    pub env: Environment,
    /// The objects all of whose entries become environment variables.
    #[prost(message, required, tag = "19")]
    pub env_from: EnvironmentSources,
}

impl Container {
    /// The Secrets that the container's environment is made of: one name for each reference.
    pub fn secrets_in_environment(&self) -> impl Iterator<Item = &str> {
        self.env.secrets().chain(self.env_from.secrets())
    }
}

/// `securityContext` of a container.
#[derive(Clone, Deserialize, PartialEq, Eq, Message)]
#[serde(rename_all = "camelCase", default)]
pub struct SecurityContext {
    /// Whether a process may gain more privileges than its parent; unset means yes on Linux.
    #[prost(bool, optional, tag = "7")]
    pub allow_privilege_escalation: Option<bool>,
    /// Whether the container runs with the host's powers.
    #[prost(bool, optional, tag = "2")]
    pub privileged: Option<bool>,
    /// Linux capabilities added and dropped.
    #[prost(message, optional, tag = "1")]
    pub capabilities: Option<Capabilities>,
}

/// `securityContext.capabilities`.
#[derive(Clone, Deserialize, PartialEq, Eq, Message)]
#[serde(default)]
pub struct Capabilities {
    /// Added ones.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(string, repeated, tag = "1")]
    pub add: Vec<String>,
    /// Dropped ones.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(string, repeated, tag = "2")]
    pub drop: Vec<String>,
}

/// An ephemeral container. In JSON its fields lie beside the target's name, on the wire in a message of their own.
#[derive(Clone, Deserialize, PartialEq, Eq, Message)]
#[serde(transparent)]
pub struct EphemeralContainer {
    /// What it has in common with other containers.
    #[prost(message, required, tag = "1")]
    pub common: Container,
}

/// A volume of a pod, of which only an image source is kept.
#[derive(Clone, Deserialize, PartialEq, Eq, Message)]
#[serde(from = "FlatVolume")]
pub struct Volume {
    /// The volume's name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Its source. In JSON it lies beside the name, on the wire in a message of its own.
    #[prost(message, required, tag = "2")]
    pub source: VolumeSource,
}

/// What a volume mounts.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct VolumeSource {
    /// The image that an image volume mounts.
    #[prost(message, optional, tag = "30")]
    pub image: Option<ImageVolume>,
}

/// A volume as it stands in JSON.
#[derive(Default, Deserialize)]
#[serde(default)]
struct FlatVolume {
    #[serde(deserialize_with = "null_as_default")]
    name: String,
    image: Option<ImageVolume>,
}

impl From<FlatVolume> for Volume {
    fn from(FlatVolume { name, image }: FlatVolume) -> Self {
        Self { name, source: VolumeSource { image } }
    }
}

/// `volumes[].image` (core/v1 `ImageVolumeSource`).
#[derive(Clone, Deserialize, PartialEq, Eq, Message)]
#[serde(default)]
pub struct ImageVolume {
    /// The image reference.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(string, tag = "1")]
    pub reference: String,
}

/// `status` of a pod.
#[derive(Clone, Deserialize, PartialEq, Eq, Message)]
#[serde(rename_all = "camelCase", default)]
pub struct PodStatus {
    /// `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`; empty in manifests.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(string, tag = "1")]
    pub phase: String,
    /// What the init containers run.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(message, repeated, tag = "10")]
    pub init_container_statuses: Vec<ContainerStatus>,
    /// What the regular containers run.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(message, repeated, tag = "8")]
    pub container_statuses: Vec<ContainerStatus>,
    /// What the ephemeral containers run.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(message, repeated, tag = "13")]
    pub ephemeral_container_statuses: Vec<ContainerStatus>,
}

/// A container's status, of which only the running image is kept.
#[derive(Clone, Deserialize, PartialEq, Eq, Message)]
#[serde(default)]
pub struct ContainerStatus {
    /// Name of the container.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(string, tag = "1")]
    pub name: String,
    /// The running image as the container runtime names it: a reference with a digest, a bare digest, or empty.
    #[serde(rename = "imageID", deserialize_with = "null_as_default")]
    #[prost(string, tag = "7")]
    pub image_id: String,
}
