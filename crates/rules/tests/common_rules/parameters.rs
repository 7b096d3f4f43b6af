//! Parameters: their forms, defaults, names, and the errors about them.

use eks_rules::{Globs, JUDGEMENT_PARAMETERS, ParameterError, RuleName, RuleParameters};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::judging::{configuration, escalation, in_namespace, in_phase, pod_of, runner};

fn parameters(object: Value) -> RuleParameters {
    RuleParameters::from_json(object.as_object().unwrap()).unwrap()
}

fn refused(object: Value) -> ParameterError {
    RuleParameters::from_json(object.as_object().unwrap()).unwrap_err()
}

/// Parameters with which each rule can be configured.
fn least(rule: RuleName) -> Value {
    match rule {
        RuleName::TrustedRegCheck => json!({"trustedRegistries": "docker.io"}),
        _ => json!({}),
    }
}

fn with(rule: RuleName, name: &str, value: &str) -> Value {
    let mut object = least(rule);
    object[name] = json!(value);
    object
}

#[test]
fn every_rule_takes_the_common_parameters_of_a_judgement() {
    assert_eq!(JUDGEMENT_PARAMETERS, ["excludedNamespaces", "includeFinishedPods", "exemptions"]);
    for rule in RuleName::ALL {
        let all = json!({
            "excludedNamespaces": "kube-system", "includeFinishedPods": "true",
            "exemptions": r#"[{"namespace": "shop", "reason": "agreed"}]"#,
        });
        let mut object = least(rule);
        object.as_object_mut().unwrap().extend(all.as_object().unwrap().clone());
        assert_eq!(configuration(rule, &object).unwrap().rule(), rule);
    }
}

#[test]
fn an_empty_value_is_an_absent_one() {
    for rule in RuleName::ALL {
        let default = configuration(rule, &least(rule)).unwrap();
        for name in
            JUDGEMENT_PARAMETERS.iter().chain(rule.own_parameters()).filter(|name| **name != "trustedRegistries")
        {
            for empty in ["", " ", "\t\n"] {
                assert_eq!(configuration(rule, &with(rule, name, empty)).unwrap(), default, "{rule} {name} {empty:?}");
            }
        }
    }
    assert!(parameters(json!({"unheard": " "})).finish().is_ok());
}

#[test]
fn a_mandatory_list_that_is_absent_or_empty_is_an_error_that_says_so() {
    for (object, given) in [
        (json!({}), "nothing"),
        (json!({"trustedRegistries": ""}), "nothing"),
        (json!({"trustedRegistries": " "}), "nothing"),
        (json!({"trustedRegistries": ","}), "\",\""),
        (json!({"trustedRegistries": " , ,, "}), "\", ,,\""),
    ] {
        let error = configuration(RuleName::TrustedRegCheck, &object).unwrap_err();
        assert_eq!((error.parameter.as_str(), error.given.as_str()), ("trustedRegistries", given));
        assert!(error.allowed.starts_with("a comma list of at least one registry"), "{error}");
    }
}

#[test]
fn lists_are_split_on_commas_and_trimmed_and_empty_entries_are_dropped() {
    for (text, entries) in [
        ("a", vec!["a"]),
        ("a,b", vec!["a", "b"]),
        (" a , b\t,\nc ", vec!["a", "b", "c"]),
        (",a,,b,", vec!["a", "b"]),
        ("a b,c", vec!["a b", "c"]),
        (" , ", vec![]),
    ] {
        let mut parameters = parameters(json!({"clusters": text}));
        let (name, list) = parameters.list("clusters");
        assert_eq!((name.as_str(), list), ("clusters", entries.into_iter().map(str::to_owned).collect()), "{text:?}");
    }
    assert_eq!(parameters(json!({})).list("clusters"), ("clusters".to_owned(), vec![]));
}

#[test]
fn excluded_namespaces_are_exact_names_or_globs() {
    for (text, expected) in [
        ("", vec!["kube-public", "kube-system", "shop", "shop-eu"]),
        ("shop", vec!["kube-public", "kube-system", "shop-eu"]),
        ("hop", vec!["kube-public", "kube-system", "shop", "shop-eu"]),
        ("SHOP", vec!["kube-public", "kube-system", "shop", "shop-eu"]),
        ("kube-*", vec!["shop", "shop-eu"]),
        ("*-eu,kube-*", vec!["shop"]),
        ("s*p", vec!["kube-public", "kube-system", "shop-eu"]),
        ("kube-system, shop", vec!["kube-public", "shop-eu"]),
        ("*", vec![]),
    ] {
        let pods =
            ["shop", "shop-eu", "kube-system", "kube-public"].map(|name| in_namespace(pod_of(Value::Null), name));
        let report = escalation(&json!({"excludedNamespaces": text}), &pods);
        let judged: Vec<_> = report.findings.iter().map(|finding| finding.namespace.as_deref().unwrap()).collect();
        assert_eq!(judged, expected, "{text:?}");
        assert_eq!(report.counts.excluded_namespaces, 4 - expected.len() as u64);
    }
}

#[test]
fn a_list_of_names_with_another_character_is_an_error_that_names_the_entry() {
    for rule in RuleName::ALL {
        for bad in ["team-?", "[ab]", "a/b", "a b", "^kube", "kube|dev", "ssm:/names", "a\\*", "ä"] {
            let error = configuration(rule, &with(rule, "excludedNamespaces", &format!("shop, {bad}"))).unwrap_err();
            let expected = format!(
                "rule parameter excludedNamespaces: given {bad:?}; allowed: a comma list of names, in which * stands for \
                 any run of characters, as in team-*"
            );
            assert_eq!(error.to_string(), expected);
        }
    }
    for good in ["a.b", "a_b", "a-b", "A1", "**", "*a*b*"] {
        assert!(configuration(RuleName::PrivEscalation, &json!({"excludedNamespaces": good})).is_ok(), "{good}");
    }
}

/// Whether a pattern matches a name, by trying every run of characters that `*` may stand for.
fn glob_matches(pattern: &str, name: &str) -> bool {
    match pattern.chars().next() {
        None => name.is_empty(),
        Some('*') => name
            .char_indices()
            .map(|(place, _)| place)
            .chain([name.len()])
            .any(|place| glob_matches(&pattern[1..], &name[place..])),
        Some(one) => name.strip_prefix(one).is_some_and(|rest| glob_matches(&pattern[one.len_utf8()..], rest)),
    }
}

#[test]
fn globs_match_as_trying_every_run_of_characters_does() {
    let names = "[ab.-]{0,8}";
    runner(10_000)
        .run(&("[ab.*-]{0,7}", names), |(pattern, name)| {
            let globs = Globs::new([pattern.clone()]);
            prop_assert_eq!(globs.matches(&name), glob_matches(&pattern, &name), "{:?} {:?}", pattern, name);
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_list_of_globs_matches_where_one_of_them_does() {
    let globs = Globs::new(["a*".to_owned(), "b".to_owned()]);
    let matched: Vec<_> = ["a", "ab", "b", "bb", "", "c"].into_iter().filter(|name| globs.matches(name)).collect();
    assert_eq!(matched, ["a", "ab", "b"]);
    assert!(!globs.is_empty());
    assert!(Globs::default().is_empty() && !Globs::default().matches(""));
    assert!(parameters(json!({})).globs("clusters").unwrap().is_empty());
}

#[test]
fn true_and_false_are_read_in_any_case_and_nothing_else_is() {
    let judged = |text: &str| {
        let pods = [in_phase(pod_of(Value::Null), "Succeeded")];
        escalation(&json!({"includeFinishedPods": text}), &pods).counts.pods
    };
    for (text, pods) in [("true", 1), ("True", 1), (" TRUE ", 1), ("false", 0), ("False", 0), ("", 0)] {
        assert_eq!(judged(text), pods, "{text:?}");
    }
    for bad in ["yes", "1", "on", "t", "true,false", "null"] {
        let error = configuration(RuleName::PrivEscalation, &json!({"includeFinishedPods": bad})).unwrap_err();
        let expected = format!("rule parameter includeFinishedPods: given {bad:?}; allowed: true, false");
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn a_word_is_one_of_those_allowed_or_the_default() {
    let take = |object| parameters(object).one_of("notJudged", &[("keep", 1), ("nonCompliant", 2)], 1);
    assert_eq!(take(json!({})), Ok(1));
    assert_eq!(take(json!({"notJudged": " nonCompliant "})), Ok(2));
    assert_eq!(
        take(json!({"notJudged": "noncompliant"})).unwrap_err().to_string(),
        "rule parameter notJudged: given \"noncompliant\"; allowed: keep, nonCompliant"
    );
}

#[test]
fn a_number_is_one_of_its_range_or_the_default() {
    let take = |text: &str| parameters(json!({"graceSeconds": text})).integer("graceSeconds", 0..=3600, 7);
    for (text, number) in [("", 7), ("0", 0), (" 60 ", 60), ("3600", 3600)] {
        assert_eq!(take(text), Ok(number));
    }
    for bad in ["3601", "-1", "1.5", "1e3", "0x10", "sixty", "4294967296", "1 2"] {
        let expected = format!("rule parameter graceSeconds: given {bad:?}; allowed: a whole number from 0 to 3600");
        assert_eq!(take(bad).unwrap_err().to_string(), expected);
    }
}

#[test]
fn a_value_is_trimmed_and_told_with_the_name_it_was_given_under() {
    let mut parameters = parameters(json!({"inscopeclusters": " prod , dev ", "externalId": " x "}));
    assert_eq!(parameters.take("clusters"), Some(("inscopeclusters".to_owned(), "prod , dev".to_owned())));
    assert_eq!(parameters.take("externalId"), Some(("externalId".to_owned(), "x".to_owned())));
    assert_eq!(parameters.take("externalId"), None);
    assert_eq!(parameters.finish(), Ok(()));
}

#[test]
fn the_names_of_the_older_sample_are_aliases() {
    for (alias, name) in [
        ("inscopeclusters", "clusters"),
        ("trusted_registries", "trustedRegistries"),
        ("ExecutionRoleName", "executionRoleName"),
    ] {
        let given = parameters(json!({alias: "x"}));
        assert_eq!(given.names().collect::<Vec<_>>(), [name]);
    }
    let aliased = configuration(RuleName::TrustedRegCheck, &json!({"trusted_registries": "docker.io"}));
    assert!(aliased.is_ok());
    let error = configuration(RuleName::TrustedRegCheck, &json!({"trusted_registries": "busybox"})).unwrap_err();
    assert_eq!(error.parameter, "trusted_registries", "the error names what was given: {error}");
}

#[test]
fn an_alias_together_with_its_name_is_an_error_even_where_both_say_the_same() {
    for value in ["prod", "dev"] {
        let error = refused(json!({"clusters": "prod", "inscopeclusters": value}));
        assert_eq!(
            error.to_string(),
            "rule parameter inscopeclusters: given it and clusters, which is the same parameter; allowed: clusters alone"
        );
    }
    assert_eq!(
        refused(json!({"trustedRegistries": "a.io", "trusted_registries": "b.io"})).to_string(),
        "rule parameter trusted_registries: given it and trustedRegistries, which is the same parameter; allowed: \
         trustedRegistries alone"
    );
}

#[test]
fn an_alias_beside_its_name_is_no_error_where_one_of_them_is_empty() {
    for (object, given) in [
        (json!({"clusters": "prod", "inscopeclusters": ""}), "clusters"),
        (json!({"clusters": " ", "inscopeclusters": "prod"}), "inscopeclusters"),
    ] {
        assert_eq!(parameters(object).take("clusters"), Some((given.to_owned(), "prod".to_owned())));
    }
}

#[test]
fn an_unknown_name_is_an_error_that_lists_the_known_ones() {
    let error = configuration(RuleName::PrivEscalation, &json!({"reding": "explicit"})).unwrap_err();
    assert_eq!(
        error.to_string(),
        "rule parameter reding: given a name that is no parameter of this rule; allowed: excludedNamespaces, exemptions, \
         includeFinishedPods, reading, secretsInEnv"
    );
    for (rule, foreign) in [
        (RuleName::PrivEscalation, "requires"),
        (RuleName::PrivEscalation, "trustedRegistries"),
        (RuleName::PrivEscalation, "Reading"),
        (RuleName::NetPolCheck, "reading"),
        (RuleName::TrustedRegCheck, "enforcement"),
    ] {
        let error = configuration(rule, &with(rule, foreign, "x")).unwrap_err();
        assert_eq!(error.parameter, foreign, "{error}");
        assert!(rule.own_parameters().iter().all(|name| error.allowed.contains(name)), "{error}");
    }
    let error = configuration(RuleName::PrivEscalation, &json!({"trusted_registries": "x"})).unwrap_err();
    assert_eq!(error.parameter, "trusted_registries", "an unknown alias is named as it was given");
}

#[test]
fn a_value_that_is_no_string_is_an_error_that_tells_what_was_probably_meant() {
    for (value, given, meant) in [
        (json!(true), "true", "true"),
        (json!(60), "60", "60"),
        (json!(null), "null", ""),
        (json!(["a", "b"]), r#"["a","b"]"#, "a,b"),
        (json!([]), "[]", ""),
        (json!({"a": 1}), r#"{"a":1}"#, r#"{"a":1}"#),
        (json!([{"namespace": "a"}]), r#"[{"namespace":"a"}]"#, r#"[{"namespace":"a"}]"#),
        (json!([["a"], "b"]), r#"[["a"],"b"]"#, r#"[["a"],"b"]"#),
    ] {
        let expected = format!(
            "rule parameter clusters: given {given}; allowed: a string, as AWS Config passes every parameter: {meant:?}"
        );
        assert_eq!(refused(json!({"clusters": value})).to_string(), expected);
    }
}

#[test]
fn parameters_may_be_narrowed_to_those_that_a_rule_knows() {
    let mut parameters = parameters(json!({"reading": "explicit", "requires": "any"}));
    parameters.retain(|name| name == "reading");
    assert_eq!(parameters.names().collect::<Vec<_>>(), ["reading"]);
}
