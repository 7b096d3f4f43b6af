//! The rule against the oracle, on small random clusters.

use std::cell::RefCell;
use std::collections::BTreeMap;

use eks_rules::{Exemption, Report, RuleName};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

use crate::judging::{configuration, report_of, runner};
use crate::oracle::{self, Answer, Exempt, Question};

const CASES: u32 = 10_000;
const NAMESPACES: [&str; 6] = ["shop", "shop", "shop", "shop-eu", "kube-system", "default"];
const CONTAINERS: [&str; 2] = ["app", "agent"];

/// A capability's name in any case, with and without its prefix.
fn capability() -> impl Strategy<Value = String> {
    let name = select(vec!["SYS_ADMIN", "SYS_ADMIN", "ALL", "NET_RAW", "SYS_ADMINS", "SYS"]);
    (name, select(vec!["", "", "CAP_"]), any::<u16>()).prop_map(|(name, prefix, cases)| {
        let text = format!("{prefix}{name}");
        let lower = |place: usize| cases >> (place % 16) & 1 == 1 && cases % 3 == 0;
        text.char_indices()
            .map(|(place, letter)| if lower(place) { letter.to_ascii_lowercase() } else { letter })
            .collect()
    })
}

/// A boolean that may be absent or null.
fn flag() -> impl Strategy<Value = Option<Value>> {
    option::weighted(0.75, select(vec![json!(true), json!(false), json!(false), json!(null)]))
}

fn object(fields: Vec<(&str, Option<Value>)>) -> Value {
    let given = fields.into_iter().filter_map(|(name, value)| value.map(|value| (name.to_owned(), value)));
    Value::Object(given.collect::<Map<String, Value>>())
}

fn security_context() -> impl Strategy<Value = Value> {
    let list = || option::of(vec(capability(), 0..3).prop_map(|names| json!(names)));
    let capabilities = (list(), list()).prop_map(|(add, drop)| object(vec![("add", add), ("drop", drop)]));
    (flag(), option::weighted(0.3, flag()), option::weighted(0.4, capabilities)).prop_map(
        |(flag, privileged, capabilities)| {
            object(vec![
                ("allowPrivilegeEscalation", flag),
                ("privileged", privileged.flatten()),
                ("capabilities", capabilities),
            ])
        },
    )
}

/// `env` or `envFrom`, with references to Secrets and to their neighbours.
fn environment() -> impl Strategy<Value = (Option<Value>, Option<Value>)> {
    let variable = select(vec![
        json!({"name": "A", "value": "x"}),
        json!({"name": "A", "valueFrom": {"configMapKeyRef": {"name": "a", "key": "b"}}}),
        json!({"name": "A", "valueFrom": {"secretKeyRef": null}}),
        json!({"name": "A", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}),
        json!({"name": "A", "valueFrom": {"secretKeyRef": {"key": "b", "optional": true}}}),
        json!(null),
    ]);
    let source = select(vec![
        json!({"configMapRef": {"name": "a"}}),
        json!({"secretRef": {"name": "a"}, "prefix": "A_"}),
        json!({"secretRef": null}),
    ]);
    let list = |items: Vec<Value>| json!(items);
    (option::weighted(0.4, vec(variable, 0..3).prop_map(list)), option::weighted(0.2, vec(source, 0..3).prop_map(list)))
}

/// Containers whose names are unique in their list.
fn containers() -> impl Strategy<Value = Value> {
    let context = prop_oneof![1 => Just(None), 1 => Just(Some(json!(null))), 8 => security_context().prop_map(Some)];
    vec((context, environment()), 0..=CONTAINERS.len()).prop_map(|containers| {
        let named = CONTAINERS.iter().zip(containers);
        let container = |(name, (context, (env, env_from)))| {
            let name = Some(json!(name));
            object(vec![("name", name), ("securityContext", context), ("env", env), ("envFrom", env_from)])
        };
        named.map(container).collect()
    })
}

/// Owner references, labels and annotations.
fn metadata() -> impl Strategy<Value = Value> {
    let kind = select(vec!["ReplicaSet", "ReplicaSet", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "Node"]);
    let name = select(vec!["web-abc12", "web-abc12", "web-abc12", "web", "web-x-abc12", "abc12", "-abc12"]);
    let owner = (kind, name, prop::bool::weighted(0.9))
        .prop_map(|(kind, name, controller)| json!([{"kind": kind, "name": name, "controller": controller}]));
    let labels =
        select(vec![json!({"pod-template-hash": "abc12"}), json!({"pod-template-hash": "c12"}), json!({"a": "b"})]);
    let annotations = select(vec![json!({"kubernetes.io/config.mirror": "x"}), json!({"a": "b"})]);
    (option::weighted(0.8, owner), option::weighted(0.8, labels), option::weighted(0.2, annotations)).prop_map(
        |(owners, labels, annotations)| {
            object(vec![("ownerReferences", owners), ("labels", labels), ("annotations", annotations)])
        },
    )
}

fn pod() -> impl Strategy<Value = Value> {
    let os = option::weighted(0.3, select(vec![json!({"name": "windows"}), json!({"name": "linux"})]));
    let phase = select(vec!["Running", "Running", "Running", "Pending", "Succeeded", "Failed", "Unknown", ""]);
    let lists = (containers(), option::weighted(0.3, containers()), option::weighted(0.3, containers()));
    (select(NAMESPACES.to_vec()), metadata(), lists, os, phase).prop_map(
        |(namespace, mut metadata, (regular, init, ephemeral), os, phase)| {
            metadata["namespace"] = json!(namespace);
            let spec = object(vec![
                ("containers", Some(regular)),
                ("initContainers", init),
                ("ephemeralContainers", ephemeral),
                ("os", os),
                ("securityContext", Some(json!({"allowPrivilegeEscalation": true}))),
            ]);
            json!({"metadata": metadata, "spec": spec, "status": {"phase": phase}})
        },
    )
}

/// Pods whose names are unique, in no order; some are siblings of the first.
fn pods() -> impl Strategy<Value = Vec<Value>> {
    vec((pod(), any::<u32>(), prop::bool::weighted(0.4)), 0..5).prop_map(|pods| {
        let first = pods.first().map(|(pod, ..)| pod["metadata"].clone());
        let numbered = pods.into_iter().enumerate();
        numbered
            .map(|(place, (mut pod, number, sibling))| {
                if let Some(metadata) = first.as_ref().filter(|_| sibling) {
                    pod["metadata"] = metadata.clone();
                }
                pod["metadata"]["name"] = json!(format!("p{:02}-{place}", number % 20));
                pod
            })
            .collect()
    })
}

/// An exemption of something that a pod has, or just has not.
fn exempt() -> impl Strategy<Value = Exempt> {
    let owner = (select(vec!["Deployment", "ReplicaSet", "Pod", "Job"]), select(vec!["web", "web-abc12", "web-x"]))
        .prop_map(|(kind, name)| (kind.to_owned(), name.to_owned()));
    let pod = (0..20_u32, 0..5_usize).prop_map(|(number, place)| format!("p{number:02}-{place}"));
    let container = select(vec!["app", "agent", "ap", "web"]).prop_map(str::to_owned);
    let namespace = select(vec!["shop", "shop", "shop-eu", "sho", "default"]).prop_map(str::to_owned);
    (namespace, option::of(owner), option::weighted(0.1, pod), option::of(container), prop::bool::weighted(0.2))
        .prop_map(|(namespace, owner, pod, container, expired)| Exempt { namespace, owner, pod, container, expired })
}

fn question() -> impl Strategy<Value = Question> {
    let excluded =
        select(vec![vec![], vec![], vec!["kube-system"], vec!["kube-*", "default"], vec!["shop"], vec!["shop*"]]);
    (
        select(vec!["effective", "effective", "restricted", "explicit"]),
        select(vec!["ignore", "report", "require", "require"]),
        prop::bool::weighted(0.2),
        excluded,
        prop_oneof![2 => Just(vec![]), 1 => vec(exempt(), 1..3)],
        pods(),
    )
        .prop_map(|(reading, secrets_in_env, include_finished, excluded, exemptions, pods)| Question {
            reading,
            secrets_in_env,
            include_finished,
            excluded,
            exemptions,
            pods,
        })
}

fn exemption_json(exempt: &Exempt) -> Value {
    object(vec![
        ("namespace", Some(json!(exempt.namespace))),
        ("owner", exempt.owner.as_ref().map(|(kind, name)| json!({"kind": kind, "name": name}))),
        ("pod", exempt.pod.as_ref().map(|pod| json!(pod))),
        ("container", exempt.container.as_ref().map(|container| json!(container))),
        ("reason", Some(json!("agreed"))),
        ("expires", Some(json!(if exempt.expired { "2026-11-23" } else { "2026-11-24" }))),
    ])
}

/// What the rule says of the pods in the order given.
fn judged(question: &Question, pods: &[Value]) -> Report {
    let parameters = json!({
        "reading": question.reading,
        "secretsInEnv": question.secrets_in_env,
        "includeFinishedPods": question.include_finished.to_string(),
        "excludedNamespaces": question.excluded.join(","),
    });
    let mut configuration = configuration(RuleName::PrivEscalation, &parameters).unwrap();
    let exemptions: Value = question.exemptions.iter().map(exemption_json).collect();
    configuration.exempt(Exemption::parse_list("exemptions", &exemptions.to_string()).unwrap());
    report_of(&configuration, pods)
}

/// The oracle's findings in the shape of `--output json`, without advice.
fn expected_findings(answer: &Answer) -> Vec<Value> {
    let told = answer.found.iter().map(|((namespace, kind, owner, container, list), found)| {
        let list = list.split(' ').nth(1);
        json!({
            "namespace": namespace, "owner": {"kind": kind, "name": owner}, "pod": found.pods.first(),
            "pods": found.pods.len(), "container": container, "containerKind": list, "reasons": found.reasons,
            "image": null, "source": null, "mirror": found.mirror, "workloads": null,
        })
    });
    told.collect()
}

fn findings(report: &Report) -> Vec<Value> {
    let told = report.findings.iter().map(|finding| {
        assert!(finding.advice.ends_with('.'), "{finding:?}");
        let mut value = serde_json::to_value(finding).unwrap();
        value.as_object_mut().unwrap().remove("advice");
        value
    });
    told.collect()
}

/// How many containers a text says have Secrets in their environment.
fn told_of_secrets(text: &str) -> Option<u64> {
    let told = ["have Secrets in their environment", "has Secrets in its environment"];
    let (before, _) = told.into_iter().find_map(|words| text.split_once(words))?;
    before.rsplit(", ").next()?.split(' ').next()?.parse().ok()
}

#[test]
fn verdicts_are_those_of_the_oracle_in_any_order_of_the_pods() {
    let seen = RefCell::new(BTreeMap::<&str, u32>::new());
    let count = |what: &'static str, happened: bool| {
        *seen.borrow_mut().entry(what).or_default() += u32::from(happened);
    };
    let compare = |question: Question| {
        let answer = oracle::answer(&question);
        let report = judged(&question, &question.pods);
        prop_assert_eq!(findings(&report), expected_findings(&answer));
        let counts = json!({
            "pods": answer.pods, "containers": answer.containers, "namespaces": answer.namespaces.len(),
            "excludedNamespaces": answer.excluded.len(), "finishedPods": answer.finished,
            "exempted": answer.exempted, "findings": answer.found.len(),
        });
        prop_assert_eq!(serde_json::to_value(&report.counts).unwrap(), counts);
        let verdict = if answer.found.is_empty() { "COMPLIANT" } else { "NON_COMPLIANT" };
        prop_assert_eq!(serde_json::to_value(report.compliance_type).unwrap(), verdict);
        let redundant = report.notes.iter().filter(|note| note.contains("redundant")).count();
        prop_assert_eq!(redundant, answer.redundant.len());
        let expired = report.notes.iter().filter(|note| note.contains("expired")).count();
        prop_assert_eq!(expired, question.exemptions.iter().filter(|exempt| exempt.expired).count());
        let in_notes = report.notes.iter().find_map(|note| told_of_secrets(note));
        let told = match question.secrets_in_env {
            "require" => told_of_secrets(&report.annotation).or(in_notes),
            _ => in_notes,
        };
        let expected = Some(answer.with_secrets).filter(|number| *number > 0);
        prop_assert_eq!(told, expected, "{}", report.annotation);
        let with_secrets = if question.secrets_in_env == "require" { answer.with_secrets } else { 0 };
        let number = [answer.escalating, with_secrets, answer.containers].into_iter().find(|number| *number > 0);
        let number = number.unwrap_or_default();
        prop_assert!(report.annotation.starts_with(&format!("{number} ")), "{}", report.annotation);
        let unset = format!("({} lea", answer.unset);
        prop_assert_eq!(report.annotation.contains(&unset), answer.unset > 0, "{}", report.annotation);
        let backwards: Vec<_> = question.pods.iter().rev().cloned().collect();
        prop_assert_eq!(&judged(&question, &backwards), &report, "in the reverse order");
        count("findings", !answer.found.is_empty());
        count("none, of some pods", answer.found.is_empty() && answer.containers > 0);
        count("a finding of several pods", answer.found.values().any(|found| found.pods.len() > 1));
        count("a finding of several reasons", answer.found.values().any(|found| found.reasons.len() > 1));
        count("a static pod", answer.found.values().any(|found| found.mirror));
        count("an exemption", answer.exempted > 0);
        count("a finished pod", answer.finished > 0);
        count("an excluded namespace", !answer.excluded.is_empty());
        count("unset passed", answer.unset > 0);
        count("a note of Secrets", in_notes.is_some());
        for reason in ["AllowPrivilegeEscalation", "Privileged", "SysAdmin", "Unset", "SecretInEnvironment"] {
            count(reason, answer.found.values().any(|found| found.reasons.contains(&reason)));
        }
        Ok(())
    };
    runner(CASES).run(&question(), compare).unwrap();
    for (what, times) in seen.into_inner() {
        eprintln!("{what}: {times} times");
        assert!(times >= 50 || std::env::var("PROPTEST_CASES").is_ok(), "{what}: only {times} times");
    }
}
