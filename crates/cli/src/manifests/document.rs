use std::fmt;

use eks_rules::{UniqueWithout, Unread};
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

/// What no rule reads of a container.
const OF_CONTAINERS: &[&str] =
    &["lifecycle", "livenessProbe", "readinessProbe", "resources", "startupProbe", "volumeMounts"];

/// What objects have at length and no rule reads, of whatever kind they are. The keys of labels are anybody's: nothing may
/// be left out that could stand among them.
const UNREAD: &Unread = &[
    ("metadata", &["managedFields"]),
    ("spec", &["affinity", "tolerations"]),
    ("status", &["conditions"]),
    ("containers", OF_CONTAINERS),
    ("initContainers", OF_CONTAINERS),
    ("ephemeralContainers", OF_CONTAINERS),
];

/// Reads what stands under this key in a manifest, without what no rule reads; an object of its own stands under none.
pub(super) fn without_unread(key: &str) -> UniqueWithout {
    UniqueWithout::new(UNREAD).below(key)
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
    /// Takes an item of a bare sequence of objects, as `jq` makes them.
    pub(super) fn item(&mut self, number: u64, item: Value) {
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

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut sequence: A) -> Result<(), A::Error> {
        let mut number = 0;
        while let Some(item) = sequence.next_element_seed(without_unread(""))? {
            number += 1;
            self.item(number, item);
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut object = Partial::new(self);
        while let Some(key) = map.next_key::<String>()? {
            object.check(&key).map_err(A::Error::custom)?;
            if object.streams(&key) {
                if let Some(other) = map.next_value_seed(Items { object: &mut object })? {
                    object.insert(key, other);
                }
            } else {
                let value = map.next_value_seed(without_unread(&key))?;
                object.insert(key, value);
            }
        }
        object.end();
        Ok(())
    }
}

/// An object of which the first fields are read.
pub(super) struct Partial<'a, T> {
    document: Document<'a, T>,
    object: Map<String, Value>,
    streamed: Option<Streamed>,
}

/// What is left of a sequence of items that was handed over.
#[derive(Debug, Default)]
struct Streamed {
    list: ItemType,
    number: u64,
    /// Items without a kind, which wait for that of their list, each with its number.
    held: Vec<(u64, Value)>,
}

impl<'a, T: Take> Partial<'a, T> {
    /// Nothing is read yet.
    pub(super) fn new(document: Document<'a, T>) -> Self {
        Self { document, object: Map::new(), streamed: None }
    }

    /// Fails where the key was there before.
    pub(super) fn check(&self, key: &str) -> Result<(), String> {
        if self.object.contains_key(key) || (self.streamed.is_some() && key == "items") {
            return Err(format!("duplicate key {key:?}"));
        }
        Ok(())
    }

    /// Whether a sequence under this key is one of objects, to be handed over one by one.
    pub(super) fn streams(&self, key: &str) -> bool {
        key == "items" && may_be_list(&self.object)
    }

    /// Adds a field.
    pub(super) fn insert(&mut self, key: String, value: Value) {
        self.object.insert(key, value);
    }

    /// Begins the sequence of items.
    pub(super) fn begin_items(&mut self) {
        self.streamed = Some(Streamed { list: ItemType::of(&self.object), ..Streamed::default() });
    }

    /// Takes the next of them.
    pub(super) fn item(&mut self, mut item: Value) {
        let streamed = self.streamed.get_or_insert_default();
        streamed.number += 1;
        streamed.list.complete(&mut item);
        if item.get("kind").is_none() {
            streamed.held.push((streamed.number, item));
        } else {
            self.document.item(streamed.number, item);
        }
    }

    /// Ends the object: it is taken, or what waited for its kind is.
    pub(super) fn end(mut self) {
        let Some(streamed) = self.streamed else {
            return self.document.taker.take(self.document.position, Ok(Value::Object(self.object)));
        };
        let wrong = match self.object.get("kind").and_then(Value::as_str) {
            Some(kind) if kind.ends_with("List") => {
                let list = ItemType::of(&self.object);
                for (number, mut item) in streamed.held {
                    list.complete(&mut item);
                    self.document.item(number, item);
                }
                return;
            }
            Some(kind) => format!("kind {kind} has `items` before its kind, as only a List may have"),
            None => "a list of items without a kind".to_owned(),
        };
        self.document.taker.take(self.document.position, Err(wrong));
    }
}

/// Whether an object, as far as it was read, may yet be a list: `kubectl` writes `items` before `kind`.
fn may_be_list(object: &Map<String, Value>) -> bool {
    object.get("kind").is_none_or(|kind| kind.as_str().is_some_and(|kind| kind.ends_with("List")))
}

/// What a typed list says of its items, which then do not say it themselves.
#[derive(Clone, Debug, Default)]
pub(super) struct ItemType {
    kind: Option<String>,
    api_version: Option<Value>,
}

impl ItemType {
    pub(super) fn of(list: &Map<String, Value>) -> Self {
        let kind = list.get("kind").and_then(Value::as_str).and_then(|kind| kind.strip_suffix("List"));
        Self {
            kind: kind.filter(|kind| !kind.is_empty()).map(str::to_owned),
            api_version: list.get("apiVersion").cloned(),
        }
    }

    /// Gives an item the kind that only its list says.
    pub(super) fn complete(&self, item: &mut Value) {
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

/// Reads what stands under `items`: a sequence is handed over, anything else is given back.
struct Items<'a, 'b, T> {
    object: &'a mut Partial<'b, T>,
}

impl<'de, T: Take> DeserializeSeed<'de> for Items<'_, '_, T> {
    type Value = Option<Value>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<Value>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Take> Visitor<'de> for Items<'_, '_, T> {
    type Value = Option<Value>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a sequence of items")
    }

    /// `items: null` is an empty list.
    fn visit_unit<E>(self) -> Result<Option<Value>, E> {
        self.object.begin_items();
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Option<Value>, A::Error> {
        without_unread("items").deserialize(MapAccessDeserializer::new(map)).map(Some)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Option<Value>, A::Error> {
        self.object.begin_items();
        while let Some(item) = sequence.next_element_seed(without_unread(""))? {
            self.object.item(item);
        }
        Ok(None)
    }
}
