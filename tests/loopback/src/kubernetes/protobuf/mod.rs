//! Kubernetes' protobuf, made of the JSON of an object: what a real API server answers where a client accepts
//! `application/vnd.kubernetes.protobuf` (reference: Kubernetes API concepts, "Alternate representations of resources").
//!
//! The schema is that of Kubernetes' published `generated.proto` files and not of the product's messages, so that what the product
//! decodes is checked against something else than itself. A member of the JSON that no published schema has is an error.

mod encode;
mod schema;

#[cfg(test)]
mod tests;

use serde_json::Value;

pub use encode::EncodeError;
use encode::{Output, message};

/// The media type.
pub const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";

/// What every body begins with.
const MAGIC: &[u8] = b"k8s\0";

/// The kinds that are served in protobuf: group, version, kind, message.
const KINDS: [(&str, &str, &str, &str); 6] = [
    ("", "v1", "ConfigMap", "core.v1.ConfigMap"),
    ("", "v1", "Namespace", "core.v1.Namespace"),
    ("", "v1", "Pod", "core.v1.Pod"),
    ("", "v1", "Status", "meta.v1.Status"),
    ("apps", "v1", "DaemonSet", "apps.v1.DaemonSet"),
    ("networking.k8s.io", "v1", "NetworkPolicy", "networking.v1.NetworkPolicy"),
];

/// The message of a kind; none for kinds that are served as JSON only.
pub(crate) fn message_of(group: &str, version: &str, kind: &str) -> Option<&'static str> {
    KINDS.iter().find(|(of, at, named, _)| (*of, *at, *named) == (group, version, kind)).map(|kind| kind.3)
}

/// An object, without its envelope: a list item. `message` is e.g. `core.v1.Pod`; `apiVersion` and `kind` are passed over.
///
/// # Errors
/// JSON that the message has no place for.
pub fn encode_item(message_name: &str, object: &Value) -> Result<Vec<u8>, EncodeError> {
    let mut output = Output::default();
    message(message_name, object, &["apiVersion", "kind"], &mut output)?;
    Ok(output.into_bytes())
}

/// A whole list, as a JSON list has it: `apiVersion`, `kind` (such as `PodList`), `metadata`, `items`.
///
/// # Errors
/// A list of a kind that is not served in protobuf, and JSON that the message has no place for.
pub fn encode_list(list: &Value) -> Result<Vec<u8>, EncodeError> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (api_version, kind) = (text(&list["apiVersion"]), text(&list["kind"]));
    let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
    let name = message_of(group, version, kind.trim_end_matches("List"))
        .ok_or_else(|| EncodeError::new("kind", format!("{kind} of {api_version} is not served in protobuf")))?;
    let items: Vec<Vec<u8>> =
        list["items"].as_array().into_iter().flatten().map(|item| encode_item(name, item)).collect::<Result<_, _>>()?;
    let metadata = &list["metadata"];
    let head = ListHead {
        resource_version: metadata["resourceVersion"].as_str().unwrap_or_default(),
        next: metadata["continue"].as_str(),
        remaining: metadata["remainingItemCount"].as_u64(),
    };
    let length = items.iter().map(|item| item_length(item.len())).sum();
    let (mut body, tail) = head.envelope(&api_version, &kind, length);
    for item in items {
        push_item(&item, &mut body);
    }
    body.extend_from_slice(tail);
    Ok(body)
}

/// The metadata of a list.
pub(crate) struct ListHead<'a> {
    pub(crate) resource_version: &'a str,
    pub(crate) next: Option<&'a str>,
    pub(crate) remaining: Option<u64>,
}

impl ListHead<'_> {
    /// Everything before the items, which are `length` bytes with their keys, and everything after them.
    pub(crate) fn envelope(&self, api_version: &str, kind: &str, length: usize) -> (Vec<u8>, &'static [u8]) {
        let mut metadata = Output::default();
        metadata.text(1, "");
        metadata.text(2, self.resource_version);
        metadata.text(3, self.next.unwrap_or_default());
        if let Some(remaining) = self.remaining {
            metadata.integer(4, remaining);
        }
        let mut list = Output::default();
        list.bytes(1, &metadata.into_bytes());
        envelope(api_version, kind, &list.into_bytes(), length)
    }
}

/// An object in its envelope.
pub(crate) fn enveloped(api_version: &str, kind: &str, object: &[u8]) -> Vec<u8> {
    let (mut body, tail) = envelope(api_version, kind, object, 0);
    body.extend_from_slice(tail);
    body
}

/// The magic and a runtime.Unknown whose `raw` begins with `begun` and goes on for `length` bytes, and what follows it: an empty
/// content encoding and content type.
fn envelope(api_version: &str, kind: &str, begun: &[u8], length: usize) -> (Vec<u8>, &'static [u8]) {
    let mut type_meta = Output::default();
    type_meta.text(1, api_version);
    type_meta.text(2, kind);
    let mut unknown = Output::default();
    unknown.bytes(1, &type_meta.into_bytes());
    unknown.length(2, begun.len() + length);
    let body = [MAGIC, &unknown.into_bytes(), begun].concat();
    (body, b"\x1a\0\x22\0")
}

/// The length of an item with its key.
pub(crate) fn item_length(bytes: usize) -> usize {
    let mut key = Output::default();
    key.length(2, bytes);
    key.into_bytes().len() + bytes
}

/// Appends an item with its key.
pub(crate) fn push_item(item: &[u8], body: &mut Vec<u8>) {
    push_key(item.len(), body);
    body.extend_from_slice(item);
}

/// Appends the key of an item of so many bytes, which follow.
pub(crate) fn push_key(bytes: usize, body: &mut Vec<u8>) {
    let mut key = Output::default();
    key.length(2, bytes);
    body.extend_from_slice(&key.into_bytes());
}
