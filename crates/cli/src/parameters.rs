//! `--parameters` and `--exemptions`: from text to a validated configuration for each rule.

use std::path::Path;

use cluster_access::ACCESS_PARAMETERS;
use eks_rules::{Configuration, Exemption, JUDGEMENT_PARAMETERS, RuleName, RuleParameters, UniqueValue};
use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::output;

/// The rules that are judged, each with its configuration, and what is to be told of the choice.
#[derive(Debug)]
pub(crate) struct Selection {
    /// One for each rule, in the order of [`RuleName::ALL`].
    pub(crate) configurations: Vec<Configuration>,
    /// The parameters of each, as they were given.
    pub(crate) parameters: Vec<output::Parameters>,
    /// What is told on standard error.
    pub(crate) notes: Vec<String>,
}

/// Chooses the rules and validates their parameters.
///
/// # Errors
/// Parameters or exemptions that cannot be used.
pub(crate) fn select(
    named: &[RuleName],
    parameters: Option<&str>,
    exemptions: Option<&Path>,
) -> Result<Selection, Failure> {
    select_from(named, &Parameters::read(parameters)?, exemptions)
}

/// The same of parameters that were read before.
///
/// # Errors
/// Parameters or exemptions that cannot be used.
pub(crate) fn select_from(
    named: &[RuleName],
    parameters: &Parameters,
    exemptions: Option<&Path>,
) -> Result<Selection, Failure> {
    let (exemptions, exemptions_text) = exemptions.map(read_exemptions).transpose()?.unzip();
    let exemptions = exemptions.unwrap_or_default();
    let mut rules: Vec<RuleName> = RuleName::ALL.into_iter().filter(|rule| named.contains(rule)).collect();
    let mut notes = Vec::new();
    if named.is_empty() {
        rules = RuleName::ALL.to_vec();
        if parameters.leave_out(RuleName::TrustedRegCheck)? {
            rules.retain(|rule| *rule != RuleName::TrustedRegCheck);
            notes.push(
                "trustedRegCheck is left out: no trustedRegistries are given (--parameters '{\"trustedRegistries\": \"...\"}')"
                    .to_owned(),
            );
        }
    }
    let mut configurations = Vec::new();
    let mut told = Vec::new();
    for rule in &rules {
        let mut own = parameters.of(*rule, &rules)?;
        told.push(output::Parameters::new(*rule, &own, exemptions_text.as_deref()));
        let mut configuration = Configuration::take(*rule, &mut own).map_err(|error| wrong(*rule, &error))?;
        for name in ACCESS_PARAMETERS {
            own.take(name);
        }
        own.finish().map_err(|error| wrong(*rule, &error))?;
        configuration.exempt(exemptions.iter().cloned());
        configurations.push(configuration);
    }
    Ok(Selection { configurations, parameters: told, notes })
}

/// A parameter that a rule cannot use.
pub(crate) fn wrong(rule: RuleName, error: &eks_rules::ParameterError) -> Failure {
    Failure::wrong_use(format!("{rule}: {error}"))
}

/// The JSON of `--parameters`, in either form.
#[derive(Clone, Debug)]
pub(crate) enum Parameters {
    /// One object for all rules.
    Shared(Map<String, Value>),
    /// An object for each rule.
    Keyed(Map<String, Value>),
}

impl Parameters {
    /// Reads the argument.
    ///
    /// # Errors
    /// What is neither such JSON nor a file of it.
    pub(crate) fn read(argument: Option<&str>) -> Result<Self, Failure> {
        let Some(argument) = argument else { return Ok(Self::Shared(Map::new())) };
        let (place, json) = match argument.strip_prefix('@') {
            Some(path) => (path.to_owned(), read_file(Path::new(path), "--parameters")?),
            None => ("--parameters".to_owned(), argument.to_owned()),
        };
        let UniqueValue(value) = serde_json::from_str(&json).map_err(|error| {
            Failure::wrong_use(format!("{place}: not the JSON of rule parameters: {error}; {PARAMETERS_SHAPE}"))
        })?;
        let Value::Object(object) = value else {
            return Err(Failure::wrong_use(format!("{place}: not a JSON object; {PARAMETERS_SHAPE}")));
        };
        let keyed = object.keys().filter(|key| key.parse::<RuleName>().is_ok()).count();
        match keyed {
            0 => Ok(Self::Shared(object)),
            all if all == object.len() => Ok(Self::Keyed(object)),
            _ => {
                let stray: Vec<&str> =
                    object.keys().map(String::as_str).filter(|key| key.parse::<RuleName>().is_err()).collect();
                Err(Failure::wrong_use(format!(
                    "{place}: {} beside the names of rules: either every key is a rule or none is",
                    stray.join(", ")
                )))
            }
        }
    }

    /// Every object of parameters.
    pub(crate) fn objects_mut(&mut self) -> Vec<&mut Map<String, Value>> {
        match self {
            Self::Shared(object) => vec![object],
            Self::Keyed(object) => object.values_mut().filter_map(Value::as_object_mut).collect(),
        }
    }

    /// The parameters of one rule among those that are judged.
    fn of(&self, rule: RuleName, judged: &[RuleName]) -> Result<RuleParameters, Failure> {
        match self {
            Self::Keyed(object) => match object.get(rule.as_str()) {
                None => Ok(RuleParameters::default()),
                Some(Value::Object(own)) => RuleParameters::from_json(own).map_err(|error| wrong(rule, &error)),
                Some(other) => Err(Failure::wrong_use(format!(
                    "--parameters: {rule} is {other}, not an object of the rule's parameters"
                ))),
            },
            Self::Shared(object) => {
                let mut own =
                    RuleParameters::from_json(object).map_err(|error| Failure::wrong_use(error.to_string()))?;
                if let [_] = judged {
                    // The rule's own error about a name that it does not know is the better one.
                    return Ok(own);
                }
                if let Some(stray) = own.names().find(|name| !judged.iter().any(|rule| knows(*rule, name))) {
                    return Err(Failure::wrong_use(unknown(stray, judged)));
                }
                own.retain(|name| knows(rule, name));
                Ok(own)
            }
        }
    }

    /// Whether a rule that nobody named is left out: it has a mandatory parameter, and none of its own is given.
    fn leave_out(&self, rule: RuleName) -> Result<bool, Failure> {
        let own = match self {
            Self::Keyed(_) => self.of(rule, &[rule])?,
            Self::Shared(object) => {
                RuleParameters::from_json(object).map_err(|error| Failure::wrong_use(error.to_string()))?
            }
        };
        Ok(!own.names().any(|name| rule.own_parameters().contains(&name)))
    }
}

const PARAMETERS_SHAPE: &str = r#"write them as in '{"excludedNamespaces": "kube-system"}', or @FILE"#;

/// Whether a rule, or its function, knows a parameter.
fn knows(rule: RuleName, name: &str) -> bool {
    [JUDGEMENT_PARAMETERS, rule.own_parameters(), ACCESS_PARAMETERS].iter().any(|names| names.contains(&name))
}

fn unknown(name: &str, judged: &[RuleName]) -> String {
    let rules: Vec<&str> = judged.iter().map(|rule| rule.as_str()).collect();
    let mut known: Vec<&str> = JUDGEMENT_PARAMETERS.iter().chain(ACCESS_PARAMETERS).copied().collect();
    known.extend(judged.iter().flat_map(|rule| rule.own_parameters()));
    known.sort_unstable();
    format!("rule parameter {name}: no parameter of {}; allowed: {}", rules.join(" or "), known.join(", "))
}

/// Reads the file of `--exemptions`, JSON or YAML: the exemptions, and their JSON.
fn read_exemptions(path: &Path) -> Result<(Vec<Exemption>, String), Failure> {
    let text = read_file(path, "--exemptions")?;
    let place = path.display();
    let options = serde_saphyr::options! { with_snippet: false };
    let UniqueValue(value) = serde_saphyr::from_str_with_options(&text, options)
        .map_err(|error| Failure::wrong_use(format!("{place}: neither JSON nor YAML: {error}")))?;
    let json = value.to_string();
    let exemptions =
        Exemption::parse_list("exemptions", &json).map_err(|error| Failure::wrong_use(format!("{place}: {error}")))?;
    Ok((exemptions, json))
}

fn read_file(path: &Path, option: &str) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|error| Failure::wrong_use(format!("{option}: cannot read {}: {error}", path.display())))
}
