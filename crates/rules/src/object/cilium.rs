use serde::Deserialize;
use serde_json::{Map, Value};

use super::{LabelSelector, Metadata, null_as_default};

/// A cilium.io `CiliumNetworkPolicy` or `CiliumClusterwideNetworkPolicy`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub struct CiliumPolicy {
    /// Name, and namespace where it has one.
    #[serde(deserialize_with = "null_as_default")]
    pub metadata: Metadata,
    /// One rule.
    pub spec: Option<CiliumRule>,
    /// Several rules; they add up with `spec`.
    #[serde(deserialize_with = "null_as_default")]
    pub specs: Vec<CiliumRule>,
}

/// `spec` of a Cilium policy (api `Rule`).
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct CiliumRule {
    /// The pods that it concerns; empty selects all.
    pub endpoint_selector: Option<LabelSelector>,
    /// The nodes that it concerns, in place of pods.
    pub node_selector: Option<LabelSelector>,
    /// Whether it isolates, where that is not left to the rules that it has.
    #[serde(deserialize_with = "null_as_default")]
    pub enable_default_deny: DefaultDeny,
    /// What is allowed in. A rule without fields allows nothing.
    #[serde(deserialize_with = "null_as_default")]
    pub ingress: Vec<Map<String, Value>>,
    /// What is kept out.
    #[serde(deserialize_with = "null_as_default")]
    pub ingress_deny: Vec<Map<String, Value>>,
    /// What is allowed out. A rule without fields allows nothing.
    #[serde(deserialize_with = "null_as_default")]
    pub egress: Vec<Map<String, Value>>,
    /// What is kept in.
    #[serde(deserialize_with = "null_as_default")]
    pub egress_deny: Vec<Map<String, Value>>,
}

/// `enableDefaultDeny` of a Cilium rule.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct DefaultDeny {
    /// Whether ingress is isolated.
    pub ingress: Option<bool>,
    /// Whether egress is isolated.
    pub egress: Option<bool>,
}
