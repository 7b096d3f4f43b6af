use std::fmt;

use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Number, Value};

/// A JSON value in which no object has the same key twice: JSON itself lets the last one win, which would let a
/// reviewer and a parser read two different documents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UniqueValue(pub Value);

impl<'de> Deserialize<'de> for UniqueValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        UniqueWithout(&[]).deserialize(deserializer).map(Self)
    }
}

/// Reads such a value and leaves out what stands under these keys, however deep. It must be well-formed, and no more is
/// asked of what nobody reads.
#[derive(Clone, Copy, Debug)]
pub struct UniqueWithout(pub &'static [&'static str]);

impl<'de> DeserializeSeed<'de> for UniqueWithout {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for UniqueWithout {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value without duplicate keys")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element_seed(self)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        let mut left_out = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            if object.contains_key(&key) || left_out.contains(&key) {
                return Err(A::Error::custom(format!("duplicate key {key:?}")));
            }
            if self.0.contains(&key.as_str()) {
                map.next_value::<IgnoredAny>()?;
                left_out.push(key);
            } else {
                object.insert(key, map.next_value_seed(self)?);
            }
        }
        Ok(Value::Object(object))
    }
}
