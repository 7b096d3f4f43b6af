//! Documents as trees whose nodes know where they stand, from the events of a YAML or JSON parser. A list is handed over
//! item by item, so that one of any length takes the memory of one item.

use std::collections::HashMap;
use std::rc::Rc;

use serde_json::{Map, Value};

/// Where something begins: line and column, from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// The line.
    pub(super) line: u64,
    /// The column, in characters.
    pub(super) column: u64,
}

/// What a parser meets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A mapping begins; an anchor of 0 is none.
    Mapping(usize),
    /// A sequence begins.
    Sequence(usize),
    /// The mapping or sequence ends.
    End,
    /// A scalar; a plain one is not quoted.
    Scalar {
        /// Its text.
        text: String,
        /// Whether it is not quoted.
        plain: bool,
        /// Its anchor.
        anchor: usize,
    },
    /// What the anchor stands for.
    Alias(usize),
    /// The document ends.
    EndOfDocument,
}

/// A value and where it begins.
#[derive(Debug)]
pub(super) struct Node {
    /// Where it begins.
    pub(super) place: Place,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Scalar { text: String, plain: bool },
    Mapping(Vec<(Rc<Node>, Rc<Node>)>),
    Sequence(Vec<Rc<Node>>),
}

impl Node {
    /// The value of a key, in the mapping itself or in what is merged into it.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let Content::Mapping(entries) = &self.content else { return None };
        let own = entries.iter().find(|(name, _)| name.text() == Some(key));
        own.map(|(_, value)| &**value).or_else(|| {
            let merged = entries.iter().find(|(name, _)| name.is_merge_key());
            merged.and_then(|(_, value)| match &value.content {
                Content::Sequence(several) => several.iter().find_map(|one| one.get(key)),
                _ => value.get(key),
            })
        })
    }

    /// What it says of its items, where it is a list.
    pub(super) fn list_type(&self) -> ListType<'_> {
        list_type(&self.content)
    }

    /// The value at the end of a path of keys.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// Adds the values of these keys, however deep they stand.
    pub(super) fn find<'a>(&'a self, keys: &[&str], found: &mut Vec<&'a Self>) {
        match &self.content {
            Content::Scalar { .. } => {}
            Content::Sequence(elements) => elements.iter().for_each(|element| element.find(keys, found)),
            Content::Mapping(entries) => {
                for (key, value) in entries {
                    if key.text().is_some_and(|key| keys.contains(&key)) {
                        found.push(value);
                    }
                    value.find(keys, found);
                }
            }
        }
    }

    /// The text of a scalar.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The elements of a sequence; none of anything else.
    pub(super) fn elements(&self) -> impl Iterator<Item = &Self> {
        let elements = match &self.content {
            Content::Sequence(elements) => elements.as_slice(),
            _ => &[],
        };
        elements.iter().map(|element| &**element)
    }

    /// The node as a value, in which every scalar but null and the booleans is a string.
    pub(super) fn value(&self) -> Value {
        match &self.content {
            Content::Scalar { text, plain: true } => match text.as_str() {
                "" | "~" | "null" | "Null" | "NULL" => Value::Null,
                "true" | "True" | "TRUE" => Value::Bool(true),
                "false" | "False" | "FALSE" => Value::Bool(false),
                _ => Value::String(text.clone()),
            },
            Content::Scalar { text, .. } => Value::String(text.clone()),
            Content::Sequence(elements) => elements.iter().map(|element| element.value()).collect(),
            Content::Mapping(entries) => {
                let mut object = Map::new();
                for (key, value) in entries {
                    match (key.text(), value.value()) {
                        (_, Value::Object(merged)) if key.is_merge_key() => {
                            for (key, value) in merged {
                                object.entry(key).or_insert(value);
                            }
                        }
                        (Some(key), value) => {
                            object.insert(key.to_owned(), value);
                        }
                        (None, _) => {}
                    }
                }
                Value::Object(object)
            }
        }
    }

    fn is_merge_key(&self) -> bool {
        matches!(&self.content, Content::Scalar { text, plain: true } if text == "<<")
    }
}

/// The type that a typed list gives its items.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ListType<'a> {
    /// The kind of the items.
    pub(super) kind: Option<&'a str>,
    /// Their apiVersion.
    pub(super) api_version: Option<&'a str>,
}

/// Builds the nodes of documents and hands over each object in them.
#[derive(Debug)]
pub(super) struct Nodes<F> {
    open: Vec<Open>,
    anchors: HashMap<usize, Rc<Node>>,
    /// Items without a kind, which wait for that of their list.
    held: Vec<Rc<Node>>,
    take: F,
}

/// A mapping or sequence that has not ended.
#[derive(Debug)]
struct Open {
    place: Place,
    anchor: usize,
    content: Content,
    /// The key whose value comes next.
    key: Option<Rc<Node>>,
}

impl<F: FnMut(&Node, ListType<'_>)> Nodes<F> {
    /// Hands objects over to `take`.
    pub(super) fn new(take: F) -> Self {
        Self { open: Vec::new(), anchors: HashMap::new(), held: Vec::new(), take }
    }

    /// Takes what a parser meets.
    pub(super) fn event(&mut self, place: Place, event: Event) {
        match event {
            Event::Mapping(anchor) => self.open(place, anchor, Content::Mapping(Vec::new())),
            Event::Sequence(anchor) => self.open(place, anchor, Content::Sequence(Vec::new())),
            Event::Scalar { text, plain, anchor } => {
                self.complete(anchor, Node { place, content: Content::Scalar { text, plain } });
            }
            Event::Alias(anchor) => {
                if let Some(node) = self.anchors.get(&anchor) {
                    let node = Rc::clone(node);
                    self.add(node);
                }
            }
            Event::End => {
                if let Some(Open { place, anchor, content, .. }) = self.open.pop() {
                    self.complete(anchor, Node { place, content });
                }
            }
            Event::EndOfDocument => {
                self.open.clear();
                self.anchors.clear();
                self.held.clear();
            }
        }
    }

    fn open(&mut self, place: Place, anchor: usize, content: Content) {
        self.open.push(Open { place, anchor, content, key: None });
    }

    fn complete(&mut self, anchor: usize, node: Node) {
        let node = Rc::new(node);
        if anchor > 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        self.add(node);
    }

    /// Adds a node to what it stands in, or hands it over where it is an object of its own.
    fn add(&mut self, node: Rc<Node>) {
        match self.open.as_slice() {
            [] => self.end_root(&node),
            [Open { content: Content::Sequence(_), .. }] => (self.take)(&node, ListType::default()),
            [list, Open { content: Content::Sequence(_), .. }]
                if list.key.as_ref().is_some_and(|key| is_items(key)) =>
            {
                let list = list_type(&list.content);
                if node.get("kind").is_none() && list.kind.is_none() {
                    self.held.push(node);
                } else {
                    (self.take)(&node, list);
                }
            }
            _ => {
                if let Some(open) = self.open.last_mut() {
                    open.add(node);
                }
            }
        }
    }

    fn end_root(&mut self, root: &Node) {
        let list = root.list_type();
        for item in self.held.drain(..) {
            (self.take)(&item, list);
        }
        (self.take)(root, ListType::default());
    }
}

impl Open {
    fn add(&mut self, node: Rc<Node>) {
        match (&mut self.content, self.key.take()) {
            (Content::Mapping(entries), Some(key)) => entries.push((key, node)),
            (Content::Mapping(_), None) => self.key = Some(node),
            (Content::Sequence(elements), _) => elements.push(node),
            (Content::Scalar { .. }, _) => {}
        }
    }
}

fn is_items(key: &Node) -> bool {
    key.text() == Some("items")
}

fn list_type(list: &Content) -> ListType<'_> {
    let Content::Mapping(entries) = list else { return ListType::default() };
    let text = |wanted: &str| entries.iter().find(|(key, _)| key.text() == Some(wanted)).and_then(|(_, it)| it.text());
    let kind = text("kind").and_then(|kind| kind.strip_suffix("List")).filter(|kind| !kind.is_empty());
    ListType { kind, api_version: text("apiVersion") }
}
