use std::borrow::Cow;

use jiff::Timestamp;
use prost::Message;
use serde::Deserialize;

use super::{Labels, null_as_default};

/// A core/v1 `Namespace`.
#[derive(Clone, Deserialize, PartialEq, Eq, Message)]
#[serde(default)]
pub struct Namespace {
    /// Name, labels and times.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(message, required, tag = "1")]
    pub metadata: NamespaceMetadata,
    /// The phase.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(message, required, tag = "3")]
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
#[derive(Clone, Deserialize, PartialEq, Eq, Message)]
#[serde(rename_all = "camelCase", default)]
pub struct NamespaceMetadata {
    /// The namespace's name.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(string, tag = "1")]
    pub name: String,
    /// The labels, which clusterwide policies select namespaces by.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(message, required, tag = "11")]
    pub labels: Labels,
    /// When the namespace was made; absent in manifests.
    #[prost(message, optional, tag = "8")]
    pub creation_timestamp: Option<Time>,
    /// When its deletion was asked for, if it was.
    #[prost(message, optional, tag = "9")]
    pub deletion_timestamp: Option<Time>,
}

/// `status` of a namespace.
#[derive(Clone, Deserialize, PartialEq, Eq, Message)]
#[serde(default)]
pub struct NamespaceStatus {
    /// `Active` or `Terminating`.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(string, tag = "1")]
    pub phase: String,
}

/// A meta/v1 `Time`: RFC 3339 in JSON, seconds since 1970 on the wire.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq, Message)]
#[serde(try_from = "Cow<'_, str>")]
pub struct Time {
    /// Whole seconds since 1970.
    #[prost(int64, tag = "1")]
    pub seconds: i64,
}

impl TryFrom<Cow<'_, str>> for Time {
    type Error = String;

    fn try_from(text: Cow<'_, str>) -> Result<Self, String> {
        let time: Timestamp = text.parse().map_err(|_| format!("not an RFC 3339 time: {text:?}"))?;
        Ok(Self { seconds: time.as_second() })
    }
}

impl Time {
    /// The time; none where it is out of every calendar.
    #[must_use]
    pub fn timestamp(self) -> Option<Timestamp> {
        Timestamp::from_second(self.seconds).ok()
    }
}
