use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

use super::null_as_default;

/// A core/v1 `Namespace`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct Namespace {
    /// Name, labels and times.
    #[serde(deserialize_with = "null_as_default")]
    pub metadata: NamespaceMetadata,
    /// The phase.
    #[serde(deserialize_with = "null_as_default")]
    pub status: NamespaceStatus,
}

impl Namespace {
    /// A namespace of which only the name is known, as when a manifest's object names it.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self {
            metadata: NamespaceMetadata { name: name.to_owned(), ..NamespaceMetadata::default() },
            ..Self::default()
        }
    }

    /// Whether the namespace is being deleted.
    #[must_use]
    pub fn terminating(&self) -> bool {
        self.metadata.deletion_timestamp.is_some() || self.status.phase == "Terminating"
    }
}

/// `metadata` of a namespace.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct NamespaceMetadata {
    /// The namespace's name.
    #[serde(deserialize_with = "null_as_default")]
    pub name: String,
    /// The labels, which clusterwide policies select namespaces by.
    #[serde(deserialize_with = "null_as_default")]
    pub labels: BTreeMap<String, String>,
    /// When the namespace was made; absent in manifests.
    #[serde(deserialize_with = "timestamp")]
    pub creation_timestamp: Option<Timestamp>,
    /// When its deletion was asked for, if it was.
    #[serde(deserialize_with = "timestamp")]
    pub deletion_timestamp: Option<Timestamp>,
}

/// `status` of a namespace.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct NamespaceStatus {
    /// `Active` or `Terminating`.
    #[serde(deserialize_with = "null_as_default")]
    pub phase: String,
}

/// A meta/v1 `Time`: RFC 3339, or null.
fn timestamp<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let Some(text) = Option::<std::borrow::Cow<'de, str>>::deserialize(deserializer)? else { return Ok(None) };
    text.parse().map(Some).map_err(|_| serde::de::Error::custom(format!("not an RFC 3339 time: {text:?}")))
}
