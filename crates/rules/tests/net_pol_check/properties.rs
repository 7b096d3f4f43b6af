//! The rule against the oracle, on small random clusters.
//!
//! The seed is fixed and said; `EKS_RULES_SEED` (a number) takes another one, `PROPTEST_CASES` another number of cases.

use std::collections::BTreeMap;

use eks_rules::{Kind, Report};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Map, Value, json};

use crate::cluster::{live, manifests, show, start};
use crate::oracle::{self, Answer, Declared, Question, Verdict, World};

const SEED: u64 = 20_261_124;
const CASES: u32 = 10_000;
const NAMES: [&str; 3] = ["a", "b", "c"];

/// A runner with the seed, which it says where a test fails.
fn runner(share: u32) -> TestRunner {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let seed = number("EKS_RULES_SEED").unwrap_or(SEED);
    let cases = number("PROPTEST_CASES").map_or(CASES, |cases| u32::try_from(cases).expect("a small number")) / share;
    eprintln!("EKS_RULES_SEED={seed} PROPTEST_CASES={}", cases * share);
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 20_000, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

fn key() -> impl Strategy<Value = &'static str> + Clone {
    select(vec!["app", "tier"])
}

fn value() -> impl Strategy<Value = &'static str> + Clone {
    select(vec!["x", "y", ""])
}

fn labels() -> impl Strategy<Value = Map<String, Value>> {
    vec((key(), value()), 0..3)
        .prop_map(|pairs| pairs.into_iter().map(|(key, value)| (key.to_owned(), json!(value))).collect())
}

/// A core label selector, in every spelling of the empty one too.
fn label_selector() -> impl Strategy<Value = Value> {
    let expression = (key(), select(vec!["In", "NotIn", "Exists", "DoesNotExist"]), vec(value(), 1..3)).prop_map(
        |(key, operator, values)| {
            if operator.starts_with("In") || operator == "NotIn" {
                json!({"key": key, "operator": operator, "values": values})
            } else {
                json!({"key": key, "operator": operator})
            }
        },
    );
    prop_oneof![
        3 => select(vec![
            json!({}), json!({"matchLabels": {}}), json!({"matchExpressions": []}), json!(null),
            json!({"matchLabels": null, "matchExpressions": null}),
        ]),
        2 => labels().prop_map(|labels| json!({"matchLabels": labels})),
        2 => vec(expression.clone(), 0..3).prop_map(|expressions| json!({"matchExpressions": expressions})),
        1 => (labels(), vec(expression, 1..2))
            .prop_map(|(labels, expressions)| json!({"matchLabels": labels, "matchExpressions": expressions})),
    ]
}

fn core_rule(peers: &'static str) -> impl Strategy<Value = Value> {
    let peer = select(vec![
        json!({"ipBlock": {"cidr": "0.0.0.0/0"}}),
        json!({"ipBlock": {"cidr": "::/0", "except": []}}),
        json!({"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}}),
        json!({"ipBlock": {"cidr": "10.0.0.0/8"}}),
        json!({"podSelector": {}}),
        json!({"namespaceSelector": {"matchLabels": {"team": "blue"}}}),
    ]);
    let ports = select(vec![json!(null), json!([]), json!([{"port": 80}])]);
    (option::of(vec(peer, 0..3)), ports).prop_map(move |(list, ports)| {
        let mut rule = Map::new();
        if let Some(list) = list {
            rule.insert(peers.to_owned(), json!(list));
        }
        if !ports.is_null() {
            rule.insert("ports".to_owned(), ports);
        }
        Value::Object(rule)
    })
}

fn rules<S: Strategy<Value = Value>>(rule: S) -> impl Strategy<Value = Value> {
    prop_oneof![2 => Just(json!(null)), 2 => Just(json!([])), 3 => vec(rule, 1..3).prop_map(|rules| json!(rules))]
}

/// Directions, as a list that may be absent or empty.
fn types() -> impl Strategy<Value = Value> {
    prop_oneof![
        1 => Just(json!(null)),
        3 => subsequence(vec!["Ingress", "Egress"], 0..=2).prop_map(|types| json!(types)),
    ]
}

fn in_namespace(spec: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    (select(NAMES.to_vec()), spec)
        .prop_map(|(namespace, spec)| json!({"metadata": {"name": "p", "namespace": namespace}, "spec": spec}))
}

fn in_cluster(spec: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    spec.prop_map(|spec| json!({"metadata": {"name": "p"}, "spec": spec}))
}

fn core() -> impl Strategy<Value = Value> {
    (label_selector(), types(), rules(core_rule("from")), rules(core_rule("to"))).prop_map(
        |(selector, types, ingress, egress)| {
            json!({"podSelector": selector, "policyTypes": types, "ingress": ingress, "egress": egress})
        },
    )
}

fn cilium_spec() -> impl Strategy<Value = Value> {
    let rule = |direction: &'static str| {
        select(vec![
            json!({}),
            json!({}),
            json!({format!("{direction}Entities"): ["all"]}),
            json!({format!("{direction}Entities"): ["all"], "toPorts": [{"ports": [{"port": "80"}]}]}),
            json!({format!("{direction}Entities"): ["cluster"]}),
            json!({format!("{direction}Endpoints"): [{}]}),
        ])
    };
    let namespaces = select(vec![
        json!(null),
        json!(null),
        json!({"key": "io.kubernetes.pod.namespace", "operator": "In", "values": ["a"]}),
        json!({"key": "k8s:io.kubernetes.pod.namespace", "operator": "In", "values": ["a", "b"]}),
        json!({"key": "k8s:io.kubernetes.pod.namespace", "operator": "NotIn", "values": ["c"]}),
        json!({"k8s:io.kubernetes.pod.namespace": "a"}),
        json!({"io.kubernetes.pod.namespace": "b"}),
    ]);
    let flag = || select(vec![json!(null), json!(null), json!(true), json!(false)]);
    let selector = (label_selector(), namespaces, any::<bool>()).prop_map(|(selector, namespaces, prefixed)| {
        let mut selector = if selector.is_null() { json!({}) } else { selector };
        if prefixed && let Some(labels) = selector["matchLabels"].as_object().cloned() {
            let prefixed: Map<String, Value> =
                labels.into_iter().map(|(key, value)| (format!("k8s:{key}"), value)).collect();
            selector["matchLabels"] = json!(prefixed);
        }
        if namespaces["key"].is_null() {
            let mut labels = selector["matchLabels"].as_object().cloned().unwrap_or_default();
            labels.extend(namespaces.as_object().cloned().unwrap_or_default());
            selector["matchLabels"] = json!(labels);
        } else {
            let mut expressions = selector["matchExpressions"].as_array().cloned().unwrap_or_default();
            expressions.push(namespaces);
            selector["matchExpressions"] = json!(expressions);
        }
        selector
    });
    let deny = || rules(Just(json!({})));
    let lists = (rules(rule("from")), rules(rule("to")), deny(), deny());
    (option::weighted(0.9, selector), lists, flag(), flag()).prop_map(
        |(selector, (ingress, egress, ingress_deny, egress_deny), ingress_flag, egress_flag)| {
            let mut spec = json!({
                "ingress": ingress, "egress": egress, "ingressDeny": ingress_deny, "egressDeny": egress_deny,
                "enableDefaultDeny": {"ingress": ingress_flag, "egress": egress_flag},
            });
            match selector {
                Some(selector) => spec["endpointSelector"] = selector,
                None => spec["nodeSelector"] = json!({}),
            }
            spec
        },
    )
}

/// A policy of Cilium with one spec, several, or both.
fn with_specs(policy: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    (policy, vec(cilium_spec(), 0..2), any::<bool>()).prop_map(|(mut policy, specs, alone)| {
        if alone && !specs.is_empty() {
            policy["spec"] = json!(null);
        }
        policy["specs"] = json!(specs);
        policy
    })
}

/// A selector of Calico: a conjunction of simple terms, which the oracle reads by splitting.
fn calico_selector(keys: Vec<&'static str>, values: Vec<&'static str>) -> impl Strategy<Value = String> {
    let term =
        (select(keys), select(values.clone()), select(values), 0..6_u8).prop_map(|(key, value, other, shape)| {
            match shape {
                0 => format!("{key} == '{value}'"),
                1 => format!("{key} != '{value}'"),
                2 => format!("{key} in {{'{value}', '{other}'}}"),
                3 => format!("{key} not in {{'{value}', '{other}'}}"),
                4 => format!("has({key})"),
                _ => format!("!has({key})"),
            }
        });
    prop_oneof![
        1 => Just(String::new()),
        1 => Just("all()".to_owned()),
        3 => vec(term, 1..3).prop_map(|terms| terms.join(" && ")),
    ]
}

fn calico() -> impl Strategy<Value = Value> {
    let rule = |far: &'static str| {
        select(vec![
            json!({"action": "Allow"}),
            json!({"action": "Allow", far: {}}),
            json!({"action": "Allow", "protocol": "TCP"}),
            json!({"action": "Allow", far: {"selector": "app == 'x'"}}),
            json!({"action": "Deny"}),
            json!({"action": "Log"}),
            json!({"action": "Pass"}),
        ])
    };
    let pods = calico_selector(vec!["app", "tier"], vec!["x", "y", ""]);
    let where_pods_are = calico_selector(vec!["projectcalico.org/namespace"], vec!["a", "b"]);
    let selector = (pods, option::weighted(0.3, where_pods_are)).prop_map(|(pods, namespaces)| match namespaces {
        Some(namespaces) if namespaces.is_empty() || pods.is_empty() => format!("{pods}{namespaces}"),
        Some(namespaces) => format!("{pods} && {namespaces}"),
        None => pods,
    });
    let namespaces =
        calico_selector(vec!["team", "projectcalico.org/name", "kubernetes.io/metadata.name"], vec!["blue", "a", "b"]);
    (selector, namespaces, types(), rules(rule("source")), rules(rule("destination"))).prop_map(
        |(selector, namespaces, types, ingress, egress)| {
            json!({
                "selector": selector, "namespaceSelector": namespaces, "types": types,
                "ingress": ingress, "egress": egress,
            })
        },
    )
}

fn pod() -> impl Strategy<Value = Value> {
    let phase = select(vec!["Running", "Running", "Running", "Pending", "Succeeded", "Failed"]);
    let owner = select(vec![
        json!([]),
        json!([{"kind": "ReplicaSet", "name": "web-5d8f7c9b4", "controller": true}]),
        json!([{"kind": "Job", "name": "nightly", "controller": true}]),
    ]);
    let name = select(vec!["web-5d8f7c9b4-x", "web-5d8f7c9b4-y"]);
    let host = prop::bool::weighted(0.15);
    (select(NAMES.to_vec()), labels(), phase, owner, name, host).prop_map(
        |(namespace, mut labels, phase, owner, name, host)| {
            if owner[0]["kind"] == "ReplicaSet" {
                labels.insert("pod-template-hash".to_owned(), json!("5d8f7c9b4"));
            }
            json!({
                "metadata": {"name": name, "namespace": namespace, "labels": labels, "ownerReferences": owner},
                "spec": {"hostNetwork": host, "containers": [{"name": "app"}]},
                "status": {"phase": phase},
            })
        },
    )
}

fn namespaces() -> impl Strategy<Value = Vec<Declared>> {
    let team = select(vec![None, Some("blue"), Some("red")]);
    let one = (team, select(vec![5, 500]), prop::bool::weighted(0.15), prop::bool::weighted(0.9));
    vec(one, NAMES.len()).prop_map(|all| {
        let named = NAMES.iter().zip(all).filter(|(_, (.., declared))| *declared);
        named
            .map(|(name, (team, age, terminating, _))| {
                let mut labels = Map::new();
                labels.insert("kubernetes.io/metadata.name".to_owned(), json!(name));
                labels.extend(team.map(|team| ("team".to_owned(), json!(team))));
                Declared { name: (*name).to_owned(), labels, age_seconds: age, terminating }
            })
            .collect()
    })
}

fn question() -> impl Strategy<Value = Question> {
    let rungs = vec!["any", "covered", "default-deny-ingress", "default-deny-egress", "default-deny"];
    let excluded = prop_oneof![3 => Just(vec![]), 1 => Just(vec!["b".to_owned()])];
    (select(rungs), excluded, prop::bool::weighted(0.2), select(vec![0, 60]), prop::bool::weighted(0.9)).prop_map(
        |(requires, excluded, include_finished, grace_seconds, count_cni)| Question {
            requires: requires.to_owned(),
            excluded,
            include_finished,
            grace_seconds,
            count_cni,
        },
    )
}

fn core_world() -> impl Strategy<Value = World> {
    (namespaces(), vec(in_namespace(core()), 0..5), vec(pod(), 0..7)).prop_map(|(namespaces, core, pods)| World {
        namespaces,
        core,
        pods,
        ..World::default()
    })
}

fn world() -> impl Strategy<Value = World> {
    let cilium = vec(with_specs(in_namespace(cilium_spec())), 0..3);
    let clusterwide = vec(with_specs(in_cluster(cilium_spec())), 0..3);
    let calico_policies = vec(in_namespace(calico()), 0..3);
    let global = vec(in_cluster(calico()), 0..3);
    (core_world(), cilium, clusterwide, calico_policies, global)
        .prop_map(|(world, cilium, clusterwide, calico, global)| World { cilium, clusterwide, calico, global, ..world })
}

/// The objects of a world, kind by kind as a reader lists them.
fn objects(world: &World) -> Vec<(Kind, Value)> {
    let now: jiff::Timestamp = crate::cluster::NOW.parse().unwrap();
    let namespace = |Declared { name, labels, age_seconds, terminating }: &Declared| {
        let created = (now - jiff::SignedDuration::from_secs(*age_seconds)).to_string();
        let phase = if *terminating { "Terminating" } else { "Active" };
        json!({
            "metadata": {"name": name, "labels": labels, "creationTimestamp": created},
            "status": {"phase": phase},
        })
    };
    let namespaces: Vec<Value> = world.namespaces.iter().map(namespace).collect();
    [
        (Kind::Namespace, &namespaces),
        (Kind::NetworkPolicy, &world.core),
        (Kind::CiliumNetworkPolicy, &world.cilium),
        (Kind::CiliumClusterwideNetworkPolicy, &world.clusterwide),
        (Kind::CalicoNetworkPolicy, &world.calico),
        (Kind::CalicoGlobalNetworkPolicy, &world.global),
        (Kind::Pod, &world.pods),
    ]
    .into_iter()
    .flat_map(|(kind, values)| values.iter().map(move |value| (kind, value.clone())))
    .collect()
}

fn parameters(question: &Question) -> Value {
    json!({
        "requires": question.requires,
        "excludedNamespaces": question.excluded.join(","),
        "includeFinishedPods": question.include_finished.to_string(),
        "graceSeconds": question.grace_seconds.to_string(),
        "cniPolicies": if question.count_cni { "count" } else { "ignore" },
    })
}

/// What the rule says, in the oracle's words.
fn verdict_of(report: &Report) -> Verdict {
    let findings: Answer = report
        .findings
        .iter()
        .map(|finding| {
            let workloads = finding.workloads.iter().flatten();
            let uncovered: BTreeMap<String, u64> =
                workloads.map(|one| (format!("{}/{}", one.kind, one.name), one.pods)).collect();
            assert_eq!(finding.pods.unwrap_or(0), uncovered.values().sum::<u64>());
            let reasons = finding.reasons.iter().map(|reason| format!("{reason:?}")).collect();
            (finding.namespace.clone().unwrap(), (reasons, uncovered))
        })
        .collect();
    let idle = report.notes.iter().filter_map(|note| note.strip_prefix("policies select no pod in "));
    let idle = idle
        .flat_map(|rest| rest.split_once(": ").unwrap().1.split(", ").map(str::to_owned).collect::<Vec<_>>())
        .collect();
    Verdict { findings, namespaces: report.counts.namespaces, idle }
}

#[track_caller]
fn agrees(question: &Question, world: &World, order: &[Index]) -> Result<(), TestCaseError> {
    let expected = oracle::judge(question, world);
    let mut objects = objects(world);
    let parameters = parameters(question);
    let mut judge = start(&parameters, &live());
    show(&mut judge, &objects);
    prop_assert_eq!(&verdict_of(&judge.report()), &expected, "live");
    for index in 0..objects.len() {
        let other = order[index % order.len()].index(objects.len());
        objects.swap(index, other);
    }
    let mut judge = start(&parameters, &manifests());
    show(&mut judge, &objects);
    prop_assert_eq!(&verdict_of(&judge.report()), &expected, "manifests in any order");
    Ok(())
}

#[test]
fn the_rule_agrees_with_the_oracle_on_core_policies() {
    let order = vec(any::<Index>(), 8);
    let result =
        runner(2).run(&(question(), core_world(), order), |(question, world, order)| agrees(&question, &world, &order));
    result.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn the_rule_agrees_with_the_oracle_on_policies_of_all_kinds() {
    let order = vec(any::<Index>(), 8);
    let result =
        runner(2).run(&(question(), world(), order), |(question, world, order)| agrees(&question, &world, &order));
    result.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn a_higher_rung_is_never_ok_where_a_lower_one_is_not() {
    // Rungs by number, and which is above which; the default-deny rungs for one direction are side by side.
    const RUNGS: [&str; 5] = ["any", "covered", "default-deny-ingress", "default-deny-egress", "default-deny"];
    const ABOVE: [(usize, usize); 6] = [(1, 0), (2, 0), (3, 0), (4, 0), (4, 2), (4, 3)];
    let result = runner(10).run(&(question(), world()), |(question, world)| {
        let objects = objects(&world);
        let found = RUNGS.map(|rung| {
            let question = Question { requires: rung.to_owned(), ..question.clone() };
            let mut judge = start(&parameters(&question), &live());
            show(&mut judge, &objects);
            verdict_of(&judge.report()).findings
        });
        for (higher, lower) in ABOVE {
            let found_above = |namespace| found[higher].contains_key(namespace);
            prop_assert!(found[lower].keys().all(found_above), "{} and {}", RUNGS[higher], RUNGS[lower]);
        }
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}
