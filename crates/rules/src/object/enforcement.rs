use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Metadata, null_as_default};

/// A core/v1 `ConfigMap`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct ConfigMap {
    /// Name and namespace.
    #[serde(deserialize_with = "null_as_default")]
    pub metadata: Metadata,
    /// The settings.
    #[serde(deserialize_with = "null_as_default")]
    pub data: BTreeMap<String, String>,
}

/// An eks.amazonaws.com `NodeClass`, of EKS Auto Mode.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct NodeClass {
    /// Name.
    #[serde(deserialize_with = "null_as_default")]
    pub metadata: Metadata,
    /// How its nodes are set up.
    #[serde(deserialize_with = "null_as_default")]
    pub spec: NodeClassSpec,
}

/// `spec` of a node class.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeClassSpec {
    /// `DefaultAllow`, which is the default, or `DefaultDeny`: both enforce policies.
    #[serde(deserialize_with = "null_as_default")]
    pub network_policy: String,
}

/// A policy of the whole cluster that isolates nothing: only its name is told.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct UncountedPolicy {
    /// Name.
    #[serde(deserialize_with = "null_as_default")]
    pub metadata: Metadata,
}
