//! What the templates pass is what the functions accept, and the reverse.

use std::collections::{BTreeMap, BTreeSet};

use cluster_access::{ACCESS_PARAMETERS, AccessParameters};
use eks_rules::{Configuration, JUDGEMENT_PARAMETERS, ParameterError, RuleName, RuleParameters};
use serde_json::{Map, Value, json};

use crate::deployment::logical;
use crate::template::{Template, WITH_RULES, told};

/// Every parameter that the code accepts for a rule.
pub(crate) fn accepted(rule: RuleName) -> BTreeSet<String> {
    let all = ACCESS_PARAMETERS.iter().chain(JUDGEMENT_PARAMETERS).chain(rule.own_parameters());
    all.map(|name| (*name).to_owned()).collect()
}

/// What the code says to one parameter of a rule.
pub(crate) fn say(rule: RuleName, name: &str, value: &str) -> Result<(), ParameterError> {
    let mut object = Map::from_iter([(name.to_owned(), json!(value))]);
    if rule == RuleName::TrustedRegCheck && name != "trustedRegistries" {
        object.insert("trustedRegistries".to_owned(), json!("public.ecr.aws"));
    }
    let mut parameters = RuleParameters::from_json(&object)?;
    AccessParameters::take(&mut parameters)?;
    Configuration::take(rule, &mut parameters)?;
    parameters.finish()
}

/// What a template passes to the function of a rule: the parameters, and the template's parameter behind each.
fn passed(template: &Template, rule: RuleName) -> BTreeMap<String, String> {
    let id = logical(rule);
    if template.path != "infra/organization-rules.yaml" {
        let inputs = template.resource(&format!("{id}Rule"))["Properties"]["InputParameters"].clone();
        let inputs = inputs.as_object().unwrap().iter();
        return inputs.map(|(name, value)| (name.clone(), behind(value))).collect();
    }
    let rule = template.resource(&format!("{id}OrganizationRule"));
    let text = &rule["Properties"]["OrganizationCustomRuleMetadata"]["InputParameters"];
    let [opening, members, closing] = text["Fn::Join"][1].as_array().unwrap().as_slice() else { panic!("{text}") };
    assert_eq!((opening, closing), (&json!("{"), &json!("}")));
    let members = members["Fn::Join"][1].as_array().unwrap();
    let mut inputs = BTreeMap::new();
    for member in members {
        let member = member["Fn::If"].get(1).unwrap_or(member)["Fn::Sub"].as_str().unwrap();
        let object: Value = serde_json::from_str(&format!("{{{member}}}")).unwrap();
        for (name, value) in object.as_object().unwrap() {
            let value = value.as_str().unwrap();
            inputs.insert(name.clone(), value.trim_start_matches("${").trim_end_matches('}').to_owned());
        }
    }
    inputs
}

/// The template's parameter behind a value: `!Ref X`, or `!If [HasX, !Ref X, !Ref AWS::NoValue]`.
fn behind(value: &Value) -> String {
    if let Some(parts) = value["Fn::If"].as_array() {
        let parameter = behind(&parts[1]);
        let of_it = parts[0] == format!("Has{parameter}") || parts[0] == "HasExecutionRole";
        assert!(of_it, "{value}: the condition is another parameter's");
        assert_eq!(told(&parts[2]), "${AWS::NoValue}");
        return parameter;
    }
    value["Ref"].as_str().unwrap_or_else(|| panic!("{value} is no parameter")).to_owned()
}

#[test]
fn a_template_passes_exactly_the_parameters_that_the_code_accepts() {
    for path in WITH_RULES {
        let template = Template::read(path);
        for rule in RuleName::ALL {
            let names: BTreeSet<String> = passed(&template, rule).into_keys().collect();
            assert_eq!(names, accepted(rule), "{path}, {rule}");
        }
    }
}

#[test]
fn a_parameter_has_one_name_in_the_templates_and_in_the_code() {
    for path in WITH_RULES {
        let template = Template::read(path);
        for rule in RuleName::ALL {
            for (name, parameter) in passed(&template, rule) {
                assert_eq!(name[..1].to_uppercase() + &name[1..], parameter, "{path}, {rule}");
            }
        }
    }
}

#[test]
fn the_values_that_a_template_allows_are_those_that_the_code_accepts() {
    let mut tried = 0;
    for path in WITH_RULES {
        let template = Template::read(path);
        for rule in RuleName::ALL {
            for (name, parameter) in passed(&template, rule) {
                let parameter = &template.section("Parameters")[&parameter];
                let Some(values) = parameter["AllowedValues"].as_array() else { continue };
                for value in values {
                    let value = value.as_str().unwrap_or_else(|| panic!("{path}: {name} allows {value}, no text"));
                    say(rule, &name, value).unwrap_or_else(|error| panic!("{path}: {error}"));
                    tried += 1;
                }
                let allowed = say(rule, &name, "neither").unwrap_err().allowed;
                let in_code: BTreeSet<&str> = allowed.split(", ").collect();
                // An empty value is an absent one, for parameters that need not be given.
                let in_template: BTreeSet<&str> =
                    values.iter().filter_map(Value::as_str).filter(|value| !value.is_empty()).collect();
                assert_eq!(in_code, in_template, "{path}: {rule}, {name}");
            }
        }
    }
    assert!(tried > 60, "only {tried} values were tried");
}

#[test]
fn a_parameter_with_a_closed_set_of_values_is_one_in_the_templates_too() {
    // A word that no parameter knows: what is refused with a list of words is a closed set.
    for path in WITH_RULES {
        let template = Template::read(path);
        for rule in RuleName::ALL {
            for (name, parameter) in passed(&template, rule) {
                let closed = match say(rule, &name, "neither") {
                    Err(error) => {
                        let words = error.allowed.split(", ").collect::<Vec<_>>();
                        words.len() > 1 && words.iter().all(|word| !word.contains(' '))
                    }
                    Ok(()) => false,
                };
                let in_template = template.section("Parameters")[&parameter]["AllowedValues"].is_array();
                assert_eq!(closed, in_template, "{path}: {parameter}");
            }
        }
    }
}

#[test]
fn every_default_of_a_template_is_accepted() {
    for path in WITH_RULES {
        let template = Template::read(path);
        for rule in RuleName::ALL {
            for (name, parameter) in passed(&template, rule) {
                match &template.section("Parameters")[&parameter]["Default"] {
                    Value::String(text) if text.is_empty() => {}
                    Value::String(text) => say(rule, &name, text).unwrap_or_else(|error| panic!("{path}: {error}")),
                    Value::Null => assert_eq!(parameter, "TrustedRegistries", "{path}"),
                    other => panic!("{path}: the default of {parameter} is {other}, no text"),
                }
            }
        }
    }
}

#[test]
fn a_parameter_is_the_same_in_every_template() {
    let main = Template::read("template.yaml");
    // In an organization the role is mandatory, and exemptions would be JSON within JSON. A pack may leave a rule out.
    let different = ["ExecutionRoleName", "Exemptions", "TrustedRegistries"];
    for path in &WITH_RULES[1..] {
        let template = Template::read(path);
        for rule in RuleName::ALL {
            for parameter in passed(&template, rule).into_values() {
                if !different.contains(&parameter.as_str()) {
                    let (here, there) = (template.section("Parameters"), main.section("Parameters"));
                    assert_eq!(here[&parameter], there[&parameter], "{path}: {parameter}");
                }
            }
        }
    }
}

#[test]
fn the_defaults_leave_room_in_the_1024_characters_of_aws_config() {
    let template = Template::read("template.yaml");
    for rule in RuleName::ALL {
        let defaults = passed(&template, rule).into_iter().filter_map(|(name, parameter)| {
            let default = template.section("Parameters")[&parameter]["Default"].clone();
            default.as_str().is_some_and(|text| !text.is_empty()).then_some((name, default))
        });
        let text = Value::Object(defaults.collect()).to_string();
        assert!(text.len() < 512, "{rule}: {text}");
    }
}
