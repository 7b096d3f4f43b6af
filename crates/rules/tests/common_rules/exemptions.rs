//! Exemptions: their shape, whom they exempt, how long, and what is told of them.

use eks_rules::{Configuration, Exemption, RuleName};
use serde_json::{Value, json};

use crate::judging::{
    bare_pod, configuration, container, controlled, deployed, escalation_exempting, in_namespace, pod_of, report_at,
    report_of,
};

const SHAPE: &str = r#"; allowed: a JSON list of {"rules"?: [...], "namespace", "owner"?: {"kind","name"}, "pod"?, "container"?, "reason", "expires"?: "YYYY-MM-DD"}, for netPolCheck alone without owner, pod and container"#;

/// The findings that are left, as `NAMESPACE OWNER CONTAINER`, of four pods of several namespaces and owners.
fn left(exemption: Value) -> Vec<String> {
    let two = json!({"containers": [container("app", Value::Null), container("agent", Value::Null)]});
    let pods = [
        deployed(bare_pod("x", two.clone()), "web", "a1"),
        deployed(pod_of(Value::Null), "web-eu", "b1"),
        controlled(pod_of(Value::Null), "web-0", "StatefulSet", "web"),
        in_namespace(deployed(pod_of(Value::Null), "web", "c1"), "shop-eu"),
    ];
    let report = escalation_exempting(&json!([exemption]), &pods);
    assert_eq!(report.counts.exempted + report.counts.findings, 5);
    report
        .findings
        .iter()
        .map(|finding| {
            let (owner, container) = (finding.owner.as_ref().unwrap(), finding.container.as_ref().unwrap());
            format!("{} {}/{} {container}", finding.namespace.as_ref().unwrap(), owner.kind, owner.name)
        })
        .collect()
}

const AGENT: &str = "shop Deployment/web agent";
const APP: &str = "shop Deployment/web app";
const EU: &str = "shop Deployment/web-eu app";
const SET: &str = "shop StatefulSet/web app";
const ELSEWHERE: &str = "shop-eu Deployment/web app";

#[test]
fn a_namespace_exempts_all_that_is_in_it_and_nothing_beside() {
    assert_eq!(left(json!({"namespace": "shop", "reason": "x"})), [ELSEWHERE]);
}

#[test]
fn an_owner_exempts_its_pods_alone() {
    let owner = |kind: &str, name: &str| {
        left(json!({"namespace": "shop", "owner": {"kind": kind, "name": name}, "reason": "x"}))
    };
    assert_eq!(owner("Deployment", "web"), [EU, SET, ELSEWHERE]);
    assert_eq!(owner("StatefulSet", "web"), [AGENT, APP, EU, ELSEWHERE]);
}

#[test]
fn a_pod_exempts_itself_alone() {
    let pod = |name: &str| left(json!({"namespace": "shop", "pod": name, "reason": "x"}));
    assert_eq!(pod("web-5d8f7c9b4-a1"), [EU, SET, ELSEWHERE]);
    assert_eq!(pod("web-0"), [AGENT, APP, EU, ELSEWHERE]);
}

#[test]
fn a_container_exempts_those_of_its_name() {
    assert_eq!(left(json!({"namespace": "shop", "container": "agent", "reason": "x"})), [APP, EU, SET, ELSEWHERE]);
    assert_eq!(left(json!({"namespace": "shop", "container": "app", "reason": "x"})), [AGENT, ELSEWHERE]);
}

#[test]
fn every_part_that_an_exemption_names_must_match() {
    let owner = json!({"kind": "Deployment", "name": "web"});
    let pod = "web-5d8f7c9b4-a1";
    assert_eq!(
        left(json!({"namespace": "shop", "owner": owner, "pod": pod, "container": "app", "reason": "x"})),
        [AGENT, EU, SET, ELSEWHERE]
    );
    for (part, other) in [
        ("namespace", json!("shop-eu")),
        ("owner", json!({"kind": "Deployment", "name": "web-eu"})),
        ("owner", json!({"kind": "StatefulSet", "name": "web"})),
        ("pod", json!("web-0")),
        ("container", json!("sidecar")),
    ] {
        let mut exemption = json!({"namespace": "shop", "owner": owner, "pod": pod, "container": "app", "reason": "x"});
        exemption[part] = other;
        assert_eq!(left(exemption), [AGENT, APP, EU, SET, ELSEWHERE], "{part}");
    }
}

#[test]
fn names_are_exact_without_prefixes_patterns_and_cases() {
    for namespace in ["sho", "shop-", "shop*", "*", "Shop", " shop"] {
        assert_eq!(left(json!({"namespace": namespace, "reason": "x"})).len(), 5, "{namespace}");
    }
    for name in ["we", "web-", "web*", "Web", "web-5d8f7c9b4"] {
        let owner = json!({"kind": "Deployment", "name": name});
        assert_eq!(left(json!({"namespace": "shop", "owner": owner, "reason": "x"})).len(), 5, "{name}");
    }
    for kind in ["deployment", "ReplicaSet", "Deploy"] {
        let owner = json!({"kind": kind, "name": "web"});
        assert_eq!(left(json!({"namespace": "shop", "owner": owner, "reason": "x"})).len(), 5, "{kind}");
    }
    for pod in ["web-5d8f7c9b4", "web-5d8f7c9b4-a", "web-*"] {
        assert_eq!(left(json!({"namespace": "shop", "pod": pod, "reason": "x"})).len(), 5, "{pod}");
    }
    for container in ["ap", "apps", "a*", "APP"] {
        assert_eq!(left(json!({"namespace": "shop", "container": container, "reason": "x"})).len(), 5, "{container}");
    }
}

#[test]
fn a_null_part_is_an_absent_one() {
    let nulls = json!({
        "rules": null, "namespace": "shop", "owner": null, "pod": null, "container": null, "reason": "x", "expires": null,
    });
    assert_eq!(left(nulls), [ELSEWHERE]);
}

/// A configuration of the rule with its exemptions among the parameters.
fn exempting(rule: RuleName, exemptions: &Value) -> Configuration {
    let mut parameters = json!({"exemptions": exemptions.to_string()});
    if rule == RuleName::TrustedRegCheck {
        parameters["trustedRegistries"] = json!("quay.io");
    }
    configuration(rule, &parameters).unwrap()
}

#[test]
fn an_exemption_holds_for_the_rules_that_it_names_or_for_all() {
    for (rules, holds_for) in [
        (json!(null), &RuleName::ALL[..]),
        (json!(["netPolCheck", "privEscalation", "trustedRegCheck"]), &RuleName::ALL),
        (json!(["privEscalation"]), &[RuleName::PrivEscalation]),
        (json!(["trustedRegCheck", "netPolCheck"]), &[RuleName::TrustedRegCheck, RuleName::NetPolCheck]),
    ] {
        let exemptions = json!([{"rules": rules, "namespace": "shop", "reason": "x"}]);
        for rule in RuleName::ALL {
            let report = report_of(&exempting(rule, &exemptions), &[pod_of(Value::Null)]);
            let holds = holds_for.contains(&rule);
            assert_eq!(
                (report.findings.is_empty(), report.counts.exempted),
                (holds, u64::from(holds)),
                "{rule} {rules}"
            );
            assert!(report.notes.iter().all(|note| !note.contains("redundant")), "{rule} {rules}: {:?}", report.notes);
        }
    }
}

#[test]
fn for_net_pol_check_an_exemption_of_something_in_a_namespace_exempts_nothing() {
    for part in
        [json!({"owner": {"kind": "Pod", "name": "web-0"}}), json!({"pod": "web-0"}), json!({"container": "app"})]
    {
        let mut exemption = json!({"namespace": "shop", "reason": "x"});
        exemption.as_object_mut().unwrap().extend(part.as_object().unwrap().clone());
        for rules in [json!(null), json!(["netPolCheck", "privEscalation"])] {
            exemption["rules"] = rules;
            let judged = |rule| report_of(&exempting(rule, &json!([exemption])), &[pod_of(Value::Null)]);
            assert_eq!(judged(RuleName::PrivEscalation).counts.exempted, 1, "{exemption}");
            let report = judged(RuleName::NetPolCheck);
            assert_eq!((report.counts.exempted, report.counts.findings), (0, 1), "{exemption}");
            assert!(report.notes.iter().any(|note| note.ends_with("is redundant: it matched nothing")), "{exemption}");
        }
    }
}

#[test]
fn exemptions_of_the_parameters_and_of_the_caller_add_up() {
    let mut configuration = exempting(RuleName::PrivEscalation, &json!([{"namespace": "shop", "reason": "x"}]));
    configuration.exempt(Exemption::parse_list("exemptions", r#"[{"namespace": "blog", "reason": "y"}]"#).unwrap());
    let pods = [pod_of(Value::Null), in_namespace(pod_of(Value::Null), "blog")];
    let report = report_of(&configuration, &pods);
    assert_eq!((report.counts.exempted, report.counts.findings), (2, 0));
    assert_eq!(report.notes, ["2 exempted"]);
}

#[test]
fn exempted_pods_are_judged_and_counted() {
    let pods = ["a", "b", "c"].map(|suffix| deployed(pod_of(Value::Null), "web", suffix));
    let report = escalation_exempting(&json!([{"namespace": "shop", "reason": "x"}]), &pods);
    assert_eq!((report.counts.pods, report.counts.containers, report.counts.exempted), (3, 3, 3));
    assert_eq!(report.notes, ["3 exempted"]);
}

#[test]
fn an_exemption_holds_through_its_last_day_in_utc() {
    let configuration = exempting(
        RuleName::PrivEscalation,
        &json!([{"namespace": "shop", "pod": "web-0", "reason": "x", "expires": "2026-11-24"}]),
    );
    for (now, holds) in [
        ("2026-11-23T00:00:00Z", true),
        ("2026-11-24T00:00:00Z", true),
        ("2026-11-24T23:59:59.999999999Z", true),
        ("2026-11-25T00:59:59+01:00", true),
        ("2026-11-24T16:00:00-08:00", false),
        ("2026-11-25T00:00:00Z", false),
        ("2027-11-24T00:00:00Z", false),
    ] {
        let report = report_at(now, &configuration, &[pod_of(Value::Null)]);
        assert_eq!(report.findings.is_empty(), holds, "{now}");
        let note = if holds { "1 exempted" } else { "exemption of shop/Pod/web-0 expired after 2026-11-24" };
        assert_eq!(report.notes, [note], "{now}");
    }
}

#[test]
fn an_expired_exemption_is_told_whether_or_not_it_would_match() {
    for namespace in ["shop", "gone"] {
        let exemptions = json!([{"namespace": namespace, "reason": "x", "expires": "2020-01-31"}]);
        let report = escalation_exempting(&exemptions, &[pod_of(Value::Null)]);
        assert_eq!(report.notes, [format!("exemption of {namespace} expired after 2020-01-31")]);
        assert_eq!(report.findings.len(), 1);
    }
}

#[test]
fn an_exemption_that_matched_nothing_is_told_as_redundant_with_all_that_it_names() {
    let owner = json!({"kind": "Deployment", "name": "api"});
    for (exemption, subject) in [
        (json!({"namespace": "blog"}), "blog"),
        (json!({"namespace": "shop", "owner": owner}), "shop/Deployment/api"),
        (json!({"namespace": "shop", "pod": "web-1"}), "shop/Pod/web-1"),
        (json!({"namespace": "shop", "container": "proxy"}), "shop[proxy]"),
        (json!({"namespace": "shop", "owner": owner, "pod": "p", "container": "c"}), "shop/Deployment/api/Pod/p[c]"),
    ] {
        let mut exemption = exemption;
        exemption["reason"] = json!("x");
        let report = escalation_exempting(&json!([exemption]), &[pod_of(Value::Null)]);
        assert_eq!(report.notes, [format!("exemption of {subject} is redundant: it matched nothing")]);
    }
}

#[test]
fn an_exemption_of_what_complies_is_redundant() {
    let ok = pod_of(json!({"allowPrivilegeEscalation": false}));
    let report = escalation_exempting(&json!([{"namespace": "shop", "reason": "x"}]), &[ok]);
    assert_eq!(report.notes, ["exemption of shop is redundant: it matched nothing"]);
    assert_eq!(report.counts.exempted, 0);
}

#[test]
fn an_exemption_of_an_excluded_namespace_is_redundant() {
    let mut configuration = configuration(RuleName::PrivEscalation, &json!({"excludedNamespaces": "shop"})).unwrap();
    configuration.exempt(Exemption::parse_list("exemptions", r#"[{"namespace": "shop", "reason": "x"}]"#).unwrap());
    let report = report_of(&configuration, &[pod_of(Value::Null)]);
    assert_eq!(report.notes, ["1 namespace excluded", "exemption of shop is redundant: it matched nothing"]);
}

#[test]
fn two_exemptions_of_one_subject_count_once_and_are_both_of_use() {
    let exemptions = json!([
        {"namespace": "shop", "reason": "x"},
        {"namespace": "shop", "container": "app", "reason": "y"},
    ]);
    let report = escalation_exempting(&exemptions, &[pod_of(Value::Null)]);
    assert_eq!(report.notes, ["1 exempted"]);
}

#[test]
fn notes_tell_expired_exemptions_before_redundant_ones_and_both_in_their_order() {
    let exemptions = json!([
        {"namespace": "d", "reason": "x"},
        {"namespace": "c", "reason": "x", "expires": "2026-11-23"},
        {"namespace": "b", "reason": "x"},
        {"namespace": "a", "reason": "x", "expires": "2020-02-29"},
    ]);
    assert_eq!(
        escalation_exempting(&exemptions, &[]).notes,
        [
            "exemption of c expired after 2026-11-23",
            "exemption of a expired after 2020-02-29",
            "exemption of d is redundant: it matched nothing",
            "exemption of b is redundant: it matched nothing",
        ]
    );
}

#[test]
fn every_mistake_in_an_exemption_has_its_message() {
    for (exemption, given) in [
        (json!({"namespace": "", "reason": "x"}), "item 1 with an empty namespace"),
        (json!({"namespace": "a", "reason": ""}), "item 1 with an empty reason"),
        (json!({"namespace": "a", "reason": " \t"}), "item 1 with an empty reason"),
        (
            json!({"namespace": "a", "owner": {"kind": "", "name": "b"}, "reason": "x"}),
            "item 1 with an empty owner kind",
        ),
        (
            json!({"namespace": "a", "owner": {"kind": "Job", "name": " "}, "reason": "x"}),
            "item 1 with an empty owner name",
        ),
        (json!({"namespace": "a", "pod": "", "reason": "x"}), "item 1 with an empty pod"),
        (json!({"namespace": "a", "container": "", "reason": "x"}), "item 1 with an empty container"),
        (json!({"rules": [], "namespace": "a", "reason": "x"}), "item 1 with an empty list of rules"),
        (
            json!({"rules": ["netPolCheck"], "namespace": "a", "owner": {"kind": "Job", "name": "b"}, "reason": "x"}),
            "item 1 with an owner for netPolCheck, which exempts whole namespaces",
        ),
        (
            json!({"rules": ["netPolCheck", "netPolCheck"], "namespace": "a", "pod": "b", "reason": "x"}),
            "item 1 with a pod for netPolCheck, which exempts whole namespaces",
        ),
        (
            json!({"rules": ["netPolCheck"], "namespace": "a", "container": "b", "reason": "x"}),
            "item 1 with a container for netPolCheck, which exempts whole namespaces",
        ),
    ] {
        let list = json!([{"namespace": "fine", "reason": "x"}, exemption]).to_string();
        let error = Exemption::parse_list("exemptions", &list).unwrap_err();
        assert_eq!(error.to_string(), format!("rule parameter exemptions: given {given}{SHAPE}"));
    }
}

#[test]
fn json_of_another_shape_is_an_error_that_tells_what_is_wrong_with_it() {
    for (json, cause) in [
        ("{}", "invalid type: map, expected a sequence"),
        ("shop", "expected value"),
        ("ssm:/exemptions", "expected value"),
        ("[", "EOF while parsing a list"),
        ("[{}]", "missing field `namespace`"),
        (r#"[{"namespace": "a"}]"#, "missing field `reason`"),
        (r#"[{"reason": "x"}]"#, "missing field `namespace`"),
        (r#"[{"namespace": null, "reason": "x"}]"#, "invalid type: null, expected a string"),
        (r#"[{"namespace": "a", "reason": null}]"#, "invalid type: null, expected a string"),
        (r#"[{"namespace": "a", "reason": "x", "until": "2027-01-01"}]"#, "unknown field `until`"),
        (r#"[{"namespace": "a", "namespace": "b", "reason": "x"}]"#, "duplicate field `namespace`"),
        (r#"[{"namespace": "a", "owner": "web", "reason": "x"}]"#, "invalid type: string"),
        (r#"[{"namespace": "a", "owner": {"kind": "Job"}, "reason": "x"}]"#, "missing field `name`"),
        (r#"[{"namespace": "a", "owner": {"name": "b"}, "reason": "x"}]"#, "missing field `kind`"),
        (
            r#"[{"namespace": "a", "owner": {"kind": "Job", "name": "b", "uid": "c"}, "reason": "x"}]"#,
            "unknown field `uid`",
        ),
        // Which would be read by position.
        (r#"[[null, "web", null, null, null, "why", null]]"#, "invalid type: sequence, expected struct Exemption"),
        (
            r#"[{"namespace": "a", "owner": ["Deployment", "b"], "reason": "x"}]"#,
            "invalid type: sequence, expected struct ExemptOwner",
        ),
        (r#"[{"rules": "privEscalation", "namespace": "a", "reason": "x"}]"#, "invalid type: string"),
        (r#"[{"rules": ["privescalation"], "namespace": "a", "reason": "x"}]"#, "unknown variant `privescalation`"),
    ] {
        let error = Exemption::parse_list("exemptions", json).unwrap_err();
        assert_eq!(error.parameter, "exemptions");
        assert!(error.given.starts_with(&format!("{json:?} (")) && error.given.contains(cause), "{error}");
        assert!(error.to_string().ends_with(SHAPE), "{error}");
        let error = configuration(RuleName::PrivEscalation, &json!({"exemptions": json})).unwrap_err();
        assert_eq!(error.parameter, "exemptions");
    }
    assert_eq!(Exemption::parse_list("exemptions", "[]"), Ok(vec![]));
}

#[test]
fn a_date_is_a_day_that_exists_in_the_one_form() {
    for bad in [
        "2026-02-29",
        "2026-13-01",
        "2026-1-1",
        "20260101",
        "2026-W05-6",
        "2026/01/01",
        "01-01-2026",
        "2026-01-01T00:00:00Z",
        "2026-001",
        "+2026-1-1",
        "",
        " 2026-1-1",
        "tomorrow",
        "2026-01-011",
        "20260101T1",
        "-001-01-01",
    ] {
        let json = json!([{"namespace": "a", "reason": "x", "expires": bad}]).to_string();
        let error = Exemption::parse_list("exemptions", &json).unwrap_err();
        let cause = format!("{bad:?} is not a date of the form YYYY-MM-DD");
        assert!(error.given.contains(&cause), "{error}");
    }
    for good in ["2026-11-24", "2028-02-29", "9999-12-31"] {
        let json = json!([{"namespace": "a", "reason": "x", "expires": good}]).to_string();
        assert!(Exemption::parse_list("exemptions", &json).is_ok(), "{good}");
    }
    let number = r#"[{"namespace": "a", "reason": "x", "expires": 20261124}]"#;
    assert!(Exemption::parse_list("exemptions", number).is_err());
}
