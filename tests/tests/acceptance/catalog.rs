//! Everything that a rule consists of is there, and nothing is there that belongs to no rule.

use std::collections::BTreeSet;

use acceptance::{committed, workspace};
use cluster_access::ACCESS_PARAMETERS;
use eks_rules::{JUDGEMENT_PARAMETERS, RuleName};

/// The message types of AWS Config.
const MESSAGES: [&str; 4] = [
    "ConfigurationItemChangeNotification",
    "ConfigurationSnapshotDeliveryCompleted",
    "OversizedConfigurationItemChangeNotification",
    "ScheduledNotification",
];

fn text(path: &str) -> String {
    std::fs::read_to_string(workspace().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The names in a directory.
fn names(directory: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(workspace().join(directory)).unwrap_or_else(|error| panic!("{directory}: {error}"));
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn set<T: Into<String>>(names: impl IntoIterator<Item = T>) -> BTreeSet<String> {
    names.into_iter().map(Into::into).collect()
}

/// `NetPolCheck`
fn type_name(rule: RuleName) -> String {
    format!("{rule:?}")
}

/// `net_pol_check`
fn stem(rule: RuleName) -> String {
    rule.binary().replace('-', "_")
}

/// The text of one logical id of the template, up to the next.
fn resource<'a>(template: &'a str, id: &str) -> &'a str {
    let begin = template.find(&format!("\n  {id}:\n")).unwrap_or_else(|| panic!("the template has no {id}")) + 1;
    let body = begin + template[begin..].find('\n').unwrap() + 1;
    let is_next = |line: &str| line.starts_with("  ") && !line.starts_with("   ") && line.ends_with(':');
    let mut end = body;
    for line in template[body..].split_inclusive('\n') {
        if is_next(line.trim_end()) || (!line.starts_with(' ') && line.trim_end().ends_with(':')) {
            break;
        }
        end += line.len();
    }
    &template[begin..end]
}

#[test]
fn each_rule_is_a_crate_whose_program_is_one_statement() {
    for rule in RuleName::ALL {
        let manifest = text(&format!("crates/{rule}/Cargo.toml"));
        assert!(manifest.contains(&format!("name = \"{}\"", rule.binary())), "{rule}");
        assert_eq!(names(&format!("crates/{rule}/src")), set(["main.rs"]), "{rule}");
        let main = text(&format!("crates/{rule}/src/main.rs"));
        let body = main.split_once("fn main()").and_then(|(_, rest)| rest.split_once("{\n")).unwrap().1;
        assert_eq!(body, format!("    serve(RuleName::{}).await\n}}\n", type_name(rule)), "{rule}");
    }
    let crates = RuleName::ALL.map(RuleName::as_str).into_iter().chain(["rules", "cluster-access", "cli"]);
    assert_eq!(names("crates"), set(crates));
}

#[test]
fn each_rule_has_a_module_and_fixtures_of_both_verdicts() {
    let modules = names("crates/rules/src");
    for rule in RuleName::ALL {
        let stem = stem(rule);
        assert!(modules.contains(&stem) || modules.contains(&format!("{stem}.rs")), "{stem}");
        for half in ["compliant", "non_compliant"] {
            assert!(!names(&format!("crates/rules/tests/fixtures/{stem}/{half}")).is_empty(), "{stem}/{half}");
        }
        // Files beside them say how the fixtures are judged.
        let mut halves = names(&format!("crates/rules/tests/fixtures/{stem}"));
        halves.retain(|name| !name.contains('.'));
        assert_eq!(halves, set(["compliant", "non_compliant"]), "{stem}");
    }
    let fixtures = names("crates/rules/tests/fixtures");
    let orphans: Vec<_> = fixtures
        .iter()
        .filter(|name| !name.contains('.'))
        .filter(|name| !RuleName::ALL.map(stem).contains(name))
        .collect();
    assert_eq!(orphans, Vec::<&String>::new());
}

#[test]
fn each_rule_has_an_event_of_each_message_type_and_one_of_a_deletion() {
    for rule in RuleName::ALL {
        let events = MESSAGES.map(|message| format!("{message}.json"));
        let deletion = "ConfigurationItemChangeNotification.deleted.json".to_owned();
        assert_eq!(names(&format!("events/{rule}")), set(events.into_iter().chain([deletion])), "{rule}");
        for message in MESSAGES {
            let event = committed(&format!("{rule}/{message}.json"));
            assert_eq!(event["configRuleName"], format!("eks-{rule}-rule"));
            let invoking: serde_json::Value = serde_json::from_str(event["invokingEvent"].as_str().unwrap()).unwrap();
            assert_eq!(invoking["messageType"], message, "{rule}");
        }
    }
    assert_eq!(names("events"), set(RuleName::ALL.map(RuleName::as_str).into_iter().chain(["rejected"])));
}

#[test]
fn the_template_has_a_function_a_config_rule_and_a_permission_for_each_rule_and_no_more() {
    let template = text("template.yaml");
    for rule in RuleName::ALL {
        let id = type_name(rule);
        let function = resource(&template, &format!("{id}Function"));
        assert!(function.contains("Type: AWS::Serverless::Function"), "{function}");
        assert!(function.contains(&format!("Binary: {}\n", rule.binary())), "{function}");
        let permission = resource(&template, &format!("{id}Permission"));
        assert!(permission.contains("Principal: config.amazonaws.com"), "{permission}");
        assert!(permission.contains(&format!("!GetAtt {id}Function.Arn")), "{permission}");
        let config_rule = resource(&template, &format!("{id}Rule"));
        assert!(config_rule.contains(&format!("ConfigRuleName: eks-{rule}-rule\n")), "{config_rule}");
        assert!(config_rule.contains(&format!("SourceIdentifier: !GetAtt {id}Function.Arn\n")), "{config_rule}");
        for message in MESSAGES.into_iter().filter(|message| !message.contains("Snapshot")) {
            assert!(config_rule.contains(&format!("MessageType: {message}\n")), "{message}: {config_rule}");
        }
        resource(&template, &format!("{id}Role"));
        resource(&template, &format!("{id}Alarm"));
    }
    for kind in ["Type: AWS::Serverless::Function\n", "Type: AWS::Config::ConfigRule\n", "        Binary: "] {
        assert_eq!(template.matches(kind).count(), RuleName::ALL.len(), "{kind}");
    }
}

#[test]
fn each_config_rule_passes_every_parameter_that_its_function_knows_and_no_other() {
    let template = text("template.yaml");
    for rule in RuleName::ALL {
        let config_rule = resource(&template, &format!("{}Rule", type_name(rule)));
        let passed = config_rule.split_once("InputParameters:\n").unwrap().1.lines();
        let passed = passed.filter_map(|line| {
            line.strip_prefix("        ")?.split_once(": ").filter(|(name, _)| !name.starts_with(' '))
        });
        let known = ACCESS_PARAMETERS.iter().chain(JUDGEMENT_PARAMETERS).chain(rule.own_parameters());
        assert_eq!(set(passed.map(|(name, _)| name.to_owned())), set(known.map(|name| (*name).to_owned())), "{rule}");
    }
}

#[test]
fn each_rule_is_deployed_to_other_accounts_too() {
    for path in ["infra/access-entry.yaml", "infra/conformance-pack.yaml", "infra/organization-rules.yaml"] {
        let template = text(path);
        for rule in RuleName::ALL {
            assert!(template.contains(&type_name(rule)), "{path} knows nothing of {rule}");
        }
    }
}

#[test]
fn each_parameter_has_a_row_in_the_readme_and_each_rule_a_page() {
    let readme = text("README.md");
    for rule in RuleName::ALL {
        assert!(readme.contains(&format!("**{rule}**")), "{rule}");
        for parameter in ACCESS_PARAMETERS.iter().chain(JUDGEMENT_PARAMETERS).chain(rule.own_parameters()) {
            let row = |line: &str| line.starts_with("| `") && line.contains(&format!("`{parameter}`"));
            assert!(readme.lines().any(row), "the README has no row of {parameter}");
        }
    }
    assert_eq!(names("docs/rules"), set(RuleName::ALL.map(|rule| format!("{rule}.md"))));
}

#[test]
fn each_decision_is_listed_and_each_listed_decision_is_there() {
    let list = text("docs/decisions/README.md");
    let linked = list.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(path, _)| path.to_owned());
    let linked = set(linked.filter(|path| path.ends_with(".md") && !path.contains('/')));
    let mut there = names("docs/decisions");
    there.remove("README.md");
    assert_eq!(linked, there);
}

/// The sources of all tests.
fn tests() -> String {
    fn read(directory: &std::path::Path, text: &mut String) {
        for entry in std::fs::read_dir(directory).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() && path.file_name().is_none_or(|name| name != "target") {
                read(&path, text);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                text.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    let mut text = String::new();
    for directory in ["crates", "tests"] {
        read(&workspace().join(directory), &mut text);
    }
    text
}

#[test]
fn each_test_that_the_threat_model_names_is_there() {
    let (security, tests) = (text("SECURITY.md"), tests());
    let table = security.split("## Threats").nth(1).unwrap().split("\n## ").next().unwrap();
    let cells = table.lines().filter(|line| line.starts_with("| ")).filter_map(|line| line.rsplit(" | ").next());
    let named: Vec<&str> = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
    assert!(named.len() > 30, "{named:?}");
    for name in named {
        assert!(tests.contains(&format!("fn {name}()")), "SECURITY.md names {name}, which is no test");
    }
}
