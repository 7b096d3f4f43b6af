use std::fmt;

use eks_rules::UniqueValue;
use serde::Deserializer;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::error::Position;

/// Takes what is found in documents, in its order.
pub(super) trait Take {
    /// Takes an object, or what is wrong in its place.
    fn take(&mut self, position: Position, object: Result<Value, String>);
}

impl Take for Vec<(Position, Result<Value, String>)> {
    fn take(&mut self, position: Position, object: Result<Value, String>) {
        self.push((position, object));
    }
}

/// One document, as it is read: an object is taken whole, a list item by item, so that a list of any length takes the
/// memory of one item. The errors of the reading itself are those of syntax.
pub(super) struct Document<'a, T> {
    /// Where in its file.
    pub(super) position: Position,
    /// Who takes the objects.
    pub(super) taker: &'a mut T,
}

impl<T: Take> Document<'_, T> {
    fn item(&mut self, number: u64, item: Value) {
        let position = Position { item: Some(number), ..self.position };
        self.taker.take(position, Ok(item));
    }
}

impl<'de, T: Take> DeserializeSeed<'de> for Document<'_, T> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Take> Visitor<'de> for Document<'_, T> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a Kubernetes object, with apiVersion and kind")
    }

    /// An empty document.
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_none<E>(self) -> Result<(), E> {
        Ok(())
    }

    /// A bare sequence of objects, as `jq` makes them.
    fn visit_seq<A: SeqAccess<'de>>(mut self, mut sequence: A) -> Result<(), A::Error> {
        let mut number = 0;
        while let Some(UniqueValue(item)) = sequence.next_element()? {
            number += 1;
            self.item(number, item);
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let mut object = Map::new();
        let mut streamed: Option<Streamed> = None;
        while let Some(key) = map.next_key::<String>()? {
            if object.contains_key(&key) || (streamed.is_some() && key == "items") {
                return Err(A::Error::custom(format!("duplicate key {key:?}")));
            }
            if key == "items" && may_be_list(&object) {
                match map.next_value_seed(Items { document: &mut self, list: ItemType::of(&object) })? {
                    ItemsValue::Streamed(items) => streamed = Some(items),
                    ItemsValue::Other(value) => {
                        object.insert(key, value);
                    }
                }
            } else {
                let UniqueValue(value) = map.next_value()?;
                object.insert(key, value);
            }
        }
        match streamed {
            None => self.taker.take(self.position, Ok(Value::Object(object))),
            Some(streamed) => self.end_list(&object, streamed),
        }
        Ok(())
    }
}

impl<T: Take> Document<'_, T> {
    /// Ends a list whose items are known, now that its kind is.
    fn end_list(&mut self, object: &Map<String, Value>, streamed: Streamed) {
        let kind = object.get("kind").and_then(Value::as_str);
        match kind {
            Some(kind) if kind.ends_with("List") => {
                let list = ItemType::of(object);
                for (number, mut item) in streamed.held {
                    list.complete(&mut item);
                    self.item(number, item);
                }
            }
            Some(kind) => {
                let wrong = format!("kind {kind} has `items` before its kind, as only a List may have");
                self.taker.take(self.position, Err(wrong));
            }
            None => self.taker.take(self.position, Err("a list of items without a kind".to_owned())),
        }
    }
}

/// Whether an object, as far as it was read, may yet be a list: `kubectl` writes `items` before `kind`.
fn may_be_list(object: &Map<String, Value>) -> bool {
    object.get("kind").is_none_or(|kind| kind.as_str().is_some_and(|kind| kind.ends_with("List")))
}

/// What a typed list says of its items, which then do not say it themselves.
#[derive(Clone, Debug, Default)]
struct ItemType {
    kind: Option<String>,
    api_version: Option<Value>,
}

impl ItemType {
    fn of(list: &Map<String, Value>) -> Self {
        let kind = list.get("kind").and_then(Value::as_str).and_then(|kind| kind.strip_suffix("List"));
        Self {
            kind: kind.filter(|kind| !kind.is_empty()).map(str::to_owned),
            api_version: list.get("apiVersion").cloned(),
        }
    }

    /// Gives an item the kind that only its list says.
    fn complete(&self, item: &mut Value) {
        if let (Value::Object(item), Some(kind)) = (item, &self.kind)
            && !item.contains_key("kind")
        {
            item.insert("kind".to_owned(), Value::String(kind.clone()));
            if let (false, Some(version)) = (item.contains_key("apiVersion"), &self.api_version) {
                item.insert("apiVersion".to_owned(), version.clone());
            }
        }
    }
}

/// What stands under `items`.
enum ItemsValue {
    /// A sequence, which was handed over.
    Streamed(Streamed),
    /// Anything else.
    Other(Value),
}

/// What is left of a sequence of items.
#[derive(Debug, Default)]
struct Streamed {
    /// Items without a kind, which wait for that of their list, each with its number.
    held: Vec<(u64, Value)>,
}

/// Reads what stands under `items`.
struct Items<'a, 'b, T> {
    document: &'a mut Document<'b, T>,
    list: ItemType,
}

impl<'de, T: Take> DeserializeSeed<'de> for Items<'_, '_, T> {
    type Value = ItemsValue;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<ItemsValue, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Take> Visitor<'de> for Items<'_, '_, T> {
    type Value = ItemsValue;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a sequence of items")
    }

    /// `items: null` is an empty list.
    fn visit_unit<E>(self) -> Result<ItemsValue, E> {
        Ok(ItemsValue::Streamed(Streamed::default()))
    }

    fn visit_none<E>(self) -> Result<ItemsValue, E> {
        Ok(ItemsValue::Streamed(Streamed::default()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ItemsValue, A::Error> {
        let UniqueValue(value) = serde::Deserialize::deserialize(MapAccessDeserializer::new(map))?;
        Ok(ItemsValue::Other(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<ItemsValue, A::Error> {
        let mut streamed = Streamed::default();
        let mut number = 0;
        while let Some(UniqueValue(mut item)) = sequence.next_element()? {
            number += 1;
            self.list.complete(&mut item);
            if item.get("kind").is_none() {
                streamed.held.push((number, item));
            } else {
                self.document.item(number, item);
            }
        }
        Ok(ItemsValue::Streamed(streamed))
    }
}
