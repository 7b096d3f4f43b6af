use prost::Message;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;
use thiserror::Error;

use crate::kind::{Kind, Object};
use crate::mapping::Mapping;
use crate::object::null_as_default;
use crate::protobuf;

/// How far from its beginning the metadata of a JSON list is looked for, in bytes.
const PEEKED: usize = 4096;

/// JSON that is not an object of the kind that it should be.
#[derive(Debug, Error)]
#[error("{kind} {name}: {path}: {cause}")]
pub struct DecodeError {
    /// The kind, such as `Pod`.
    pub kind: &'static str,
    /// `namespace/name` of the object, as far as it could be read.
    pub name: String,
    /// Path of the field, such as `spec.containers[0].securityContext.privileged`; `.` for the whole object.
    pub path: String,
    /// What is wrong with it.
    pub cause: String,
}

/// What a page of a list says of the list (meta/v1 `ListMeta`).
#[derive(Clone, PartialEq, Eq, Deserialize, Message)]
#[serde(rename_all = "camelCase", default)]
pub struct ListMetadata {
    /// The token of the next page; empty on the last.
    #[serde(rename = "continue", deserialize_with = "null_as_default")]
    #[prost(string, tag = "3")]
    pub continue_token: String,
    /// The version of the whole list, the same on every page.
    #[serde(deserialize_with = "null_as_default")]
    #[prost(string, tag = "2")]
    pub resource_version: String,
    /// How many items follow this page, where the server says so.
    #[prost(int64, optional, tag = "4")]
    pub remaining_item_count: Option<i64>,
}

/// How a list is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// JSON, in which every kind can be read.
    Json,
    /// Kubernetes' protobuf, in which [`Kind::protobuf`] kinds can be read.
    Protobuf,
}

/// Decodes one page of a list and hands each item to `visit`.
///
/// # Errors
/// A page or an item that does not decode, and [`Kind::VpcCniAddon`], of which there are no lists. Items before it may
/// have been handed over: the caller must not judge then.
pub fn decode_list(
    kind: Kind,
    encoding: Encoding,
    body: &[u8],
    visit: &mut dyn FnMut(Object<'_>),
) -> Result<ListMetadata, DecodeError> {
    match encoding {
        Encoding::Json => decode_json_list(kind, body, visit),
        Encoding::Protobuf => protobuf::decode_list(kind, body, visit),
    }
}

/// The metadata of a list from the first bytes of its body, since they stand before the items; none while they are not
/// all there, or where they stand elsewhere.
#[must_use]
pub fn peek_list_metadata(encoding: Encoding, head: &[u8]) -> Option<ListMetadata> {
    match encoding {
        Encoding::Json => peek_json_metadata(head),
        Encoding::Protobuf => protobuf::peek_metadata(head),
    }
}

#[rustfmt::skip]
fn decode_json_list(kind: Kind, json: &[u8], visit: &mut dyn FnMut(Object<'_>)) -> Result<ListMetadata, DecodeError> {
    match kind {
        Kind::Namespace => list(kind, json, &mut |item| visit(Object::Namespace(item))),
        Kind::NetworkPolicy => list(kind, json, &mut |item| visit(Object::NetworkPolicy(item))),
        Kind::CiliumNetworkPolicy => list(kind, json, &mut |item| visit(Object::CiliumNetworkPolicy(item))),
        Kind::CiliumClusterwideNetworkPolicy =>
            list(kind, json, &mut |item| visit(Object::CiliumClusterwideNetworkPolicy(item))),
        Kind::CalicoNetworkPolicy | Kind::CalicoStoredNetworkPolicy =>
            list(kind, json, &mut |item| visit(Object::CalicoNetworkPolicy(item))),
        Kind::CalicoGlobalNetworkPolicy | Kind::CalicoStoredGlobalNetworkPolicy =>
            list(kind, json, &mut |item| visit(Object::CalicoGlobalNetworkPolicy(item))),
        Kind::ApplicationNetworkPolicy => list(kind, json, &mut |item| visit(Object::ApplicationNetworkPolicy(item))),
        Kind::AwsClusterNetworkPolicy
        | Kind::AdminNetworkPolicy
        | Kind::BaselineAdminNetworkPolicy
        | Kind::ClusterNetworkPolicy => list(kind, json, &mut |item| visit(Object::Uncounted(kind, item))),
        Kind::VpcCniAddon => Err(DecodeError {
            kind: kind.name(),
            name: "list".to_owned(),
            path: ".".to_owned(),
            cause: "it is read alone, and from the EKS API".to_owned(),
        }),
        Kind::DaemonSet => list(kind, json, &mut |item| visit(Object::DaemonSet(item))),
        Kind::VpcCniConfigMap => list(kind, json, &mut |item| visit(Object::VpcCniConfigMap(item))),
        Kind::NodeClass => list(kind, json, &mut |item| visit(Object::NodeClass(item))),
        Kind::HelmRepository | Kind::OciRepository | Kind::GitRepository =>
            list(kind, json, &mut |item| visit(Object::FluxSource(kind, item))),
        Kind::HelmChart => list(kind, json, &mut |item| visit(Object::HelmChart(item))),
        Kind::HelmRelease => list(kind, json, &mut |item| visit(Object::HelmRelease(item))),
        Kind::ArgoApplication => list(kind, json, &mut |item| visit(Object::ArgoApplication(item))),
        Kind::ArgoApplicationSet => list(kind, json, &mut |item| visit(Object::ArgoApplicationSet(item))),
        Kind::Pod => list(kind, json, &mut |item| visit(Object::Pod(item))),
    }
}

/// Decodes one object and hands it to `visit`. The value of [`Kind::VpcCniAddon`] is the text of its configuration
/// values, or null.
///
/// # Errors
/// An object that does not decode.
pub fn decode_object(kind: Kind, value: &Value, visit: &mut dyn FnMut(Object<'_>)) -> Result<(), DecodeError> {
    let name = kind.name();
    match kind {
        Kind::Namespace => visit(Object::Namespace(&decode(name, value)?)),
        Kind::NetworkPolicy => visit(Object::NetworkPolicy(&decode(name, value)?)),
        Kind::CiliumNetworkPolicy => visit(Object::CiliumNetworkPolicy(&decode(name, value)?)),
        Kind::CiliumClusterwideNetworkPolicy => visit(Object::CiliumClusterwideNetworkPolicy(&decode(name, value)?)),
        Kind::CalicoNetworkPolicy | Kind::CalicoStoredNetworkPolicy => {
            visit(Object::CalicoNetworkPolicy(&decode(name, value)?));
        }
        Kind::CalicoGlobalNetworkPolicy | Kind::CalicoStoredGlobalNetworkPolicy => {
            visit(Object::CalicoGlobalNetworkPolicy(&decode(name, value)?));
        }
        Kind::ApplicationNetworkPolicy => visit(Object::ApplicationNetworkPolicy(&decode(name, value)?)),
        Kind::AwsClusterNetworkPolicy
        | Kind::AdminNetworkPolicy
        | Kind::BaselineAdminNetworkPolicy
        | Kind::ClusterNetworkPolicy => visit(Object::Uncounted(kind, &decode(name, value)?)),
        Kind::VpcCniAddon => visit(Object::VpcCniAddon(&decode::<Option<String>>(name, value)?.unwrap_or_default())),
        Kind::DaemonSet => visit(Object::DaemonSet(&decode(name, value)?)),
        Kind::VpcCniConfigMap => visit(Object::VpcCniConfigMap(&decode(name, value)?)),
        Kind::NodeClass => visit(Object::NodeClass(&decode(name, value)?)),
        Kind::HelmRepository | Kind::OciRepository | Kind::GitRepository => {
            visit(Object::FluxSource(kind, &decode(name, value)?));
        }
        Kind::HelmChart => visit(Object::HelmChart(&decode(name, value)?)),
        Kind::HelmRelease => visit(Object::HelmRelease(&decode(name, value)?)),
        Kind::ArgoApplication => visit(Object::ArgoApplication(&decode(name, value)?)),
        Kind::ArgoApplicationSet => visit(Object::ArgoApplicationSet(&decode(name, value)?)),
        Kind::Pod => visit(Object::Pod(&decode(name, value)?)),
    }
    Ok(())
}

/// Decodes one object of any type.
///
/// # Errors
/// An object that does not decode: the error names it and the path of the field.
pub fn decode<T: DeserializeOwned>(kind: &'static str, value: &Value) -> Result<T, DecodeError> {
    serde_path_to_error::deserialize(Mapping(value)).map_err(|error| DecodeError {
        kind,
        name: name_of(value),
        path: error.path().to_string(),
        cause: without_credentials(error.inner().to_string()),
    })
}

/// A cause without the text that it quotes, where that could be a URL with a password.
fn without_credentials(cause: String) -> String {
    match (cause.find('"'), cause.rfind('"')) {
        (Some(first), Some(last)) if cause[first..last].contains('@') => {
            format!("{}\"…\"{}", &cause[..first], &cause[last + 1..])
        }
        _ => cause,
    }
}

/// A page of a list. `items` must be there: a body without it is not a list, and an empty page is `[]` or null.
#[derive(Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
struct List<T> {
    metadata: ListMetadata,
    // Without this, serde would take an absent field for null.
    #[serde(deserialize_with = "Option::deserialize")]
    items: Option<Vec<T>>,
}

fn list<T: DeserializeOwned>(kind: Kind, json: &[u8], visit: &mut dyn FnMut(&T)) -> Result<ListMetadata, DecodeError> {
    let page: List<T> = match serde_json::from_slice(json) {
        Ok(page) => page,
        Err(error) => return Err(find_item::<T>(kind, json, &error)),
    };
    page.items.iter().flatten().for_each(visit);
    Ok(page.metadata)
}

/// Looks for the metadata in front of the items, closing the list before them.
fn peek_json_metadata(head: &[u8]) -> Option<ListMetadata> {
    const ITEMS: &[u8] = b"\"items\":";
    let end = head.windows(ITEMS.len()).take(PEEKED).position(|window| window == ITEMS)?;
    let mut closed = head[..end].to_vec();
    closed.extend_from_slice(b"\"items\":null}");
    serde_json::from_slice::<List<IgnoredAny>>(&closed).ok().map(|list| list.metadata)
}

/// Finds the item of a page that does not decode, to name it. Only the way of an error comes here.
fn find_item<T: DeserializeOwned>(kind: Kind, json: &[u8], error: &serde_json::Error) -> DecodeError {
    let items: Vec<Value> =
        serde_json::from_slice::<List<Value>>(json).ok().and_then(|page| page.items).unwrap_or_default();
    items.iter().find_map(|item| decode::<T>(kind.name(), item).err()).unwrap_or_else(|| DecodeError {
        kind: kind.name(),
        name: "list".to_owned(),
        path: ".".to_owned(),
        cause: error.to_string(),
    })
}

/// `namespace/name` of an object, as far as it can be read.
fn name_of(value: &Value) -> String {
    let part = |name: &str| value.pointer(&format!("/metadata/{name}")).and_then(Value::as_str);
    match (part("namespace"), part("name")) {
        (Some(namespace), Some(name)) => format!("{namespace}/{name}"),
        (None, Some(name)) => name.to_owned(),
        _ => "without a name".to_owned(),
    }
}
