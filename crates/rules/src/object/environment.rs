use prost::Message;
use serde::Deserialize;

use super::{null_as_default, null_items_as_default};

/// `env` of a container, of which only references to Secrets are kept.
///
/// On the wire every variable is a message of its own in the same field. Protobuf merges messages of a field that is
/// not repeated, so that the lists in here gather what all of them refer to, and a variable with a value of its own is
/// read over.
#[derive(Clone, Deserialize, PartialEq, Eq, Message)]
#[serde(from = "FlatEnvironment")]
pub struct Environment {
    /// Where variables take their values from (`EnvVar.valueFrom`), all of them together.
    #[prost(message, required, tag = "3")]
    pub value_from: VariableSource,
}

/// `valueFrom` of environment variables (core/v1 `EnvVarSource`).
#[derive(Clone, PartialEq, Eq, Message)]
pub struct VariableSource {
    /// The keys of Secrets that are referred to.
    #[prost(message, repeated, tag = "4")]
    pub secret_key_ref: Vec<SecretReference>,
}

impl Environment {
    /// The name of the Secret in each reference.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        self.value_from.secret_key_ref.iter().map(SecretReference::name)
    }
}

/// `envFrom` of a container, of which only references to Secrets are kept; merged as [`Environment`] is.
#[derive(Clone, Deserialize, PartialEq, Eq, Message)]
#[serde(from = "FlatSources")]
pub struct EnvironmentSources {
    /// The whole Secrets that are referred to (`EnvFromSource.secretRef`).
    #[prost(message, repeated, tag = "3")]
    pub secret_ref: Vec<SecretReference>,
}

impl EnvironmentSources {
    /// The name of the Secret in each reference.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        self.secret_ref.iter().map(SecretReference::name)
    }
}

/// A reference to a Secret or to one of its keys (core/v1 `SecretEnvSource`, `SecretKeySelector`). In JSON the name lies
/// beside the other fields, on the wire in a message of its own.
#[derive(Clone, Deserialize, PartialEq, Eq, Message)]
#[serde(from = "SecretName")]
pub struct SecretReference {
    /// Which Secret.
    #[prost(message, required, tag = "1")]
    pub secret: SecretName,
}

impl SecretReference {
    fn name(&self) -> &str {
        &self.secret.name
    }
}

impl From<SecretName> for SecretReference {
    fn from(secret: SecretName) -> Self {
        Self { secret }
    }
}

/// Name of a Secret in the pod's namespace (core/v1 `LocalObjectReference`).
#[derive(Clone, Deserialize, PartialEq, Eq, Message)]
#[serde(default)]
pub struct SecretName {
    /// The name; the API lets it be empty.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(string, tag = "1")]
    pub name: String,
}

/// `env` as it stands in JSON.
#[derive(Deserialize)]
struct FlatEnvironment(#[serde(deserialize_with = "null_items_as_default")] Vec<FlatVariable>);

/// A variable as it stands in JSON.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct FlatVariable {
    #[serde(deserialize_with = "null_as_default")]
    value_from: FlatVariableSource,
}

/// `valueFrom` of one variable as it stands in JSON.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct FlatVariableSource {
    secret_key_ref: Option<SecretReference>,
}

impl From<FlatEnvironment> for Environment {
    fn from(FlatEnvironment(variables): FlatEnvironment) -> Self {
        let references = variables.into_iter().filter_map(|variable| variable.value_from.secret_key_ref);
        Self { value_from: VariableSource { secret_key_ref: references.collect() } }
    }
}

/// `envFrom` as it stands in JSON.
#[derive(Deserialize)]
struct FlatSources(#[serde(deserialize_with = "null_items_as_default")] Vec<FlatSource>);

/// One of its objects as it stands in JSON.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct FlatSource {
    secret_ref: Option<SecretReference>,
}

impl From<FlatSources> for EnvironmentSources {
    fn from(FlatSources(sources): FlatSources) -> Self {
        Self { secret_ref: sources.into_iter().filter_map(|source| source.secret_ref).collect() }
    }
}
