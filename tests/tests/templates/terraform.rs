//! The Terraform module, as far as it can be known without the provider: it parses, its references resolve, and it is
//! what template.yaml is in what matters.

use std::collections::{BTreeMap, BTreeSet};

use acceptance::workspace;
use eks_rules::RuleName;
use serde_json::{Value, json};

use crate::rule_parameters::{accepted, say};
use crate::template::{Template, text, walk};

const DIRECTORY: &str = "infra/terraform";

/// The files of the module, parsed.
fn files() -> BTreeMap<String, Value> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(workspace().join(DIRECTORY)).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".tf") {
            let text = text(&format!("{DIRECTORY}/{name}"));
            files.insert(name.clone(), hcl::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}")));
        }
    }
    files
}

fn whole() -> String {
    files().keys().map(|name| text(&format!("{DIRECTORY}/{name}"))).collect()
}

/// The names that follow `prefix` anywhere in the module, such as `var.`.
fn named(prefix: &str) -> BTreeSet<String> {
    let text = whole();
    let code = text.lines().filter(|line| !line.trim_start().starts_with('#')).collect::<Vec<_>>().join("\n");
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices(prefix) {
        let inside =
            code[..at].chars().next_back().is_some_and(|before| before.is_alphanumeric() || "_.".contains(before));
        let name: String =
            code[at + prefix.len()..].chars().take_while(|next| next.is_alphanumeric() || *next == '_').collect();
        if !inside && !name.is_empty() {
            names.insert(name);
        }
    }
    names
}

fn keys(value: &Value) -> BTreeSet<String> {
    value.as_object().into_iter().flat_map(|members| members.keys().cloned()).collect()
}

#[test]
fn the_module_parses() {
    assert_eq!(files().into_keys().collect::<Vec<_>>(), ["main.tf", "outputs.tf", "variables.tf", "versions.tf"]);
}

#[test]
fn every_variable_and_every_local_is_declared_and_used() {
    let files = files();
    assert_eq!(named("var."), keys(&files["variables.tf"]["variable"]));
    assert_eq!(named("local."), keys(&files["main.tf"]["locals"]));
}

#[test]
fn every_resource_and_every_data_source_that_is_named_is_there() {
    let files = files();
    let (resources, data) = (&files["main.tf"]["resource"], &files["main.tf"]["data"]);
    let (mut resolved, text) = (0, whole());
    for (kinds, prefix) in [(resources, ""), (data, "data.")] {
        for (kind, instances) in kinds.as_object().unwrap() {
            for name in named(&format!("{prefix}{kind}.")) {
                assert!(!instances[&name].is_null(), "there is no {prefix}{kind}.{name}");
                resolved += 1;
            }
        }
    }
    for name in named("data.").iter().chain(&named("aws_")) {
        let kind = if name.starts_with("aws_") { name.clone() } else { format!("aws_{name}") };
        assert!(!resources[&kind].is_null() || !data[&kind].is_null(), "there is no {kind} in {}", text.len());
    }
    assert!(resolved > 10, "only {resolved} references were found");
}

#[test]
fn it_passes_what_the_code_accepts_and_its_defaults_are_those_of_the_template() {
    let files = files();
    let locals = &files["main.tf"]["locals"];
    let variables = &files["variables.tf"]["variable"];
    let main = Template::read("template.yaml");
    assert_eq!(keys(&locals["rules"]), RuleName::ALL.map(|rule| rule.to_string()).into());
    for rule in RuleName::ALL {
        let of_rule = &locals["rules"][rule.as_str()];
        assert_eq!(of_rule["binary"], rule.binary());
        let (common, own) = (&locals["common_parameters"], &of_rule["parameters"]);
        assert_eq!(&keys(common) | &keys(own), accepted(rule), "{rule}");
        for (name, value) in common.as_object().unwrap().iter().chain(own.as_object().unwrap()) {
            let variable = value.as_str().unwrap().trim_start_matches("${var.").trim_end_matches('}');
            let parameter = name[..1].to_uppercase() + &name[1..];
            let default = &variables[variable]["default"];
            assert_eq!(default, &main.section("Parameters")[&parameter]["Default"], "{variable}");
            if let Some(text) = default.as_str().filter(|text| !text.is_empty()) {
                say(rule, name, text).unwrap_or_else(|error| panic!("{error}"));
            }
        }
    }
}

#[test]
fn its_roles_may_do_what_those_of_the_template_may() {
    let files = files();
    let document = &files["main.tf"]["data"]["aws_iam_policy_document"]["function"];
    let mut granted = BTreeMap::new();
    let mut collect = |statement: &Value| {
        let actions: BTreeSet<String> =
            statement["actions"].as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect();
        granted.insert(statement["sid"].as_str().unwrap().to_owned(), actions);
    };
    document["statement"].as_array().unwrap().iter().for_each(&mut collect);
    document["dynamic"]["statement"].as_array().unwrap().iter().for_each(|one| collect(&one["content"]));
    let mut expected = BTreeMap::new();
    for (_, role) in Template::read("template.yaml").of_type("AWS::IAM::Role") {
        walk(&role["Properties"]["Policies"], "", &mut |_, value| {
            if let Some(sid) = value["Sid"].as_str() {
                let actions = match &value["Action"] {
                    Value::Array(actions) => actions.clone(),
                    one => vec![one.clone()],
                };
                let actions = actions.iter().map(|one| one.as_str().unwrap().to_owned()).collect::<BTreeSet<_>>();
                expected.insert(sid.to_owned(), actions);
            }
        });
    }
    assert_eq!(granted, expected);
    let trust = &files["main.tf"]["data"]["aws_iam_policy_document"]["trust"]["statement"];
    assert_eq!(trust["actions"], json!(["sts:AssumeRole"]));
    assert_eq!(trust["principals"], json!({"type": "Service", "identifiers": ["lambda.amazonaws.com"]}));
}
