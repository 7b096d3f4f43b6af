use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Metadata, null_as_default, null_items_as_default};

/// A networking.k8s.io/v1 `NetworkPolicy`, or a networking.k8s.aws `ApplicationNetworkPolicy`, which has the same shape.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub struct NetworkPolicy {
    /// Name and namespace.
    #[serde(deserialize_with = "null_as_default")]
    pub metadata: Metadata,
    /// What it isolates.
    #[serde(deserialize_with = "null_as_default")]
    pub spec: NetworkPolicySpec,
}

/// `spec` of a network policy.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct NetworkPolicySpec {
    /// The pods that it isolates; empty selects every pod of the namespace.
    #[serde(deserialize_with = "null_as_default")]
    pub pod_selector: LabelSelector,
    /// The directions that it isolates; absent means Ingress, and Egress too where there is an egress rule.
    pub policy_types: Option<Vec<String>>,
    /// What is allowed in; a null rule is an empty one.
    #[serde(deserialize_with = "null_items_as_default")]
    pub ingress: Vec<NetworkPolicyRule>,
    /// What is allowed out; a null rule is an empty one.
    #[serde(deserialize_with = "null_items_as_default")]
    pub egress: Vec<NetworkPolicyRule>,
}

/// One rule of either direction.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub struct NetworkPolicyRule {
    /// The sources of an ingress rule; empty allows every one. In an egress rule it is no field of the API.
    #[serde(deserialize_with = "null_as_default")]
    pub from: Vec<NetworkPolicyPeer>,
    /// The destinations of an egress rule; empty allows every one. In an ingress rule it is no field of the API.
    #[serde(deserialize_with = "null_as_default")]
    pub to: Vec<NetworkPolicyPeer>,
    /// The ports, of which only the presence matters; empty allows every port.
    #[serde(deserialize_with = "null_as_default")]
    pub ports: Vec<serde::de::IgnoredAny>,
}

/// A peer of a rule.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct NetworkPolicyPeer {
    /// An address range, where the peer is one.
    pub ip_block: Option<IpBlock>,
}

/// `ipBlock` of a peer.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub struct IpBlock {
    /// The range, such as `10.0.0.0/8`.
    #[serde(deserialize_with = "null_as_default")]
    pub cidr: String,
    /// Ranges taken out of it.
    #[serde(deserialize_with = "null_as_default")]
    pub except: Vec<String>,
}

/// A meta/v1 `LabelSelector`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct LabelSelector {
    /// Labels that must be there with these values.
    #[serde(deserialize_with = "null_as_default")]
    pub match_labels: BTreeMap<String, String>,
    /// Further requirements, all of which must hold.
    #[serde(deserialize_with = "null_as_default")]
    pub match_expressions: Vec<SelectorRequirement>,
}

/// One of `matchExpressions`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub struct SelectorRequirement {
    /// The label's key.
    #[serde(deserialize_with = "null_as_default")]
    pub key: String,
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
    #[serde(deserialize_with = "null_as_default")]
    pub operator: String,
    /// The values of `In` and `NotIn`.
    #[serde(deserialize_with = "null_as_default")]
    pub values: Vec<String>,
}
