//! Lists in Kubernetes' protobuf: the four bytes `k8s\0`, then a runtime.Unknown whose `raw` is the list
//! (<https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding>).

use prost::Message;
use prost::encoding::{WireType, decode_key, decode_varint};

use crate::decode::{DecodeError, ListMetadata};
use crate::kind::{Kind, Object};
use crate::object::{Namespace, NetworkPolicy, Pod};

/// What every body begins with.
const MAGIC: &[u8] = b"k8s\0";

/// Fields of runtime.Unknown.
const TYPE_META: u32 = 1;
const RAW: u32 = 2;
const CONTENT_ENCODING: u32 = 3;

/// Fields of every list.
const LIST_METADATA: u32 = 1;
const LIST_ITEMS: u32 = 2;

/// meta/v1 `TypeMeta` of runtime.Unknown.
#[derive(Message)]
struct TypeMeta {
    #[prost(string, tag = "1")]
    api_version: String,
    #[prost(string, tag = "2")]
    kind: String,
}

/// Decodes one page of a list and hands each item to `visit`.
pub(crate) fn decode_list(
    kind: Kind,
    body: &[u8],
    visit: &mut dyn FnMut(Object<'_>),
) -> Result<ListMetadata, DecodeError> {
    match kind {
        Kind::Namespace => list(kind, body, &mut |item: &Namespace| visit(Object::Namespace(item))),
        Kind::NetworkPolicy => list(kind, body, &mut |item: &NetworkPolicy| visit(Object::NetworkPolicy(item))),
        Kind::Pod => list(kind, body, &mut |item: &Pod| visit(Object::Pod(item))),
        _ => Err(broken(kind, "list", "the kind is not read in protobuf".to_owned())),
    }
}

/// The metadata of a list from the first bytes of its body; none while they are not all there.
pub(crate) fn peek_metadata(head: &[u8]) -> Option<ListMetadata> {
    let mut unknown = Fields(head.strip_prefix(MAGIC)?);
    loop {
        match unknown.next_head()? {
            (RAW, Payload::Bytes(_)) => break,
            (_, Payload::Bytes(length)) => unknown.skip(length)?,
            (_, Payload::Scalar) => {}
        }
    }
    match unknown.next_head()? {
        (LIST_METADATA, Payload::Bytes(length)) => ListMetadata::decode(unknown.0.get(..length)?).ok(),
        _ => None,
    }
}

fn list<T: Message + Default>(kind: Kind, body: &[u8], visit: &mut dyn FnMut(&T)) -> Result<ListMetadata, DecodeError> {
    let raw = raw(kind, body)?;
    let mut metadata = None;
    // One after the other in the same memory: a text that is there already need not be allocated.
    let mut item = T::default();
    let mut fields = Fields(raw);
    while let Some((tag, bytes)) = fields.next().map_err(|cause| broken(kind, "list", cause))? {
        match tag {
            LIST_METADATA if metadata.is_none() => {
                let decoded = ListMetadata::decode(bytes);
                metadata = Some(decoded.map_err(|cause| broken(kind, "list metadata", cause.to_string()))?);
            }
            LIST_ITEMS => {
                item.clear();
                item.merge(bytes).map_err(|cause| broken(kind, &name(bytes), cause.to_string()))?;
                visit(&item);
            }
            // A list has no other fields: this one would be an item whose key is broken.
            _ => return Err(broken(kind, "list", format!("it has a field {tag} where none should be"))),
        }
    }
    metadata.ok_or_else(|| broken(kind, "list", "it has no metadata".to_owned()))
}

/// Message and reason of a meta/v1 `Status`: an error is answered in the encoding that was asked for.
#[must_use]
pub fn decode_status(body: &[u8]) -> Option<(String, String)> {
    #[derive(Message)]
    struct Status {
        #[prost(string, tag = "3")]
        message: String,
        #[prost(string, tag = "4")]
        reason: String,
    }
    let mut fields = Fields(body.strip_prefix(MAGIC)?);
    let (_, raw) = std::iter::from_fn(|| fields.next().ok().flatten()).find(|(tag, _)| *tag == RAW)?;
    Status::decode(raw).ok().map(|status| (status.message, status.reason))
}

/// The list in its envelope. An envelope around anything else than a list of this kind is an error.
fn raw(kind: Kind, body: &[u8]) -> Result<&[u8], DecodeError> {
    let Some(unknown) = body.strip_prefix(MAGIC) else {
        return Err(broken(kind, "list", "it does not begin with k8s and a zero byte".to_owned()));
    };
    let (mut raw, mut named) = (None, String::new());
    let mut fields = Fields(unknown);
    while let Some((tag, bytes)) = fields.next().map_err(|cause| broken(kind, "list", cause))? {
        match tag {
            TYPE_META => {
                let decoded = TypeMeta::decode(bytes).map_err(|cause| broken(kind, "list", cause.to_string()))?;
                named = decoded.kind;
            }
            RAW => raw = Some(bytes),
            CONTENT_ENCODING if !bytes.is_empty() => {
                return Err(broken(kind, "list", "it has a content encoding".to_owned()));
            }
            _ => {}
        }
    }
    if named != format!("{}List", kind.name()) {
        return Err(broken(kind, "list", format!("it is a {named:?}")));
    }
    raw.ok_or_else(|| broken(kind, "list", "it is empty".to_owned()))
}

fn broken(kind: Kind, name: &str, cause: String) -> DecodeError {
    DecodeError { kind: kind.name(), name: name.to_owned(), path: ".".to_owned(), cause }
}

/// `namespace/name` of an item that does not decode, as far as its metadata does.
fn name(item: &[u8]) -> String {
    #[derive(Message)]
    struct Named {
        #[prost(string, tag = "1")]
        name: String,
        #[prost(string, tag = "3")]
        namespace: String,
    }
    let mut fields = Fields(item);
    let metadata = std::iter::from_fn(|| fields.next().ok().flatten()).find(|(tag, _)| *tag == 1);
    match metadata.and_then(|(_, bytes)| Named::decode(bytes).ok()) {
        Some(Named { name, namespace }) if namespace.is_empty() => name,
        Some(Named { name, namespace }) => format!("{namespace}/{name}"),
        None => "without a name".to_owned(),
    }
}

/// The fields of a message, read from its bytes one after the other.
struct Fields<'a>(&'a [u8]);

/// What follows a field's key.
enum Payload {
    /// So many bytes.
    Bytes(usize),
    /// A number, which is read over.
    Scalar,
}

impl<'a> Fields<'a> {
    /// The next field of a message whose fields are all made of bytes.
    fn next(&mut self) -> Result<Option<(u32, &'a [u8])>, String> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let cut_short = || "it is cut short".to_owned();
        let (tag, payload) = self.next_head().ok_or_else(cut_short)?;
        let Payload::Bytes(length) = payload else {
            return Err(format!("its field {tag} is a number"));
        };
        let bytes = self.0.get(..length).ok_or_else(cut_short)?;
        self.skip(length);
        Ok(Some((tag, bytes)))
    }

    /// Reads a field's key, and its length where it has one.
    fn next_head(&mut self) -> Option<(u32, Payload)> {
        let (tag, wire_type) = decode_key(&mut self.0).ok()?;
        let payload = match wire_type {
            WireType::LengthDelimited => Payload::Bytes(usize::try_from(decode_varint(&mut self.0).ok()?).ok()?),
            WireType::Varint => {
                decode_varint(&mut self.0).ok()?;
                Payload::Scalar
            }
            WireType::ThirtyTwoBit => {
                self.skip(4)?;
                Payload::Scalar
            }
            WireType::SixtyFourBit => {
                self.skip(8)?;
                Payload::Scalar
            }
            WireType::StartGroup | WireType::EndGroup => return None,
        };
        Some((tag, payload))
    }

    fn skip(&mut self, length: usize) -> Option<()> {
        self.0 = self.0.get(length..)?;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_from_its_envelope() {
        // An expired continue token, shortened: metadata, status, message, reason, code, in the envelope of a `Status`.
        let status = b"\x0a\x02\x0a\x00\x12\x07Failure\x1a\x07too old\x22\x07Expired\x30\x9a\x03";
        let mut body = b"k8s\0\x0a\x0c\x0a\x02v1\x12\x06Status\x12".to_vec();
        body.push(u8::try_from(status.len()).unwrap());
        body.extend_from_slice(status);
        assert_eq!(decode_status(&body), Some(("too old".to_owned(), "Expired".to_owned())));
        assert_eq!(decode_status(b"Too many requests, please try again later.\n"), None);
        assert_eq!(decode_status(b"k8s\0"), None);
    }
}
