use serde_json::json;

use crate::run::{Directory, Run, run, subjects, workload};

fn deployment() -> String {
    workload("apps/v1", "Deployment", "api").replace("  name: api", "  namespace: web\n  name: api")
}

/// Judges a Deployment in the namespace `web` that escalates.
fn judge(rules: &[&str], parameters: &str) -> Run {
    let mut arguments = vec!["judge", "-f", "-", "--output", "json", "--parameters", parameters];
    arguments.extend(rules);
    run(&arguments, &deployment())
}

#[test]
fn parameters_are_those_of_aws_config() {
    let run = judge(&["privEscalation"], r#"{"excludedNamespaces": "we*", "reading": "restricted"}"#);
    assert_eq!((run.status, &run.json()[0]["counts"]["excludedNamespaces"]), (0, &json!(1)), "{run:#?}");
}

#[test]
fn parameters_may_stand_in_a_file() {
    let directory = Directory::new("parameters_may_stand_in_a_file");
    directory.write("p.json", r#"{"excludedNamespaces": "web"}"#).write("m.yaml", deployment());
    let run =
        directory.run(&["judge", "privEscalation", "-f", "m.yaml", "--parameters", "@p.json", "--output", "json"]);
    assert_eq!(run.json()[0]["counts"]["excludedNamespaces"], 1, "{run:#?}");
    directory
        .run(&["judge", "-f", "m.yaml", "--parameters", "@none.json"])
        .refuses(&["--parameters: cannot read none.json: No such file or directory (os error 2)"]);
}

#[test]
fn without_a_named_rule_all_are_judged_save_the_one_that_lacks_its_mandatory_parameter() {
    let run = judge(&[], "{}");
    let rules: Vec<_> = run.json().as_array().unwrap().iter().map(|one| one["rule"].clone()).collect();
    assert_eq!(rules, ["netPolCheck", "privEscalation"]);
    assert!(run.stderr.contains("note: trustedRegCheck is left out: no trustedRegistries are given"), "{run:#?}");
    for parameters in [
        r#"{"trustedRegistries": "docker.io"}"#,
        r#"{"trusted_registries": "docker.io"}"#,
        r#"{"trustedRegCheck": {"trustedRegistries": "docker.io"}}"#,
    ] {
        let run = judge(&[], parameters);
        let rules: Vec<_> = run.json().as_array().unwrap().iter().map(|one| one["rule"].clone()).collect();
        assert_eq!(rules, ["netPolCheck", "privEscalation", "trustedRegCheck"], "{parameters}: {run:#?}");
        assert_eq!(run.stderr, "");
    }
}

#[test]
fn a_named_rule_that_lacks_its_mandatory_parameter_is_an_error() {
    let run = judge(&["trustedRegCheck"], "{}");
    assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{run:#?}");
    assert!(
        run.stderr.starts_with("error: trustedRegCheck: rule parameter trustedRegistries: given nothing"),
        "{run:#?}"
    );
    let run = judge(&[], r#"{"requireDigest": "true"}"#);
    assert_eq!(run.status, 2, "a parameter of the rule is given: {run:#?}");
}

#[test]
fn with_several_rules_each_parameter_goes_to_those_that_know_it() {
    let run = judge(
        &["netPolCheck", "privEscalation"],
        r#"{"reading": "explicit", "requires": "any", "excludedNamespaces": "x"}"#,
    );
    assert_eq!(run.status, 1, "{run:#?}");
    let run = judge(&["netPolCheck", "privEscalation"], r#"{"reding": "explicit"}"#);
    assert_eq!(run.status, 2);
    assert!(
        run.stderr
            .starts_with("error: rule parameter reding: no parameter of netPolCheck or privEscalation; allowed: "),
        "{run:#?}"
    );
}

#[test]
fn a_parameter_of_a_rule_that_is_not_judged_is_an_error() {
    let run = judge(&["privEscalation"], r#"{"requires": "any"}"#);
    assert_eq!(run.status, 2, "{run:#?}");
    assert!(
        run.stderr.starts_with(
            "error: privEscalation: rule parameter requires: given a name that is no parameter of this rule"
        ),
        "{run:#?}"
    );
}

#[test]
fn parameters_may_be_keyed_by_rule() {
    let run = judge(&["netPolCheck", "privEscalation"], r#"{"privEscalation": {"excludedNamespaces": "web"}}"#);
    assert_eq!(run.json()[0]["counts"]["excludedNamespaces"], 0, "{run:#?}");
    assert_eq!(run.json()[1]["counts"]["excludedNamespaces"], 1, "{run:#?}");
    let run = judge(&["netPolCheck"], r#"{"privEscalation": {"excludedNamespaces": "web"}}"#);
    assert_eq!(run.json()[0]["counts"]["excludedNamespaces"], 0, "{run:#?}");
}

#[test]
fn both_forms_at_once_are_an_error() {
    judge(&[], r#"{"privEscalation": {}, "requires": "any"}"#)
        .refuses(&["--parameters: requires beside the names of rules: either every key is a rule or none is"]);
}

#[test]
fn parameters_that_only_the_functions_need_are_accepted() {
    let run = judge(
        &["privEscalation"],
        r#"{"clusters": "prod*", "excludedClusters": "x", "executionRoleName": "r", "externalId": "e", "notJudged": "keep"}"#,
    );
    assert_eq!(run.status, 1, "{run:#?}");
    assert_eq!(judge(&["privEscalation"], r#"{"inscopeclusters": "prod"}"#).status, 1);
    assert_eq!(judge(&[], r#"{"clusters": "prod"}"#).status, 1);
}

#[test]
fn every_bad_parameter_has_its_message() {
    judge(&["privEscalation"], "{").refuses(&[
        "--parameters: not the JSON of rule parameters: EOF while parsing an object at line 1 column 1; write them as in \
         '{\"excludedNamespaces\": \"kube-system\"}', or @FILE",
    ]);
    judge(&["privEscalation"], "[]").refuses(&[
        "--parameters: not a JSON object; write them as in '{\"excludedNamespaces\": \"kube-system\"}', or @FILE",
    ]);
    judge(&["privEscalation"], r#"{"includeFinishedPods": true}"#).refuses(&[
        "rule parameter includeFinishedPods: given true; allowed: a string, as AWS Config passes every parameter: \"true\"",
    ]);
    judge(&["privEscalation"], r#"{"reading": "strict"}"#).refuses(&[
        "privEscalation: rule parameter reading: given \"strict\"; allowed: effective, restricted, explicit",
    ]);
    judge(&["privEscalation"], r#"{"clusters": "a", "inscopeclusters": "b"}"#).refuses(&[
        "rule parameter inscopeclusters: given it and clusters, which is the same parameter; allowed: clusters alone",
    ]);
    judge(&["privEscalation"], r#"{"privEscalation": "x"}"#)
        .refuses(&["--parameters: privEscalation is \"x\", not an object of the rule's parameters"]);
    let run = judge(&["privEscalation"], r#"{"reading": "explicit", "reading": "effective"}"#);
    assert!(run.status == 2 && run.stderr.contains("duplicate key \"reading\""), "{run:#?}");
}

#[test]
fn a_parameter_that_manifests_cannot_answer_is_an_error() {
    let run = judge(&["trustedRegCheck"], r#"{"trustedRegistries": "ecr:self"}"#);
    assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{run:#?}");
    assert!(run.stderr.starts_with("error: trustedRegCheck: rule parameter trustedRegistries: "), "{run:#?}");
    let arguments = [
        "judge",
        "trustedRegCheck",
        "-f",
        "-",
        "--parameters",
        r#"{"trustedRegistries": "ecr:self"}"#,
        "--account",
        "111122223333",
    ];
    assert_eq!(crate::run::run(&arguments, &deployment()).status, 1);
    let run = judge(&["netPolCheck"], r#"{"enforcement": "require"}"#);
    assert_eq!(run.status, 2, "{run:#?}");
}

#[test]
fn exemptions_stand_in_a_file_of_json_or_yaml() {
    let directory = Directory::new("exemptions_stand_in_a_file_of_json_or_yaml");
    directory.write("m.yaml", deployment());
    directory
        .write("e.json", r#"[{"namespace": "web", "owner": {"kind": "Deployment", "name": "api"}, "reason": "T-1"}]"#);
    directory.write(
        "e.yaml",
        "- namespace: web\n  rules: [privEscalation]\n  container: app\n  reason: T-1\n  expires: 2999-12-31\n",
    );
    for file in ["e.json", "e.yaml"] {
        let run = directory.run(&["judge", "privEscalation", "-f", "m.yaml", "--exemptions", file, "--output", "json"]);
        assert_eq!((run.status, &run.json()[0]["counts"]["exempted"]), (0, &json!(1)), "{file}: {run:#?}");
        assert_eq!(subjects(&run).len(), 0);
    }
}

#[test]
fn an_exemption_that_expired_or_matches_nothing_is_told() {
    let directory = Directory::new("an_exemption_that_expired_or_matches_nothing_is_told");
    directory.write("m.yaml", deployment());
    directory
        .write("e.yaml", "- {namespace: web, reason: old, expires: 2020-01-31}\n- {namespace: other, reason: none}\n");
    let run = directory.run(&["judge", "privEscalation", "-f", "m.yaml", "--exemptions", "e.yaml", "--output", "json"]);
    assert_eq!(run.status, 1);
    assert_eq!(
        run.json()[0]["notes"],
        json!(["exemption of web expired after 2020-01-31", "exemption of other is redundant: it matched nothing"])
    );
}

#[test]
fn every_bad_file_of_exemptions_has_its_message() {
    let directory = Directory::new("every_bad_file_of_exemptions_has_its_message");
    directory.write("m.yaml", deployment());
    for (text, message) in [
        ("- {namespace: web}\n", "missing field `reason`"),
        ("- {namespace: web, reason: ' '}\n", "item 0 with an empty reason"),
        ("- {namespace: web, reason: x, expires: 2024-02-30}\n", "\"2024-02-30\" is not a date of the form YYYY-MM-DD"),
        ("- {namespace: web, reason: x, until: 2024-02-03}\n", "unknown field `until`"),
        ("- {namespace: web, namespace: x, reason: x}\n", "duplicate"),
        ("a: [\n", "neither JSON nor YAML"),
    ] {
        directory.write("e.yaml", text);
        let run = directory.run(&["judge", "privEscalation", "-f", "m.yaml", "--exemptions", "e.yaml"]);
        assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{text}: {run:#?}");
        assert!(run.stderr.starts_with("error: e.yaml: ") && run.stderr.contains(message), "{text}: {run:#?}");
    }
}
