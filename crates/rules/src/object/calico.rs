use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Metadata, null_as_default};

/// A Calico `NetworkPolicy` or `GlobalNetworkPolicy`, of projectcalico.org or crd.projectcalico.org.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub struct CalicoPolicy {
    /// Name, and namespace where it has one.
    #[serde(deserialize_with = "null_as_default")]
    pub metadata: Metadata,
    /// What it isolates.
    #[serde(deserialize_with = "null_as_default")]
    pub spec: CalicoPolicySpec,
}

/// `spec` of a Calico policy.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub struct CalicoPolicySpec {
    /// The tier that it stands in; empty is `default`.
    #[serde(deserialize_with = "null_as_default")]
    pub tier: String,
    /// The endpoints that it concerns, in Calico's selector language; empty selects all.
    #[serde(deserialize_with = "null_as_default")]
    pub selector: String,
    /// The namespaces that a global policy concerns; empty selects all.
    #[serde(deserialize_with = "null_as_default")]
    pub namespace_selector: String,
    /// The service accounts of the pods that it concerns; empty selects all.
    #[serde(deserialize_with = "null_as_default")]
    pub service_account_selector: String,
    /// The directions; empty leaves it to the rules that there are, and to Ingress where there are none.
    #[serde(deserialize_with = "null_as_default")]
    pub types: Vec<String>,
    /// What happens to packets that come in, in order.
    #[serde(deserialize_with = "null_as_default")]
    pub ingress: Vec<Map<String, Value>>,
    /// What happens to packets that go out, in order.
    #[serde(deserialize_with = "null_as_default")]
    pub egress: Vec<Map<String, Value>>,
    /// Whether it acts before connection tracking: on host endpoints only, then.
    #[serde(deserialize_with = "null_as_default")]
    pub do_not_track: bool,
    /// Whether it acts before destination NAT: on host endpoints only, then.
    #[serde(rename = "preDNAT", deserialize_with = "null_as_default")]
    pub pre_dnat: bool,
}
