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
        UniqueWithout::new(&[]).deserialize(deserializer).map(Self)
    }
}

/// Keys that are left out, each list with the key under which they stand, in an object or in those of a sequence.
pub type Unread = [(&'static str, &'static [&'static str])];

/// Reads such a value and leaves out what nobody reads of it. What is left out need have the form of a value and no more.
#[derive(Clone, Copy, Debug)]
pub struct UniqueWithout {
    unread: &'static Unread,
    /// What is left out here.
    here: &'static [&'static str],
}

impl UniqueWithout {
    /// Leaves these out, wherever they stand.
    #[must_use]
    pub const fn new(unread: &'static Unread) -> Self {
        Self { unread, here: &[] }
    }

    /// The same for what stands under a key.
    #[must_use]
    pub fn below(self, key: &str) -> Self {
        let below = self.unread.iter().find(|(parent, _)| *parent == key);
        Self { here: below.map_or(&[], |(_, keys)| keys), ..self }
    }
}

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
            if self.here.contains(&key.as_str()) {
                map.next_value::<IgnoredAny>()?;
                left_out.push(key);
            } else {
                let value = map.next_value_seed(self.below(&key))?;
                object.insert(key, value);
            }
        }
        Ok(Value::Object(object))
    }
}
