use std::collections::BTreeMap;

use serde_json::{Map, Value};
use thiserror::Error;
use wildmatch::WildMatchPattern;

use crate::text::bounded;

/// A pattern in which `*` alone is special.
type Glob = WildMatchPattern<'*', '\0'>;

/// A rule parameter that cannot be used: which one, what was given, what is allowed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("rule parameter {}", told(parameter, given, allowed))]
pub struct ParameterError {
    /// Name of the parameter as it was given.
    pub parameter: String,
    /// What was given, quoted; `nothing` where it is missing.
    pub given: String,
    /// What is allowed, with advice where a mistake has a likely meaning.
    pub allowed: String,
}

fn told(parameter: &str, given: &str, allowed: &str) -> String {
    let [parameter, given, allowed] = [parameter, given, allowed].map(bounded);
    format!("{parameter}: given {given}; allowed: {allowed}")
}

/// The entries of a comma list, trimmed and without the empty ones.
fn entries(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(str::to_owned).collect()
}

impl ParameterError {
    /// An error about a value that was given.
    #[must_use]
    pub fn new(parameter: &str, given: &str, allowed: impl Into<String>) -> Self {
        Self { parameter: parameter.to_owned(), given: format!("{given:?}"), allowed: allowed.into() }
    }
}

/// Other spellings under which a parameter is accepted: those of the older Python sample and of the RDK.
const ALIASES: [(&str, &str); 3] = [
    ("inscopeclusters", "clusters"),
    ("trusted_registries", "trustedRegistries"),
    ("ExecutionRoleName", "executionRoleName"),
];

/// Rule parameters as AWS Config passes them: text by name. Each is taken once; what is left at the end is unknown.
///
/// An empty value is an absent one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleParameters {
    /// By canonical name: the name it was given under, and the value.
    values: BTreeMap<String, (String, String)>,
    known: Vec<&'static str>,
}

impl RuleParameters {
    /// Reads the JSON object of `ruleParameters`.
    ///
    /// # Errors
    /// A value that is not a string, and an alias given together with its name.
    pub fn from_json(object: &Map<String, Value>) -> Result<Self, ParameterError> {
        let mut values = BTreeMap::new();
        for (given_name, value) in object {
            let Value::String(text) = value else {
                return Err(ParameterError {
                    parameter: given_name.clone(),
                    given: value.to_string(),
                    allowed: format!("a string, as AWS Config passes every parameter: {:?}", plain(value)),
                });
            };
            if text.trim().is_empty() {
                continue;
            }
            let name = canonical(given_name);
            if let Some((first, _)) = values.insert(name.to_owned(), (given_name.clone(), text.clone())) {
                return Err(ParameterError {
                    parameter: given_name.clone(),
                    given: format!("it and {first}, which is the same parameter"),
                    allowed: format!("{name} alone"),
                });
            }
        }
        Ok(Self { values, known: Vec::new() })
    }

    /// Keeps only the parameters that `keep` wants, by canonical name.
    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.values.retain(|name, _| keep(name));
    }

    /// The canonical names that are given.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// Takes a parameter's text: the name it was given under, and the trimmed value.
    pub fn take(&mut self, name: &'static str) -> Option<(String, String)> {
        self.known.push(name);
        self.values.remove(name).map(|(given_name, text)| (given_name, text.trim().to_owned()))
    }

    /// Takes one of a closed set of words; `default` where the parameter is absent.
    ///
    /// # Errors
    /// A value that is none of the words.
    pub fn one_of<T: Copy>(
        &mut self,
        name: &'static str,
        words: &[(&str, T)],
        default: T,
    ) -> Result<T, ParameterError> {
        let Some((given_name, text)) = self.take(name) else { return Ok(default) };
        words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value).ok_or_else(|| {
            let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            ParameterError::new(&given_name, &text, words.join(", "))
        })
    }

    /// Takes `true` or `false`, in any case; false where the parameter is absent.
    ///
    /// # Errors
    /// Any other value.
    pub fn boolean(&mut self, name: &'static str) -> Result<bool, ParameterError> {
        let Some((given_name, text)) = self.take(name) else { return Ok(false) };
        match text.to_ascii_lowercase().as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(ParameterError::new(&given_name, &text, "true, false")),
        }
    }

    /// Takes a whole number of the range, or `default`.
    ///
    /// # Errors
    /// Anything else than a whole number of the range.
    pub fn integer(
        &mut self,
        name: &'static str,
        range: std::ops::RangeInclusive<u32>,
        default: u32,
    ) -> Result<u32, ParameterError> {
        let Some((given_name, text)) = self.take(name) else { return Ok(default) };
        text.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| {
            ParameterError::new(&given_name, &text, format!("a whole number from {} to {}", range.start(), range.end()))
        })
    }

    /// Takes a comma list: entries trimmed, empty ones dropped. Gives the name it was given under, too.
    pub fn list(&mut self, name: &'static str) -> (String, Vec<String>) {
        let (given_name, text) = self.take(name).unwrap_or((name.to_owned(), String::new()));
        (given_name, entries(&text))
    }

    /// Takes a comma list that has at least one entry where it is given; `allowed` says what.
    ///
    /// # Errors
    /// A list of empty entries.
    pub(crate) fn filled_list(
        &mut self,
        name: &'static str,
        allowed: &str,
    ) -> Result<Option<(String, Vec<String>)>, ParameterError> {
        let Some((given_name, text)) = self.take(name) else { return Ok(None) };
        let entries = entries(&text);
        if entries.is_empty() {
            return Err(ParameterError::new(&given_name, &text, allowed));
        }
        Ok(Some((given_name, entries)))
    }

    /// Takes a comma list of exact names or `*` globs.
    ///
    /// # Errors
    /// An entry with a character that no name of a cluster or namespace has.
    pub fn globs(&mut self, name: &'static str) -> Result<Globs, ParameterError> {
        let (given_name, entries) = self.list(name);
        let allowed = |character: char| character.is_ascii_alphanumeric() || "-_.*".contains(character);
        match entries.iter().find(|entry| !entry.chars().all(allowed)) {
            Some(entry) => Err(ParameterError::new(
                &given_name,
                entry,
                "a comma list of names, in which * stands for any run of characters, as in team-*",
            )),
            None => Ok(Globs::new(entries)),
        }
    }

    /// Ends the taking.
    ///
    /// # Errors
    /// A parameter that nobody took: it is unknown.
    pub fn finish(self) -> Result<(), ParameterError> {
        let Some((_, (given_name, _))) = self.values.into_iter().next() else { return Ok(()) };
        let mut known = self.known;
        known.sort_unstable();
        Err(ParameterError {
            parameter: given_name,
            given: "a name that is no parameter of this rule".to_owned(),
            allowed: known.join(", "),
        })
    }
}

/// The canonical name of a parameter.
fn canonical(name: &str) -> &str {
    ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, canonical)| canonical)
}

/// A JSON value as the text that was probably meant: a comma list, where it is a list of plain values.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) if !items.iter().any(|item| item.is_array() || item.is_object()) => {
            items.iter().map(plain).collect::<Vec<_>>().join(",")
        }
        other => other.to_string(),
    }
}

/// A list of exact names or `*` globs; `*` stands for any run of characters, nothing else is special.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Globs(Vec<Glob>);

impl Globs {
    /// A list of these patterns.
    #[must_use]
    pub fn new(patterns: impl IntoIterator<Item = String>) -> Self {
        Self(patterns.into_iter().map(|pattern| Glob::new(&pattern)).collect())
    }

    /// Whether any pattern matches the whole name.
    #[must_use]
    pub fn matches(&self, name: &str) -> bool {
        self.0.iter().any(|pattern| pattern.matches(name))
    }

    /// The patterns as they were given.
    pub fn patterns(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(ToString::to_string)
    }

    /// Whether the list has no pattern.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
