//! A CloudFormation template that was read.

use std::collections::BTreeSet;
use std::fmt::Write;

use acceptance::workspace;
use serde_json::{Map, Value};

use crate::yaml::documents;

/// Every template of the repository.
pub(crate) const TEMPLATES: [&str; 9] = [
    "template.yaml",
    "infra/access-entry.yaml",
    "infra/audit-alarms.yaml",
    "infra/conformance-pack.yaml",
    "infra/key.yaml",
    "infra/logging.yaml",
    "infra/member-role.yaml",
    "infra/organization-permissions.yaml",
    "infra/organization-rules.yaml",
];

/// Those that pass parameters to the functions.
pub(crate) const WITH_RULES: [&str; 3] =
    ["template.yaml", "infra/conformance-pack.yaml", "infra/organization-rules.yaml"];

/// The text of a file of the repository.
#[track_caller]
pub(crate) fn text(path: &str) -> String {
    std::fs::read_to_string(workspace().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A template.
pub(crate) struct Template {
    pub(crate) path: &'static str,
    pub(crate) whole: Value,
}

impl Template {
    #[track_caller]
    pub(crate) fn read(path: &'static str) -> Self {
        let mut documents = documents(&text(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(documents.len(), 1, "{path}");
        Self { path, whole: documents.remove(0) }
    }

    pub(crate) fn all() -> impl Iterator<Item = Self> {
        TEMPLATES.into_iter().map(Self::read)
    }

    /// The members of a section; none where the template has no such section.
    pub(crate) fn section(&self, name: &str) -> Map<String, Value> {
        match &self.whole[name] {
            Value::Null => Map::new(),
            Value::Object(members) => members.clone(),
            other => panic!("{}: {name} is {other}", self.path),
        }
    }

    pub(crate) fn names(&self, section: &str) -> BTreeSet<String> {
        self.section(section).keys().cloned().collect()
    }

    #[track_caller]
    pub(crate) fn resource(&self, id: &str) -> Value {
        self.section("Resources").get(id).unwrap_or_else(|| panic!("{} has no resource {id}", self.path)).clone()
    }

    /// The resources of a type.
    pub(crate) fn of_type(&self, kind: &str) -> Vec<(String, Value)> {
        self.section("Resources").into_iter().filter(|(_, resource)| resource["Type"] == kind).collect()
    }
}

/// Calls `visit` with every value of a tree, and the key that it stands under.
pub(crate) fn walk<'a>(value: &'a Value, key: &'a str, visit: &mut impl FnMut(&'a str, &'a Value)) {
    visit(key, value);
    match value {
        Value::Array(items) => items.iter().for_each(|item| walk(item, key, visit)),
        Value::Object(members) => members.iter().for_each(|(key, member)| walk(member, key, visit)),
        _ => {}
    }
}

/// The names in `${…}` of a text.
pub(crate) fn placeholders(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        names.push(name);
        rest = after;
    }
    names
}

/// A value as a person would write it: functions by what they stand for.
pub(crate) fn told(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(told).collect::<Vec<_>>().join(", "),
        Value::Object(members) if members.len() == 1 => {
            let (name, value) = members.iter().next().unwrap_or_else(|| panic!("one member"));
            match (name.as_str(), value) {
                ("Fn::Sub", Value::String(text)) => text.clone(),
                ("Fn::GetAtt", Value::Array(parts)) => {
                    format!("${{{}}}", parts.iter().map(told).collect::<Vec<_>>().join("."))
                }
                ("Ref", name) => format!("${{{}}}", told(name)),
                ("Fn::If", Value::Array(parts)) if parts[2] == no_value() => {
                    format!("{} if {}", told(&parts[1]), told(&parts[0]))
                }
                (name, value) => format!("{name} {}", told(value)),
            }
        }
        Value::Object(members) => {
            let mut text = String::new();
            for (name, value) in members {
                let separator = if text.is_empty() { "" } else { "; " };
                let _ = write!(text, "{separator}{name} {}", told(value));
            }
            text
        }
        other => other.to_string(),
    }
}

/// `!Ref AWS::NoValue`.
pub(crate) fn no_value() -> Value {
    serde_json::json!({"Ref": "AWS::NoValue"})
}
