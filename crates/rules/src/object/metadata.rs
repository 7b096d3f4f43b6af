use std::borrow::Cow;
use std::fmt;

use prost::bytes::{Buf, BufMut};
use prost::encoding::{DecodeContext, WireType};
use prost::{DecodeError, Message};
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{Labels, null_as_default};

/// The annotation by which the kubelet marks the API's copy of a static pod
/// (<https://kubernetes.io/docs/reference/labels-annotations-taints/#kubernetes-io-config-mirror>).
const MIRROR_ANNOTATION: &str = "kubernetes.io/config.mirror";

/// `metadata` of a namespaced object (meta/v1 `ObjectMeta`).
#[derive(Clone, Deserialize, PartialEq, Eq, Message)]
#[serde(rename_all = "camelCase", default)]
pub struct Metadata {
    /// The object's name; in a manifest it may be empty where `generateName` is used.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(string, tag = "1")]
    pub name: String,
    /// The object's namespace; empty where a manifest leaves it out.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(string, tag = "3")]
    pub namespace: String,
    /// The labels.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(message, required, tag = "11")]
    pub labels: Labels,
    /// The owners; at most one is the controller.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(message, repeated, tag = "13")]
    pub owner_references: Vec<OwnerReference>,
    /// The annotations.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(message, required, tag = "12")]
    pub annotations: Annotations,
}

impl Metadata {
    /// The owner reference whose `controller` is true.
    #[must_use]
    pub fn controller(&self) -> Option<&OwnerReference> {
        self.owner_references.iter().find(|owner| owner.controller)
    }

    /// Whether the object is the API's copy of a static pod.
    #[must_use]
    pub const fn mirror(&self) -> bool {
        self.annotations.mirror
    }
}

/// One of `metadata.ownerReferences` (meta/v1 `OwnerReference`).
#[derive(Clone, Deserialize, PartialEq, Eq, Message)]
#[serde(rename_all = "camelCase", default)]
pub struct OwnerReference {
    /// Kind of the owner, such as `ReplicaSet`.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(string, tag = "1")]
    pub kind: String,
    /// Name of the owner.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(string, tag = "3")]
    pub name: String,
    /// Whether this owner is the managing controller.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(bool, tag = "6")]
    pub controller: bool,
}

/// The annotations of an object, of which only the mark of a static pod is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Annotations {
    /// Whether the annotation `kubernetes.io/config.mirror` is there.
    pub mirror: bool,
}

impl<'de> Deserialize<'de> for Annotations {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(AnnotationsVisitor)
    }
}

struct AnnotationsVisitor;

impl<'de> Visitor<'de> for AnnotationsVisitor {
    type Value = Annotations;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a map of annotations")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Annotations, A::Error> {
        let mut annotations = Annotations::default();
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            map.next_value::<IgnoredAny>()?;
            annotations.mirror |= key == MIRROR_ANNOTATION;
        }
        Ok(annotations)
    }
}

/// A map is a repeated entry with the key in field 1 on the wire, and every entry is merged into the same value.
impl Message for Annotations {
    fn encode_raw(&self, buffer: &mut impl BufMut) {
        if self.mirror {
            prost::encoding::string::encode(1, &MIRROR_ANNOTATION.to_owned(), buffer);
        }
    }

    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buffer: &mut impl Buf,
        context: DecodeContext,
    ) -> Result<(), DecodeError> {
        if tag != 1 {
            return prost::encoding::skip_field(wire_type, tag, buffer, context);
        }
        // The keys of other annotations are not worth a String each.
        let mark = MIRROR_ANNOTATION.as_bytes();
        let length = [u8::try_from(mark.len()).unwrap_or(u8::MAX)];
        self.mirror |= buffer.chunk().strip_prefix(&length).is_some_and(|key| key.starts_with(mark));
        prost::encoding::skip_field(wire_type, tag, buffer, context)
    }

    fn encoded_len(&self) -> usize {
        if self.mirror { prost::encoding::string::encoded_len(1, &MIRROR_ANNOTATION.to_owned()) } else { 0 }
    }

    fn clear(&mut self) {
        *self = Self::default();
    }
}
