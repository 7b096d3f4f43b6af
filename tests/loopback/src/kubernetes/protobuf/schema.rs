//! The messages of Kubernetes' own kinds, as `schema.py` found them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What [`Schema::get`] knows.
static SCHEMA: LazyLock<BTreeMap<&'static str, Vec<Field>>> = LazyLock::new(|| {
    let mut messages: BTreeMap<&str, Vec<Field>> = BTreeMap::new();
    for line in include_str!("schema.tsv").lines().filter(|line| !line.starts_with('#')) {
        if let Some((message, field)) = field(line) {
            messages.entry(message).or_default().push(field);
        }
    }
    messages
});

/// The fields of a message such as `core.v1.Pod`, in the order of their tags.
pub(super) fn fields(message: &str) -> Option<&'static [Field]> {
    SCHEMA.get(message).map(Vec::as_slice)
}

/// A field of a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    /// Its name in JSON; none where its own fields lie in the message around it.
    pub(super) json: Option<&'static str>,
    pub(super) tag: u32,
    pub(super) shape: Shape,
    pub(super) form: Form,
    /// Whether it is written although it is empty.
    pub(super) always: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    One,
    Repeated,
    /// By text keys.
    Map,
}

/// What a single value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Bool,
    /// `int32` and `int64`.
    Integer,
    /// Base64 in JSON.
    Bytes,
    /// RFC 3339 in JSON, seconds and nanoseconds in protobuf.
    Time,
    /// `resource.Quantity`: a text in a message.
    Quantity,
    /// A number or a text in JSON.
    IntOrString,
    /// `meta.v1.FieldsV1`: its JSON text in a message.
    FieldsV1,
    /// Any other message, by its name.
    Message(&'static str),
}

fn field(line: &'static str) -> Option<(&'static str, Field)> {
    let mut columns = line.split('\t');
    let (message, json, tag) = (columns.next()?, columns.next()?, columns.next()?.parse().ok()?);
    let shape = match columns.next()? {
        "repeated" => Shape::Repeated,
        "map" => Shape::Map,
        _ => Shape::One,
    };
    let form = match columns.next()? {
        "string" => Form::Text,
        "bool" => Form::Bool,
        "int32" | "int64" => Form::Integer,
        "bytes" => Form::Bytes,
        "time" => Form::Time,
        "quantity" => Form::Quantity,
        "intOrString" => Form::IntOrString,
        "fieldsV1" => Form::FieldsV1,
        message => Form::Message(message),
    };
    let always = columns.next() == Some("always");
    Some((message, Field { json: (json != "-").then_some(json), tag, shape, form, always }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_field_and_every_message_is_there() {
        for line in include_str!("schema.tsv").lines().filter(|line| !line.starts_with('#')) {
            let (_, field) = field(line).unwrap_or_else(|| panic!("{line}"));
            if let Form::Message(message) = field.form {
                assert!(fields(message).is_some(), "{line}");
            }
        }
    }
}
