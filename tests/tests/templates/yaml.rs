//! YAML with CloudFormation's tags, as JSON: `!Sub x` becomes `{"Fn::Sub": "x"}`, as CloudFormation itself reads it.

use std::iter::Peekable;

use granit_parser::{Event, Parser, ScalarStyle, Tag};
use serde_json::{Map, Value, json};

/// The documents of a YAML text. Comments are dropped, duplicate keys refused.
pub(crate) fn documents(text: &str) -> Result<Vec<Value>, String> {
    let mut events = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, _) = event.map_err(|error| error.to_string())?;
        if !matches!(event, Event::Comment(..)) {
            events.push(event);
        }
    }
    let mut events = events.into_iter().peekable();
    let mut documents = Vec::new();
    while let Some(event) = events.next() {
        if matches!(event, Event::DocumentStart(..)) {
            documents.push(node(&mut events)?);
        }
    }
    Ok(documents)
}

fn node<'a>(events: &mut Peekable<impl Iterator<Item = Event<'a>>>) -> Result<Value, String> {
    match events.next().ok_or("the text ends within a document")? {
        Event::Scalar(text, style, _, tag) => tagged(tag.as_deref(), scalar(&text, style, tag.as_deref())),
        Event::SequenceStart(_, _, tag) => {
            let mut items = Vec::new();
            while !matches!(events.peek(), Some(Event::SequenceEnd) | None) {
                items.push(node(events)?);
            }
            events.next();
            tagged(tag.as_deref(), Value::Array(items))
        }
        Event::MappingStart(_, _, tag) => {
            let mut members = Map::new();
            while !matches!(events.peek(), Some(Event::MappingEnd) | None) {
                let Value::String(key) = node(events)? else { return Err("a key is no text".to_owned()) };
                let value = node(events)?;
                if members.insert(key.clone(), value).is_some() {
                    return Err(format!("the key {key} stands twice in one mapping"));
                }
            }
            events.next();
            tagged(tag.as_deref(), Value::Object(members))
        }
        other => Err(format!("not expected in a template: {other:?}")),
    }
}

/// The short form of a function as its long form.
fn tagged(tag: Option<&Tag>, value: Value) -> Result<Value, String> {
    let Some(tag) = tag.filter(|tag| tag.handle() == "!") else { return Ok(value) };
    Ok(match (tag.suffix(), value) {
        (name @ ("Ref" | "Condition"), value) => json!({ name: value }),
        ("GetAtt", Value::String(text)) => {
            let (resource, attribute) = text.split_once('.').ok_or(format!("!GetAtt {text} has no attribute"))?;
            json!({ "Fn::GetAtt": [resource, attribute] })
        }
        (
            name @ ("And" | "Equals" | "FindInMap" | "If" | "Join" | "Not" | "Or" | "Select" | "Split" | "Sub"),
            value,
        ) => {
            json!({ format!("Fn::{name}"): value })
        }
        (name, _) => return Err(format!("!{name} is no function that is known here")),
    })
}

/// YAML's core schema, of a scalar that is not quoted.
fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Value {
    if style != ScalarStyle::Plain || tag.is_some() {
        return Value::String(text.to_owned());
    }
    match text {
        "" | "~" | "null" => Value::Null,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => match (text.parse::<i64>(), text.parse::<f64>()) {
            (Ok(number), _) => json!(number),
            (_, Ok(number)) if text.contains('.') => json!(number),
            _ => Value::String(text.to_owned()),
        },
    }
}

#[test]
fn the_short_form_of_a_function_is_read_as_its_long_form() {
    let text = "a: !Sub x-${B}\nb: !If [C, !Ref D, !GetAtt E.Arn]\nc: !Not [!Condition F]\nd: '1'\ne: 1\n";
    let expected = json!({
        "a": {"Fn::Sub": "x-${B}"}, "b": {"Fn::If": ["C", {"Ref": "D"}, {"Fn::GetAtt": ["E", "Arn"]}]},
        "c": {"Fn::Not": [{"Condition": "F"}]}, "d": "1", "e": 1,
    });
    assert_eq!(documents(text), Ok(vec![expected]));
}

#[test]
fn a_key_twice_and_an_unknown_function_are_errors() {
    assert!(documents("a: 1\na: 2\n").is_err());
    assert!(documents("a: !Sbu x\n").is_err());
}
