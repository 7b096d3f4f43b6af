//! `docs/rules/` is made from the rules' headers and from the facts about their parameters and reasons. To write it anew:
//! `UPDATE_DOCS=1 cargo test -p eks-rules --test docs`.
#![allow(clippy::unwrap_used)]

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use eks_rules::{
    Configuration, JUDGEMENT_FACTS, JUDGEMENT_PARAMETERS, ParameterFacts, RuleName, RuleParameters, own_facts, reasons,
};
use serde_json::json;

fn header(rule: RuleName) -> String {
    let source = match rule {
        RuleName::NetPolCheck => include_str!("../src/net_pol_check/mod.rs"),
        RuleName::PrivEscalation => include_str!("../src/priv_escalation/mod.rs"),
        RuleName::TrustedRegCheck => include_str!("../src/trusted_reg_check/mod.rs"),
    };
    let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

fn page(rule: RuleName) -> String {
    let mut page = header(rule);
    page.push_str("\n\n## Parameters in short\n\n| parameter | values | default | example |\n|---|---|---|---|\n");
    for facts in own_facts(rule).iter().chain(JUDGEMENT_FACTS) {
        let default = if facts.default.is_empty() { "mandatory" } else { facts.default };
        writeln!(page, "| `{}` | {} | {default} | `{}` |", facts.name, facts.form, facts.example).unwrap();
    }
    page.push_str("\n## Reasons, and how to mend them\n\n| reason | it says | mend it |\n|---|---|---|\n");
    for reason in reasons(rule) {
        let (says, mend) = reason.explained();
        writeln!(page, "| `{reason:?}` | {says} | {mend} |").unwrap();
    }
    page
}

fn path(rule: RuleName) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../docs/rules/{rule}.md"))
}

#[test]
fn each_rule_has_its_page_as_its_source_says() {
    for rule in RuleName::ALL {
        let page = page(rule);
        if std::env::var_os("UPDATE_DOCS").is_some() {
            fs::create_dir_all(path(rule).parent().unwrap()).unwrap();
            fs::write(path(rule), &page).unwrap();
        }
        let written = fs::read_to_string(path(rule)).unwrap_or_default();
        assert!(written == page, "docs/rules/{rule}.md is not what the source says; see the head of this test");
    }
}

#[test]
fn each_header_has_the_fixed_sections_in_their_order() {
    let sections = ["Reads", "Non-compliant when", "Not judged", "Parameters", "Why", "Differs from", "Reference"];
    for rule in RuleName::ALL {
        let header = header(rule);
        let found: Vec<&str> = header.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        assert_eq!(found, sections, "{rule}");
        assert!(header.starts_with(&format!("# {rule}\n")), "{rule}");
    }
}

#[test]
fn each_peer_is_named_where_the_rule_differs_from_it() {
    for rule in RuleName::ALL {
        let header = header(rule);
        let differs = header.split("## Differs from").nth(1).unwrap().split("## ").next().unwrap().to_owned();
        for peer in ["CIS EKS", "Pod Security Standards", "kubeaudit", "Polaris", "Trivy", "Kyverno", "Prowler"] {
            assert!(differs.contains(peer), "{rule} does not say how it differs from {peer}");
        }
    }
}

#[test]
fn the_facts_name_exactly_the_parameters_that_the_rules_take() {
    let names = |facts: &[ParameterFacts]| facts.iter().map(|facts| facts.name).collect::<Vec<_>>();
    for rule in RuleName::ALL {
        assert_eq!(names(own_facts(rule)), rule.own_parameters(), "{rule}");
    }
    assert_eq!(names(JUDGEMENT_FACTS), JUDGEMENT_PARAMETERS);
}

#[test]
fn every_example_is_accepted_and_every_listed_word_too() {
    for rule in RuleName::ALL {
        for facts in own_facts(rule).iter().chain(JUDGEMENT_FACTS) {
            let words = facts.form.split('`').skip(1).step_by(2).filter(|word| !word.contains([':', '[', '*']));
            let words = words.filter(|_| !facts.name.ends_with("istries"));
            for value in words.chain([facts.example]) {
                let mut given = json!({"trustedRegistries": "docker.io"});
                given[facts.name] = json!(value);
                let given = given.as_object().unwrap().clone();
                let mut parameters = RuleParameters::from_json(&given).unwrap();
                if rule != RuleName::TrustedRegCheck {
                    parameters.retain(|name| name != "trustedRegistries");
                }
                Configuration::take(rule, &mut parameters).unwrap_or_else(|error| panic!("{rule} {value:?}: {error}"));
                parameters.finish().unwrap();
            }
        }
    }
}
