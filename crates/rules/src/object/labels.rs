use std::fmt;

use prost::bytes::{Buf, BufMut};
use prost::encoding::{DecodeContext, WireType, decode_varint};
use prost::{DecodeError, Message};
use serde::de::{DeserializeSeed, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Fields of an entry of a map.
const KEY: u32 = 1;
const VALUE: u32 = 2;

/// The labels of an object. All of them lie in one text: a pod has several, and a text for every key and every value was
/// half of what is allocated for a pod.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Labels {
    /// Key, value, key, value and so on, in the order in which they were read.
    text: String,
    /// Where each of them ends in the text; there are always as many values as keys.
    ends: Vec<u32>,
}

impl Labels {
    /// The value of a label; of a key that was read twice the last one, as in JSON and in protobuf.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.iter().filter(|(known, _)| *known == key).last().map(|(_, value)| value)
    }

    /// Every label, as (key, value).
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut begin = 0;
        let mut texts = self.ends.iter().map(move |end| {
            let end = *end as usize;
            let text = self.text.get(begin..end).unwrap_or_default();
            begin = end;
            text
        });
        std::iter::from_fn(move || Some((texts.next()?, texts.next()?)))
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Adds a key or the value of the last one.
    fn push(&mut self, field: u32, text: &str) -> Result<(), &'static str> {
        if field == KEY { self.push_key(text) } else { self.push_value(text) }
    }

    /// Adds a key, whose value is empty so far.
    fn push_key(&mut self, key: &str) -> Result<(), &'static str> {
        self.text.push_str(key);
        self.ends.extend([self.end()?; 2]);
        Ok(())
    }

    /// Gives the last key its value. It is an error where that has one.
    fn push_value(&mut self, value: &str) -> Result<(), &'static str> {
        if !matches!(self.ends.as_slice(), [.., key, value] if key == value) {
            return Err("a label has a value and no key");
        }
        self.ends.pop();
        self.text.push_str(value);
        self.ends.push(self.end()?);
        Ok(())
    }

    fn end(&self) -> Result<u32, &'static str> {
        u32::try_from(self.text.len()).map_err(|_| "labels of more than 4 GiB")
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_map().entries(self.iter()).finish()
    }
}

impl<'de> Deserialize<'de> for Labels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(LabelsVisitor)
    }
}

struct LabelsVisitor;

impl<'de> Visitor<'de> for LabelsVisitor {
    type Value = Labels;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Labels, A::Error> {
        let mut labels = Labels::default();
        while map.next_key_seed(Text(&mut labels, KEY))?.is_some() {
            map.next_value_seed(Text(&mut labels, VALUE))?;
        }
        Ok(labels)
    }
}

/// Reads a key or a value into the labels.
struct Text<'a>(&'a mut Labels, u32);

impl<'de> DeserializeSeed<'de> for Text<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Text<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        self.0.push(self.1, text).map_err(E::custom)
    }
}

/// A map is a repeated entry on the wire, and every entry is merged into the same value. Nothing is encoded here.
impl Message for Labels {
    fn encode_raw(&self, _buffer: &mut impl BufMut) {}

    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buffer: &mut impl Buf,
        context: DecodeContext,
    ) -> Result<(), DecodeError> {
        if tag != KEY && tag != VALUE {
            return prost::encoding::skip_field(wire_type, tag, buffer, context);
        }
        let mut owned = String::new();
        let (text, length) = match text_of(wire_type, buffer.chunk()) {
            Some((text, length)) => (text, length),
            // It is broken, which prost words, or in pieces.
            None => {
                prost::encoding::string::merge(wire_type, &mut owned, buffer, context)?;
                (owned.as_str(), 0)
            }
        };
        #[expect(deprecated, reason = "prost has no other way to refuse a message that it decodes")]
        self.push(tag, text).map_err(DecodeError::new)?;
        buffer.advance(length);
        Ok(())
    }

    fn encoded_len(&self) -> usize {
        0
    }

    fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }
}

/// A text at the beginning of a buffer, and how much of the buffer it is with its length before it.
fn text_of(wire_type: WireType, buffer: &[u8]) -> Option<(&str, usize)> {
    let mut rest = buffer;
    if wire_type != WireType::LengthDelimited {
        return None;
    }
    let length = usize::try_from(decode_varint(&mut rest).ok()?).ok()?;
    let text = std::str::from_utf8(rest.get(..length)?).ok()?;
    Some((text, buffer.len() - rest.len() + length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(entries: &[&[u8]]) -> Result<Labels, DecodeError> {
        let mut labels = Labels::default();
        entries.iter().try_for_each(|entry| labels.merge(*entry))?;
        Ok(labels)
    }

    #[test]
    fn labels_are_the_same_from_json_and_from_protobuf() {
        let json: Labels = serde_json::from_str(r#"{"app": "api", "größe": "", "x": "1"}"#).unwrap();
        let protobuf =
            decoded(&[b"\x0a\x03app\x12\x03api", "\x0a\x07größe".as_bytes(), b"\x0a\x01x\x12\x011"]).unwrap();
        assert_eq!(json, protobuf);
        assert_eq!(json.iter().collect::<Vec<_>>(), [("app", "api"), ("größe", ""), ("x", "1")]);
        assert_eq!((json.get("app"), json.get("größe"), json.get("ap")), (Some("api"), Some(""), None));
    }

    #[test]
    fn the_last_of_two_values_wins() {
        let json: Labels = serde_json::from_str(r#"{"app": "api", "tier": "web", "app": "other"}"#).unwrap();
        let protobuf = decoded(&[b"\x0a\x03app\x12\x03api", b"\x0a\x03app\x12\x05other"]).unwrap();
        assert_eq!((json.get("app"), protobuf.get("app")), (Some("other"), Some("other")));
    }

    #[test]
    fn what_is_no_label_is_refused() {
        // A value alone, a key cut short, one that is no UTF-8, two that are numbers, and a second value.
        let refused: [&[u8]; 6] = [
            b"\x12\x03api",
            b"\x0a\x03ap",
            b"\x0a\x01\xff",
            b"\x08\x01",
            b"\x08\x01a\x12\x01b",
            b"\x0a\x01a\x12\x01b\x12\x01c",
        ];
        for entry in refused {
            assert!(decoded(&[entry]).is_err(), "{entry:?}");
        }
        let error = serde_json::from_str::<Labels>(r#"{"version": 1}"#).unwrap_err().to_string();
        assert_eq!(error, "invalid type: integer `1`, expected a string at line 1 column 13");
    }

    #[test]
    fn cleared_labels_are_none() {
        let mut labels = decoded(&[b"\x0a\x03app\x12\x03api"]).unwrap();
        labels.clear();
        assert_eq!(labels, Labels::default());
        assert!(labels.is_empty());
    }
}
