//! JSON to protobuf, by the schema.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::schema::{Field, Form, Shape, fields};
use crate::timestamp;

/// JSON that does not fit into its message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {cause}")]
pub struct EncodeError {
    /// Path of the member, such as `spec.containers.0.image`.
    pub path: String,
    /// What is wrong with it.
    pub cause: String,
}

impl EncodeError {
    pub(super) fn new(path: &str, cause: impl Into<String>) -> Self {
        Self { path: path.to_owned(), cause: cause.into() }
    }

    /// The same, seen from one member further out.
    fn within(self, member: &str) -> Self {
        let path = if self.path.is_empty() { member.to_owned() } else { format!("{member}.{}", self.path) };
        Self { path, ..self }
    }
}

/// Writes a message. `passed_over` are members of the JSON that it has no field for.
pub(super) fn message(name: &str, value: &Value, passed_over: &[&str], output: &mut Output) -> Result<(), EncodeError> {
    let Some(members) = value.as_object() else { return Err(EncodeError::new("", format!("{value} is no object"))) };
    let own = fields(name).ok_or_else(|| EncodeError::new("", format!("there is no message {name}")))?;
    let unknown = members.keys().find(|member| !passed_over.contains(&member.as_str()) && !knows(own, member));
    if let Some(unknown) = unknown {
        return Err(EncodeError::new(unknown, format!("{name} has no such field")));
    }
    of_members(own, members, output)
}

/// Whether a field of this name is among `own` or the inlined messages in it.
fn knows(own: &[Field], member: &str) -> bool {
    own.iter().any(|field| match (field.json, field.form) {
        (Some(json), _) => json == member,
        (None, Form::Message(inlined)) => fields(inlined).is_some_and(|inlined| knows(inlined, member)),
        (None, _) => false,
    })
}

fn of_members(own: &[Field], members: &Map<String, Value>, output: &mut Output) -> Result<(), EncodeError> {
    for field in own {
        match (field.json, field.form) {
            (Some(json), _) => {
                let value = members.get(json).filter(|value| !value.is_null());
                written(field, value, output).map_err(|error| error.within(json))?;
            }
            (None, Form::Message(inlined)) => {
                let mut inner = Output::default();
                of_members(fields(inlined).unwrap_or_default(), members, &mut inner)?;
                output.bytes(field.tag, &inner.into_bytes());
            }
            (None, _) => {}
        }
    }
    Ok(())
}

fn written(field: &Field, value: Option<&Value>, output: &mut Output) -> Result<(), EncodeError> {
    let Some(value) = value else {
        if field.always {
            empty(field, output);
        }
        return Ok(());
    };
    match field.shape {
        Shape::One => one(field, field.tag, value, output),
        Shape::Repeated => {
            let items = value.as_array().ok_or_else(|| EncodeError::new("", format!("{value} is no list")))?;
            items.iter().enumerate().try_for_each(|(number, item)| {
                let item = if item.is_null() { &Value::Object(Map::new()) } else { item };
                one(field, field.tag, item, output).map_err(|error| error.within(&number.to_string()))
            })
        }
        Shape::Map => {
            let entries = value.as_object().ok_or_else(|| EncodeError::new("", format!("{value} is no object")))?;
            entries.iter().try_for_each(|(key, value)| {
                let mut entry = Output::default();
                entry.text(1, key);
                one(field, 2, value, &mut entry).map_err(|error| error.within(key))?;
                output.bytes(field.tag, &entry.into_bytes());
                Ok(())
            })
        }
    }
}

/// What a Go server writes for a field that is not set and no pointer.
fn empty(field: &Field, output: &mut Output) {
    match (field.shape, field.form) {
        (Shape::One, Form::Bool | Form::Integer) => output.integer(field.tag, 0),
        (Shape::One, Form::Message(name)) => {
            let mut inner = Output::default();
            // Its own fields are written in the same way.
            for field in fields(name).unwrap_or_default().iter().filter(|field| field.always) {
                empty(field, &mut inner);
            }
            output.bytes(field.tag, &inner.into_bytes());
        }
        (Shape::One, _) => output.bytes(field.tag, b""),
        (Shape::Repeated | Shape::Map, _) => {}
    }
}

fn one(field: &Field, tag: u32, value: &Value, output: &mut Output) -> Result<(), EncodeError> {
    let is_no = |what: &str| EncodeError::new("", format!("{value} is no {what}"));
    match field.form {
        Form::Text => output.text(tag, value.as_str().ok_or_else(|| is_no("text"))?),
        Form::Bool => output.integer(tag, u64::from(value.as_bool().ok_or_else(|| is_no("boolean"))?)),
        Form::Integer => output.signed(tag, value.as_i64().ok_or_else(|| is_no("integer"))?),
        Form::Bytes => {
            let bytes = value.as_str().and_then(|text| STANDARD.decode(text).ok());
            output.bytes(tag, &bytes.ok_or_else(|| is_no("base64"))?);
        }
        Form::Message(name) => {
            let mut inner = Output::default();
            message(name, value, &[], &mut inner)?;
            output.bytes(tag, &inner.into_bytes());
        }
        Form::Time | Form::Quantity | Form::IntOrString | Form::FieldsV1 => {
            let inner = well_known(field.form, value).ok_or_else(|| is_no(&format!("{:?}", field.form)))?;
            output.bytes(tag, &inner.into_bytes());
        }
    }
    Ok(())
}

/// A message whose JSON is a text or a number.
fn well_known(form: Form, value: &Value) -> Option<Output> {
    let mut inner = Output::default();
    match form {
        Form::Time => {
            let (seconds, nanoseconds) = timestamp::parse_rfc3339(value.as_str()?)?;
            inner.signed(1, seconds);
            inner.signed(2, nanoseconds);
        }
        Form::Quantity => match value {
            Value::String(text) => inner.text(1, text),
            Value::Number(number) => inner.text(1, &number.to_string()),
            _ => return None,
        },
        Form::IntOrString => {
            let (kind, number, text) = match value {
                Value::Number(number) => (0, number.as_i64()?, ""),
                Value::String(text) => (1, 0, text.as_str()),
                _ => return None,
            };
            inner.signed(1, kind);
            inner.signed(2, number);
            inner.text(3, text);
        }
        _ => inner.bytes(1, value.as_object().map(|_| value.to_string())?.as_bytes()),
    }
    Some(inner)
}

/// A message on its way out.
#[derive(Default)]
pub(super) struct Output(Vec<u8>);

impl Output {
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    fn varint(&mut self, mut number: u64) {
        while number > 0x7f {
            self.0.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    /// A field that is a number.
    pub(super) fn integer(&mut self, tag: u32, number: u64) {
        self.varint(u64::from(tag) << 3);
        self.varint(number);
    }

    /// A field that is a number with a sign, in two's complement.
    pub(super) fn signed(&mut self, tag: u32, number: i64) {
        self.integer(tag, number.cast_unsigned());
    }

    /// The key of a field that is so many bytes, which are not written.
    pub(super) fn length(&mut self, tag: u32, length: usize) {
        self.varint(u64::from(tag) << 3 | 2);
        self.varint(length as u64);
    }

    pub(super) fn bytes(&mut self, tag: u32, bytes: &[u8]) {
        self.length(tag, bytes.len());
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn text(&mut self, tag: u32, text: &str) {
        self.bytes(tag, text.as_bytes());
    }
}
