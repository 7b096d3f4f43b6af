use std::str::FromStr;

use serde_json::{Value, json};

/// A label selector of namespaces, written as `kubectl -l` takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamespaceSelector(Vec<Requirement>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    key: String,
    operator: &'static str,
    values: Vec<String>,
}

impl NamespaceSelector {
    /// The selector as it stands in an object.
    pub(crate) fn document(&self) -> Value {
        let expressions = self.0.iter().map(|requirement| {
            let mut expression = json!({"key": requirement.key, "operator": requirement.operator});
            if !requirement.values.is_empty() {
                expression["values"] = json!(requirement.values);
            }
            expression
        });
        json!({"matchExpressions": expressions.collect::<Vec<_>>()})
    }
}

impl FromStr for NamespaceSelector {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        requirements(text).into_iter().map(requirement).collect::<Option<Vec<_>>>().map(Self).ok_or_else(|| {
            "a selector is a comma list of KEY=VALUE, KEY!=VALUE, KEY in (VALUE, …), KEY notin (VALUE, …), KEY and !KEY"
                .to_owned()
        })
    }
}

/// Splits at the commas outside of parentheses.
fn requirements(text: &str) -> Vec<&str> {
    let mut inside = false;
    text.split(|character| {
        match character {
            '(' => inside = true,
            ')' => inside = false,
            _ => {}
        }
        character == ',' && !inside
    })
    .collect()
}

fn requirement(text: &str) -> Option<Requirement> {
    let text = text.trim();
    let new = |key: &str, operator, values: Vec<&str>| {
        let values: Vec<String> = values.into_iter().map(|value| value.trim().to_owned()).collect();
        let key = key.trim();
        (is_key(key) && values.iter().all(|value| is_value(value))).then(|| Requirement {
            key: key.to_owned(),
            operator,
            values,
        })
    };
    if let Some(list) = text.strip_suffix(')') {
        let (head, list) = list.split_once('(')?;
        let (key, word) = head.trim().rsplit_once(char::is_whitespace)?;
        let operator = match word {
            "in" => "In",
            "notin" => "NotIn",
            _ => return None,
        };
        return new(key, operator, list.split(',').collect());
    }
    if let Some((key, value)) = text.split_once("!=") {
        return new(key, "NotIn", vec![value]);
    }
    if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        return new(key, "In", vec![value]);
    }
    match text.strip_prefix('!') {
        Some(key) => new(key, "DoesNotExist", Vec::new()),
        None => new(text, "Exists", Vec::new()),
    }
}

/// Whether a text is a label's name with an optional prefix.
fn is_key(text: &str) -> bool {
    match text.split_once('/') {
        Some((prefix, name)) => !prefix.is_empty() && prefix.split('.').all(is_name) && is_name(name),
        None => is_name(text),
    }
}

/// Whether a text is a label's value; an empty one is.
fn is_value(text: &str) -> bool {
    text.is_empty() || is_name(text)
}

fn is_name(text: &str) -> bool {
    let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    bytes.len() <= 63
        && ends(bytes.first())
        && ends(bytes.last())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}
