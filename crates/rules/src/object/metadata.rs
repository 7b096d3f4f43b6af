use std::collections::BTreeMap;
use std::fmt;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::null_as_default;

/// The annotation by which the kubelet marks the API's copy of a static pod
/// (<https://kubernetes.io/docs/reference/labels-annotations-taints/#kubernetes-io-config-mirror>).
const MIRROR_ANNOTATION: &str = "kubernetes.io/config.mirror";

/// `metadata` of a namespaced object (meta/v1 `ObjectMeta`).
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct Metadata {
    /// The object's name; in a manifest it may be empty where `generateName` is used.
    #[serde(deserialize_with = "null_as_default")]
    pub name: String,
    /// The prefix of a name that the API server completes; only manifests have it without a name.
    pub generate_name: Option<String>,
    /// The object's namespace; empty where a manifest leaves it out.
    #[serde(deserialize_with = "null_as_default")]
    pub namespace: String,
    /// The labels.
    #[serde(deserialize_with = "null_as_default")]
    pub labels: BTreeMap<String, String>,
    /// The owners; at most one is the controller.
    #[serde(deserialize_with = "null_as_default")]
    pub owner_references: Vec<OwnerReference>,
    /// Whether the object is the API's copy of a static pod. Of all annotations only this one is kept.
    #[serde(rename = "annotations", deserialize_with = "mirror_annotation")]
    pub mirror: bool,
}

impl Metadata {
    /// The owner reference whose `controller` is true.
    #[must_use]
    pub fn controller(&self) -> Option<&OwnerReference> {
        self.owner_references.iter().find(|owner| owner.controller)
    }
}

/// One of `metadata.ownerReferences` (meta/v1 `OwnerReference`).
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct OwnerReference {
    /// Kind of the owner, such as `ReplicaSet`.
    #[serde(deserialize_with = "null_as_default")]
    pub kind: String,
    /// Name of the owner.
    #[serde(deserialize_with = "null_as_default")]
    pub name: String,
    /// Whether this owner is the managing controller.
    #[serde(deserialize_with = "null_as_default")]
    pub controller: bool,
}

/// Looks for the mirror annotation without keeping the others.
fn mirror_annotation<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    struct Annotations;
    impl<'de> Visitor<'de> for Annotations {
        type Value = bool;
        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a map of annotations")
        }
        fn visit_unit<E>(self) -> Result<bool, E> {
            Ok(false)
        }
        fn visit_none<E>(self) -> Result<bool, E> {
            Ok(false)
        }
        fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
            deserializer.deserialize_map(self)
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
            let mut mirror = false;
            while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
                map.next_value::<IgnoredAny>()?;
                mirror |= key == MIRROR_ANNOTATION;
            }
            Ok(mirror)
        }
    }
    deserializer.deserialize_option(Annotations)
}
