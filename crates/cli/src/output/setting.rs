use cluster_access::ACCESS_PARAMETERS;
use eks_rules::{JUDGEMENT_FACTS, ParameterFacts, RuleName, RuleParameters, own_facts};
use jiff::Timestamp;

use crate::manifests::Locations;

/// What the forms of output tell besides the verdicts. The time is handed in, so that the rest of an output follows from
/// what was judged.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    /// When it was judged.
    pub(crate) now: Timestamp,
    /// The account that owns the cluster, as far as it is known.
    pub(crate) account: Option<String>,
    /// Its region, as far as it is known.
    pub(crate) region: Option<String>,
    /// The parameters of each rule.
    pub(crate) parameters: Vec<Parameters>,
    /// Where in the manifests the findings are.
    pub(crate) locations: Locations,
}

/// The parameters by which a rule judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parameters {
    /// The rule.
    pub(crate) rule: RuleName,
    /// Each that the judgement knows, given or not, with its value.
    pub(crate) values: Vec<Parameter>,
}

/// A parameter as a rule had it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parameter {
    /// The canonical name.
    pub(crate) name: &'static str,
    /// What was given, or what holds where nothing is.
    pub(crate) value: String,
    /// Whether it was given.
    pub(crate) given: bool,
}

impl Parameters {
    /// Those of a rule that was given these, with the exemptions that a file added. How a function reaches its clusters
    /// does not concern a judgement and is left out.
    pub(crate) fn new(rule: RuleName, given: &RuleParameters, exemptions_file: Option<&str>) -> Self {
        let mut given = given.clone();
        let facts = JUDGEMENT_FACTS.iter().chain(own_facts(rule));
        let known = facts.filter(|fact| !ACCESS_PARAMETERS.contains(&fact.name));
        let mut value = |&ParameterFacts { name, default, .. }: &ParameterFacts| {
            let mut texts: Vec<String> = given.take(name).map(|(_, text)| text).into_iter().collect();
            if name == "exemptions" {
                texts.extend(exemptions_file.map(str::to_owned));
            }
            let given = !texts.is_empty();
            Parameter { name, value: if given { texts.join(" ") } else { here(default).to_owned() }, given }
        };
        Self { rule, values: known.map(&mut value).collect() }
    }
}

/// The default that holds here, of one that is another in the functions.
fn here(default: &str) -> &str {
    default.split("; ").find_map(|part| part.strip_suffix(" in `judge`")).unwrap_or(default)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_of_its_own_in_judge_is_the_one_that_is_told() {
        let parameters = Parameters::new(RuleName::NetPolCheck, &RuleParameters::default(), None);
        let grace = parameters.values.iter().find(|parameter| parameter.name == "graceSeconds");
        assert_eq!(grace.map(|grace| (grace.value.as_str(), grace.given)), Some(("0", false)));
    }
}
