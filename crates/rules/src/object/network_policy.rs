use std::collections::BTreeMap;

use prost::Message;
use serde::Deserialize;

use super::{Metadata, null_as_default, null_items_as_default};

/// A networking.k8s.io/v1 `NetworkPolicy`, or a networking.k8s.aws `ApplicationNetworkPolicy`, which has the same shape.
#[derive(Clone, Deserialize, PartialEq, Eq, Message)]
#[serde(default)]
pub struct NetworkPolicy {
    /// Name and namespace.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(message, required, tag = "1")]
    pub metadata: Metadata,
    /// What it isolates.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(message, required, tag = "2")]
    pub spec: NetworkPolicySpec,
}

/// `spec` of a network policy.
#[derive(Clone, Deserialize, PartialEq, Eq, Message)]
#[serde(rename_all = "camelCase", default)]
pub struct NetworkPolicySpec {
    /// The pods that it isolates; empty selects every pod of the namespace.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(message, required, tag = "1")]
    pub pod_selector: LabelSelector,
    /// The directions that it isolates; empty means Ingress, and Egress too where there is an egress rule.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(string, repeated, tag = "4")]
    pub policy_types: Vec<String>,
    /// What is allowed in; a null rule is an empty one.
    #[serde(deserialize_with = "null_items_as_default")]
    #[prost(message, repeated, tag = "2")]
    pub ingress: Vec<NetworkPolicyIngressRule>,
    /// What is allowed out; a null rule is an empty one.
    #[serde(deserialize_with = "null_items_as_default")]
    #[prost(message, repeated, tag = "3")]
    pub egress: Vec<NetworkPolicyEgressRule>,
}

/// A rule about what is allowed in.
#[derive(Clone, Deserialize, PartialEq, Eq, Message)]
#[serde(default)]
pub struct NetworkPolicyIngressRule {
    /// The ports; empty allows every one.
    #[serde(deserialize_with = "null_items_as_default")]
    #[prost(message, repeated, tag = "1")]
    pub ports: Vec<NetworkPolicyPort>,
    /// The sources; empty allows every one.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(message, repeated, tag = "2")]
    pub from: Vec<NetworkPolicyPeer>,
}

/// A rule about what is allowed out.
#[derive(Clone, Deserialize, PartialEq, Eq, Message)]
#[serde(default)]
pub struct NetworkPolicyEgressRule {
    /// The ports; empty allows every one.
    #[serde(deserialize_with = "null_items_as_default")]
    #[prost(message, repeated, tag = "1")]
    pub ports: Vec<NetworkPolicyPort>,
    /// The destinations; empty allows every one.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(message, repeated, tag = "2")]
    pub to: Vec<NetworkPolicyPeer>,
}

/// A port of a rule, of which only the presence matters.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq, Message)]
pub struct NetworkPolicyPort {}

/// A peer of a rule.
#[derive(Clone, Deserialize, PartialEq, Eq, Message)]
#[serde(rename_all = "camelCase", default)]
pub struct NetworkPolicyPeer {
    /// An address range, where the peer is one.
    #[prost(message, optional, tag = "3")]
    pub ip_block: Option<IpBlock>,
}

/// `ipBlock` of a peer.
#[derive(Clone, Deserialize, PartialEq, Eq, Message)]
#[serde(default)]
pub struct IpBlock {
    /// The range, such as `10.0.0.0/8`.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(string, tag = "1")]
    pub cidr: String,
    /// Ranges taken out of it.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(string, repeated, tag = "2")]
    pub except: Vec<String>,
}

/// A meta/v1 `LabelSelector`.
#[derive(Clone, Deserialize, PartialEq, Eq, Message)]
#[serde(rename_all = "camelCase", default)]
pub struct LabelSelector {
    /// Labels that must be there with these values.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(btree_map = "string, string", tag = "1")]
    pub match_labels: BTreeMap<String, String>,
    /// Further requirements, all of which must hold.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(message, repeated, tag = "2")]
    pub match_expressions: Vec<SelectorRequirement>,
}

/// One of `matchExpressions`.
#[derive(Clone, Deserialize, PartialEq, Eq, Message)]
#[serde(default)]
pub struct SelectorRequirement {
    /// The label's key.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(string, tag = "1")]
    pub key: String,
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(string, tag = "2")]
    pub operator: String,
    /// The values of `In` and `NotIn`.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(string, repeated, tag = "3")]
    pub values: Vec<String>,
}
