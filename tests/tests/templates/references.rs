use std::collections::BTreeSet;

use acceptance::workspace;
use serde_json::Value;

use crate::template::{TEMPLATES, Template, placeholders, walk};

/// What CloudFormation itself has.
const PSEUDO_PARAMETERS: [&str; 7] = [
    "AWS::AccountId",
    "AWS::NoValue",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
];

/// What a template refers to.
#[derive(Default)]
struct Used {
    /// Parameters, resources and pseudo parameters.
    names: BTreeSet<String>,
    conditions: BTreeSet<String>,
    /// The variables of loops.
    variables: BTreeSet<String>,
}

fn used(template: &Template) -> Used {
    let mut used = Used::default();
    let name = |text: &str| text.split('.').next().unwrap_or(text).to_owned();
    walk(&template.whole, "", &mut |key, value| match (key, value) {
        ("Ref", Value::String(text)) => used.names.extend([text.clone()]),
        ("Fn::Sub", Value::String(text)) => used.names.extend(placeholders(text).into_iter().map(name)),
        ("Fn::Sub", value) => assert!(value.is_string(), "{}: Fn::Sub of {value}", template.path),
        ("Condition", Value::String(text)) => used.conditions.extend([text.clone()]),
        (key, Value::Array(parts)) if key == "Fn::If" && parts.len() == 3 => {
            used.conditions.insert(parts[0].as_str().unwrap_or_default().to_owned());
        }
        (key, Value::Array(parts)) if key == "Fn::GetAtt" && parts.len() == 2 => {
            used.names.insert(parts[0].as_str().unwrap_or_default().to_owned());
        }
        (key, Value::Array(parts)) if key.starts_with("Fn::ForEach::") && parts.len() == 3 => {
            used.variables.insert(parts[0].as_str().unwrap_or_default().to_owned());
        }
        _ => {}
    });
    for resource in template.section("Resources").values() {
        match &resource["DependsOn"] {
            Value::String(text) => used.names.extend([text.clone()]),
            Value::Array(several) => used.names.extend(several.iter().filter_map(Value::as_str).map(str::to_owned)),
            _ => {}
        }
    }
    used
}

#[test]
fn every_template_of_the_repository_is_tested() {
    let listed: BTreeSet<String> = TEMPLATES.into_iter().map(str::to_owned).collect();
    let mut found = BTreeSet::from(["template.yaml".to_owned()]);
    for entry in std::fs::read_dir(workspace().join("infra")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".yaml") {
            found.insert(format!("infra/{name}"));
        }
    }
    assert_eq!(listed, found);
}

#[test]
fn every_reference_resolves() {
    for template in Template::all() {
        let used = used(&template);
        let mut known: BTreeSet<String> = PSEUDO_PARAMETERS.into_iter().map(str::to_owned).collect();
        known.extend(template.names("Parameters"));
        known.extend(template.names("Resources"));
        known.extend(used.variables);
        let unknown: Vec<&String> = used.names.difference(&known).collect();
        assert!(unknown.is_empty(), "{}: there is no {unknown:?}", template.path);
        let conditions = template.names("Conditions");
        let unknown: Vec<&String> = used.conditions.difference(&conditions).collect();
        assert!(unknown.is_empty(), "{}: there is no condition {unknown:?}", template.path);
    }
}

#[test]
fn every_parameter_and_every_condition_is_used() {
    for template in Template::all() {
        let used = used(&template);
        let unused: Vec<String> = template.names("Parameters").difference(&used.names).cloned().collect();
        assert!(unused.is_empty(), "{}: nothing uses the parameters {unused:?}", template.path);
        let unused: Vec<String> = template.names("Conditions").difference(&used.conditions).cloned().collect();
        assert!(unused.is_empty(), "{}: nothing uses the conditions {unused:?}", template.path);
    }
}

#[test]
fn the_console_shows_every_parameter_once_in_a_group() {
    let template = Template::read("template.yaml");
    let groups = &template.whole["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"];
    let mut shown = Vec::new();
    for group in groups.as_array().unwrap() {
        shown.extend(group["Parameters"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()));
    }
    let once: BTreeSet<String> = shown.iter().cloned().collect();
    assert_eq!(shown.len(), once.len(), "a parameter is shown twice");
    assert_eq!(once, template.names("Parameters"));
}

#[test]
fn every_parameter_says_what_it_is_and_what_is_allowed() {
    for template in Template::all() {
        for (name, parameter) in template.section("Parameters") {
            let described = parameter["Description"].as_str().is_some_and(|text| !text.is_empty());
            assert!(described, "{}: {name} has no description", template.path);
            let constrained = parameter["AllowedPattern"].is_string() == parameter["ConstraintDescription"].is_string();
            assert!(constrained, "{}: {name} has a pattern without words, or words without a pattern", template.path);
        }
    }
}
