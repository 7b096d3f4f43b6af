//! What a hostile cluster could put into its names reaches no reader as anything but text.

use serde_json::{Value, json};

use crate::run::{PARAMETERS, assert_valid, judge};

const SCRIPT: &str = "</script><script>alert(1)</script><img src=x onerror=alert(1)>";
const SCREEN: &str = "\u{1b}[2J\u{7}\u{0}\r\n\u{202e}txt.exe\u{200b}]]>--><!--";
const FORMULA: &str = "\"'`&<>{0}[a](b)${jndi:x}";

/// A list of pods, each with one of these texts wherever a name stands.
fn manifests() -> String {
    let long = "n".repeat(10_240);
    let pods: Vec<Value> = [SCRIPT, SCREEN, FORMULA, &long, " "]
        .into_iter()
        .map(|text| {
            json!({
                "apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": text, "namespace": text},
                "spec": {"containers": [{"name": text, "image": text, "securityContext": {"privileged": true}}]},
            })
        })
        .collect();
    json!({"apiVersion": "v1", "kind": "List", "items": pods}).to_string()
}

/// Asserts that a text has no character that a screen or a reader obeys.
#[track_caller]
fn assert_inert(text: &str) {
    let found: Vec<char> = text
        .chars()
        .filter(|character| {
            (character.is_control() && *character != '\n')
                || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        })
        .collect();
    assert!(found.is_empty(), "{found:?}");
}

/// Every string of a JSON value.
fn strings(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(elements) => elements.iter().for_each(|element| strings(element, found)),
        Value::Object(members) => {
            found.extend(members.keys().cloned());
            members.values().for_each(|member| strings(member, found));
        }
        _ => {}
    }
}

#[test]
fn json_outputs_stay_valid_and_have_no_characters_that_act() {
    for (form, schema, whole) in [
        ("sarif", include_str!("schemas/sarif-2.1.0.json"), true),
        ("asff", include_str!("schemas/asff.json"), true),
        ("ocsf", include_str!("schemas/ocsf-1.6.0-compliance-finding.json"), false),
    ] {
        let run = judge(form, &["--parameters", PARAMETERS], &manifests());
        assert_eq!(run.status, 1, "{form}: {}", run.stderr);
        let value = run.json();
        if whole {
            assert_valid(schema, &value);
        } else {
            value.as_array().unwrap().iter().for_each(|finding| assert_valid(schema, finding));
        }
        let mut texts = Vec::new();
        strings(&value, &mut texts);
        texts.iter().for_each(|text| assert_inert(text));
        assert!(texts.iter().any(|text| text.contains("<script>")), "{form}: the name is told");
    }
}

#[test]
fn tables_and_errors_have_no_characters_that_act() {
    let run = judge("table", &["--parameters", PARAMETERS], &manifests());
    assert_eq!(run.status, 1, "{}", run.stderr);
    assert_inert(&run.stdout);
    assert!(run.stdout.contains("<script>alert(1)"), "the name is told");
    let broken = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": SCREEN, "namespace": SCREEN},
        "spec": {"containers": [{"name": SCREEN, "securityContext": {"privileged": SCREEN}}]},
    });
    let parameters = json!({"excludedNamespaces": "a", SCREEN: SCREEN}).to_string();
    for (parameters, manifest) in [(PARAMETERS, broken.to_string()), (&parameters, manifests())] {
        let run = judge("table", &["--parameters", parameters], &manifest);
        assert!(run.status > 1 && run.stderr.contains("txt.exe"), "{} {}", run.status, run.stderr);
        assert_inert(&run.stderr);
        assert_eq!(run.stderr.lines().count(), 1, "nobody writes a line of their own: {}", run.stderr);
    }
}

#[test]
fn xml_has_every_name_escaped() {
    let run = judge("junit", &["--parameters", PARAMETERS], &manifests());
    assert_eq!(run.status, 1, "{}", run.stderr);
    assert_inert(&run.stdout);
    for words in ["<script", "<img", "<!--", "]]>"] {
        assert!(!run.stdout.contains(words), "{words}");
    }
    assert!(run.stdout.contains("&lt;script&gt;alert(1)"));
}

#[test]
fn html_has_every_name_escaped_and_no_script_but_its_own() {
    let run = judge("html", &["--parameters", PARAMETERS], &manifests());
    assert_eq!(run.status, 1, "{}", run.stderr);
    assert_inert(&run.stdout);
    assert_eq!(run.stdout.matches("<script").count(), 1);
    assert_eq!(run.stdout.matches("<style").count(), 1);
    for words in ["<img", "onerror=alert(1)>", "<!--"] {
        assert!(!run.stdout.contains(words), "{words}");
    }
    assert!(run.stdout.contains("script&#62;alert(1)"), "the name is told");
    assert!(run.stdout.len() < 200_000, "a name of ten thousand letters is cut: {}", run.stdout.len());
}

#[test]
fn parameters_and_exemptions_are_escaped_in_html_too() {
    let exemptions = json!([{"namespace": "web", "reason": SCRIPT}]).to_string();
    let parameters = json!({"exemptions": exemptions, "trustedRegistries": "quay.io"}).to_string();
    let run = judge("html", &["--parameters", &parameters], &manifests());
    assert_eq!(run.stdout.matches("<script").count(), 1, "{}", run.stderr);
    assert!(run.stdout.contains("script&#62;alert(1)"));
}
