//! Label and field selectors, as far as a reader of pods may want them.

use serde_json::Value;

/// One requirement, all of which an object must meet.
#[derive(Debug, PartialEq, Eq)]
enum Requirement {
    Is(Vec<String>, String),
    IsNot(Vec<String>, String),
    Has(Vec<String>),
}

/// The `labelSelector` and the `fieldSelector` of a list.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Selector {
    requirements: Vec<Requirement>,
}

impl Selector {
    /// Reads both; the error is the message of a 400.
    pub(super) fn read(labels: &str, fields: &str) -> Result<Self, String> {
        let mut requirements = Vec::new();
        for term in labels.split(',').filter(|term| !term.is_empty()) {
            if term.contains([' ', '(', '!']) && !term.contains("!=") {
                return Err(format!("the loopback world knows only equality in label selectors, not {term:?}"));
            }
            requirements
                .push(requirement(term, |key| Ok(vec!["metadata".to_owned(), "labels".to_owned(), key.to_owned()]))?);
        }
        for term in fields.split(',').filter(|term| !term.is_empty()) {
            requirements.push(requirement(term, |key| match key {
                "metadata.name" | "metadata.namespace" | "status.phase" | "spec.nodeName" => {
                    Ok(key.split('.').map(str::to_owned).collect())
                }
                _ => Err(format!("field label not supported: {key}")),
            })?);
        }
        Ok(Self { requirements })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }

    pub(super) fn admits(&self, object: &Value) -> bool {
        let at =
            |path: &[String]| path.iter().fold(object, |value, key| &value[key.as_str()]).as_str().map(str::to_owned);
        self.requirements.iter().all(|requirement| match requirement {
            Requirement::Is(path, value) => at(path).unwrap_or_default() == *value,
            Requirement::IsNot(path, value) => at(path).unwrap_or_default() != *value,
            Requirement::Has(path) => at(path).is_some(),
        })
    }
}

fn requirement(term: &str, path: impl Fn(&str) -> Result<Vec<String>, String>) -> Result<Requirement, String> {
    if let Some((key, value)) = term.split_once("!=") {
        return Ok(Requirement::IsNot(path(key)?, value.to_owned()));
    }
    match term.split_once("==").or_else(|| term.split_once('=')) {
        Some((key, value)) => Ok(Requirement::Is(path(key)?, value.to_owned())),
        None => Ok(Requirement::Has(path(term)?)),
    }
}
