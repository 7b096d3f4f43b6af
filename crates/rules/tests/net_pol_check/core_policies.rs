//! The rungs of the ladder and the table of cases, for core network policies.

use eks_rules::{Kind, Reason};
use serde_json::{Value, json};

use crate::cluster::{
    found, host_network_pod, namespace, of_kind, only, pod, policy, policy_in, reasons, report, rungs,
};

const ALL_RUNGS: [&str; 5] = ["any", "covered", "default-deny-ingress", "default-deny-egress", "default-deny"];
const UP_TO_INGRESS: [&str; 3] = ["any", "covered", "default-deny-ingress"];
const UP_TO_EGRESS: [&str; 3] = ["any", "covered", "default-deny-egress"];

/// The rungs of `shop` with a pod and one policy for every pod, with these further fields.
fn rungs_of(further: Value) -> Vec<&'static str> {
    let mut spec = json!({"podSelector": {}});
    spec.as_object_mut().unwrap().extend(further.as_object().unwrap().clone());
    rungs(&[namespace("shop"), policy(spec), pod(json!({"app": "web"}))])
}

/// Whether a selector covers a pod with these labels.
fn covers(selector: Value, labels: Value) -> bool {
    reasons("covered", &[namespace("shop"), policy(json!({"podSelector": selector})), pod(labels)]).is_empty()
}

#[test]
fn a_namespace_with_pods_and_without_a_policy_is_found_on_every_rung() {
    let objects = [namespace("shop"), pod(json!({"app": "web"}))];
    assert_eq!(rungs(&objects), [""; 0]);
    assert_eq!(reasons("any", &objects), [Reason::NoPolicy]);
}

#[test]
fn a_namespace_without_pods_is_judged() {
    assert_eq!(reasons("any", &[namespace("shop")]), [Reason::NoPolicy]);
    assert_eq!(reasons("covered", &[namespace("shop")]), [Reason::NoPolicy]);
}

#[test]
fn one_policy_whatever_it_says_is_enough_for_any() {
    let allow_all = policy(json!({"podSelector": {"matchLabels": {"app": "api"}}, "ingress": [{}]}));
    assert_eq!(rungs(&[namespace("shop"), allow_all, pod(json!({"app": "web"}))]), ["any"]);
}

#[test]
fn covered_wants_every_pod_selected_and_names_the_workloads_that_are_not() {
    let mut job = pod(json!({"app": "batch"}));
    job.1["metadata"]["ownerReferences"][0] = json!({"kind": "Job", "name": "nightly", "controller": true});
    let web = policy(json!({"podSelector": {"matchLabels": {"tier": "front"}}}));
    let covered = pod(json!({"app": "web", "tier": "front"}));
    let uncovered = pod(json!({"app": "web"}));
    let objects = [namespace("shop"), web, covered, uncovered.clone(), job, uncovered];
    let report = report(&json!({"requires": "covered"}), &objects);
    let finding = only(&report);
    assert_eq!(finding.reasons, [Reason::UncoveredPods]);
    assert_eq!(finding.pods, Some(3));
    let workloads: Vec<_> = finding
        .workloads
        .as_ref()
        .unwrap()
        .iter()
        .map(|workload| (workload.kind.as_str(), workload.name.as_str(), workload.pods))
        .collect();
    assert_eq!(workloads, [("Deployment", "web", 2), ("Job", "nightly", 1)]);
    assert_eq!((&finding.owner, &finding.pod, &finding.container, finding.mirror), (&None, &None, &None, None));
}

#[test]
fn covered_may_be_had_from_several_policies() {
    let objects = [
        namespace("shop"),
        policy(json!({"podSelector": {"matchLabels": {"app": "web"}}})),
        policy(json!({"podSelector": {"matchLabels": {"app": "api"}}})),
        pod(json!({"app": "web"})),
        pod(json!({"app": "api"})),
    ];
    assert_eq!(rungs(&objects), ["any", "covered"]);
}

#[test]
fn a_finding_has_all_reasons_of_its_namespace_in_their_order() {
    let objects = [namespace("shop"), pod(json!({"app": "web"}))];
    assert_eq!(reasons("covered", &objects), [Reason::NoPolicy, Reason::UncoveredPods]);
    let all = [Reason::NoPolicy, Reason::IngressNotDenied, Reason::EgressNotDenied];
    assert_eq!(reasons("default-deny", &objects), all);
    assert_eq!(reasons("default-deny-ingress", &objects), all[..2]);
    assert_eq!(reasons("default-deny-egress", &objects), [Reason::NoPolicy, Reason::EgressNotDenied]);
}

#[test]
fn a_selector_is_empty_in_every_spelling() {
    for selector in [
        json!({}),
        json!({"matchLabels": {}}),
        json!({"matchExpressions": []}),
        json!({"matchLabels": null}),
        json!(null),
    ] {
        let spec = json!({"podSelector": selector, "policyTypes": ["Ingress", "Egress"]});
        let objects = [namespace("shop"), policy(spec), pod(json!({"app": "web"}))];
        assert_eq!(rungs(&objects), ALL_RUNGS, "{selector}");
    }
    let absent = [namespace("shop"), policy(json!({"policyTypes": ["Ingress", "Egress"]})), pod(json!({}))];
    assert_eq!(rungs(&absent), ALL_RUNGS);
}

#[test]
fn match_labels_want_every_label_with_its_value() {
    let selector = json!({"matchLabels": {"app": "web", "tier": "front"}});
    assert!(covers(selector.clone(), json!({"app": "web", "tier": "front", "more": "x"})));
    assert!(!covers(selector.clone(), json!({"app": "web"})));
    assert!(!covers(selector, json!({"app": "web", "tier": "back"})));
}

#[test]
fn match_expressions_have_their_full_semantics() {
    let one = |operator: &str, values: Value| json!({"matchExpressions": [{"key": "app", "operator": operator, "values": values}]});
    let both = json!(["web", "api"]);
    assert!(covers(one("In", both.clone()), json!({"app": "api"})));
    assert!(!covers(one("In", both.clone()), json!({"app": "db"})));
    assert!(!covers(one("In", both.clone()), json!({})));
    assert!(!covers(one("NotIn", both.clone()), json!({"app": "api"})));
    assert!(covers(one("NotIn", both.clone()), json!({"app": "db"})));
    assert!(covers(one("Exists", json!(null)), json!({"app": ""})));
    assert!(!covers(one("Exists", json!(null)), json!({})));
    assert!(!covers(one("DoesNotExist", json!([])), json!({"app": "x"})));
}

#[test]
fn not_in_and_does_not_exist_match_a_pod_without_the_label() {
    let not_in = json!({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]});
    let does_not_exist = json!({"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]});
    assert!(covers(not_in, json!({})));
    assert!(covers(does_not_exist, json!({})));
}

#[test]
fn labels_and_expressions_must_all_hold() {
    let selector = json!({
        "matchLabels": {"app": "web"},
        "matchExpressions": [
            {"key": "tier", "operator": "In", "values": ["front"]},
            {"key": "canary", "operator": "DoesNotExist"},
        ],
    });
    assert!(covers(selector.clone(), json!({"app": "web", "tier": "front"})));
    assert!(!covers(selector.clone(), json!({"app": "web", "tier": "front", "canary": "yes"})));
    assert!(!covers(selector, json!({"app": "api", "tier": "front"})));
}

#[test]
fn a_requirement_that_the_api_refuses_covers_nothing_and_is_noted() {
    for (operator, values) in [("Contains", json!(["web"])), ("In", json!([])), ("NotIn", json!([]))] {
        let selector = json!({"matchExpressions": [{"key": "app", "operator": operator, "values": values}]});
        assert!(!covers(selector.clone(), json!({"app": "web"})), "{operator}");
        let objects = [namespace("shop"), policy(json!({"podSelector": selector}))];
        let notes = report(&json!({}), &objects).notes;
        let note = "NetworkPolicy shop/p: selects by what is not known here, so that it covers no pod for certain";
        assert!(notes.iter().any(|known| known == note), "{notes:?}");
    }
}

#[test]
fn omitted_policy_types_are_ingress_always_and_egress_where_there_is_an_egress_rule() {
    assert_eq!(rungs_of(json!({})), UP_TO_INGRESS);
    assert_eq!(rungs_of(json!({"policyTypes": null})), UP_TO_INGRESS);
    assert_eq!(rungs_of(json!({"policyTypes": [], "egress": []})), UP_TO_INGRESS);
    // An egress rule isolates egress, but it lets something through, so that nothing is denied by default.
    let dns = json!([{"ports": [{"port": 53, "protocol": "UDP"}]}]);
    assert_eq!(rungs_of(json!({"egress": dns})), UP_TO_INGRESS);
}

#[test]
fn an_omitted_policy_type_of_egress_counts_for_an_allow_all_rule() {
    let deny = policy(json!({"podSelector": {}, "policyTypes": ["Egress"]}));
    let objects = |further: Value| [namespace("shop"), deny.clone(), policy(further)];
    assert_eq!(reasons("default-deny-egress", &objects(json!({"egress": [{}]}))), [Reason::EgressNotDenied]);
    let inert = json!({"policyTypes": ["Ingress"], "egress": [{}]});
    assert_eq!(reasons("default-deny-egress", &objects(inert)), []);
}

#[test]
fn an_absent_or_empty_ingress_denies_ingress_where_ingress_is_in_the_types() {
    for further in [json!({}), json!({"ingress": []}), json!({"ingress": null})] {
        let mut spec = further.clone();
        spec["policyTypes"] = json!(["Ingress"]);
        assert_eq!(rungs_of(spec), UP_TO_INGRESS, "{further}");
    }
    assert_eq!(rungs_of(json!({"ingress": [], "policyTypes": ["Egress"]})), UP_TO_EGRESS);
}

#[test]
fn egress_mirrors_ingress() {
    for further in [json!({}), json!({"egress": []}), json!({"egress": null})] {
        let mut spec = further.clone();
        spec["policyTypes"] = json!(["Egress"]);
        assert_eq!(rungs_of(spec), UP_TO_EGRESS, "{further}");
    }
    let somewhere = json!([{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]);
    assert_eq!(rungs_of(json!({"policyTypes": ["Egress"], "egress": somewhere})), ["any", "covered"]);
}

#[test]
fn a_policy_that_denies_one_direction_does_not_deny_the_other() {
    assert_eq!(rungs_of(json!({"policyTypes": ["Ingress"]})), UP_TO_INGRESS);
    assert_eq!(rungs_of(json!({"policyTypes": ["Egress"]})), UP_TO_EGRESS);
    assert_eq!(rungs_of(json!({"policyTypes": ["Ingress", "Egress"]})), ALL_RUNGS);
}

#[test]
fn default_deny_may_be_had_from_several_policies() {
    let one = policy(json!({"podSelector": {}, "policyTypes": ["Ingress"]}));
    let other = policy(json!({"podSelector": {}, "policyTypes": ["Egress"]}));
    assert_eq!(rungs(&[namespace("shop"), one, other]), ALL_RUNGS);
}

#[test]
fn a_default_deny_for_some_pods_is_none_for_the_namespace() {
    let spec = json!({"podSelector": {"matchLabels": {"app": "web"}}, "policyTypes": ["Ingress", "Egress"]});
    assert_eq!(rungs(&[namespace("shop"), policy(spec), pod(json!({"app": "web"}))]), ["any", "covered"]);
}

/// Rules that allow all ingress.
fn everything(peers: &str) -> Vec<Value> {
    vec![
        json!({}),
        json!(null),
        json!({peers: []}),
        json!({peers: null, "ports": []}),
        json!({peers: [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}),
        json!({peers: [{"ipBlock": {"cidr": "::/0", "except": []}}], "ports": []}),
        json!({peers: [{"podSelector": {}}, {"ipBlock": {"cidr": "0.0.0.0/0", "except": null}}]}),
        json!({peers: [{"ipBlock": {"cidr": "10.0.0.0/0"}}]}),
        json!({peers: [{"ipBlock": {"cidr": "0:0:0:0:0:0:0:0/0"}}]}),
    ]
}

/// Rules that allow less than everything.
fn less(peers: &str) -> Vec<Value> {
    vec![
        json!({peers: [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.169.254/32"]}}]}),
        json!({peers: [{"ipBlock": {"cidr": "0.0.0.0/0"}}], "ports": [{"port": 443}]}),
        json!({peers: [{"ipBlock": {"cidr": "0.0.0.0/1"}}]}),
        json!({peers: [{"ipBlock": {"cidr": "::/1"}}]}),
        json!({peers: [{"namespaceSelector": {}}]}),
        json!({peers: [{"podSelector": {}}]}),
        json!({"ports": [{"port": 80}]}),
        json!({"ports": [{}]}),
    ]
}

#[test]
fn a_rule_for_everything_undoes_a_default_deny_since_policies_add_up() {
    let deny = policy(json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}));
    for rule in everything("from") {
        let allow = policy(json!({"podSelector": {}, "ingress": [rule]}));
        let objects = [namespace("shop"), deny.clone(), allow];
        assert_eq!(reasons("default-deny", &objects), [Reason::IngressNotDenied], "{rule}");
        assert_eq!(reasons("default-deny-egress", &objects), [], "{rule}");
    }
    for rule in everything("to") {
        let allow = policy(json!({"podSelector": {}, "policyTypes": ["Egress"], "egress": [rule]}));
        let objects = [namespace("shop"), deny.clone(), allow];
        assert_eq!(reasons("default-deny", &objects), [Reason::EgressNotDenied], "{rule}");
        assert_eq!(reasons("default-deny-ingress", &objects), [], "{rule}");
    }
}

#[test]
fn a_rule_for_less_than_everything_leaves_a_default_deny_as_it_is() {
    let deny = policy(json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}));
    let ingress = less("from").into_iter().map(|rule| json!({"podSelector": {}, "ingress": [rule]}));
    let egress =
        less("to").into_iter().map(|rule| json!({"podSelector": {}, "policyTypes": ["Egress"], "egress": [rule]}));
    for spec in ingress.chain(egress) {
        let objects = [namespace("shop"), deny.clone(), policy(spec.clone())];
        assert_eq!(reasons("default-deny", &objects), [], "{spec}");
    }
}

#[test]
fn a_policy_that_allows_something_is_no_default_deny_by_itself() {
    let rules = everything("from").into_iter().chain(less("from"));
    for rule in rules {
        assert_eq!(rungs_of(json!({"ingress": [rule]})), ["any", "covered"], "{rule}");
    }
}

#[test]
fn a_peer_list_of_the_other_direction_is_no_field_of_a_rule() {
    let deny = policy(json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}));
    let narrow = json!([{"ipBlock": {"cidr": "10.0.0.0/8"}}]);
    let allow = policy(json!({"podSelector": {}, "ingress": [{"to": narrow}]}));
    assert_eq!(reasons("default-deny", &[namespace("shop"), deny, allow]), [Reason::IngressNotDenied]);
}

#[test]
fn rules_of_a_direction_that_is_not_in_the_types_are_inert() {
    assert_eq!(rungs_of(json!({"policyTypes": ["Egress"], "ingress": [{}]})), UP_TO_EGRESS);
    let deny = policy(json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}));
    let inert = policy(json!({"podSelector": {}, "policyTypes": ["Egress"], "ingress": [{}]}));
    assert_eq!(reasons("default-deny", &[namespace("shop"), deny, inert]), []);
}

#[test]
fn a_policy_of_another_namespace_never_counts() {
    let deny = policy_in("blog", json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}));
    let objects = [namespace("shop"), namespace("blog"), deny, pod(json!({"app": "web"}))];
    assert_eq!(rungs(&objects), [""; 0]);
    assert_eq!(found(&json!({}), &objects), [("shop".to_owned(), vec![Reason::NoPolicy])]);
}

#[test]
fn an_allow_all_of_another_namespace_undoes_nothing() {
    let deny = policy(json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}));
    let deny_blog = policy_in("blog", json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}));
    let allow = policy_in("blog", json!({"podSelector": {}, "ingress": [{}]}));
    let found = found(&json!({"requires": "default-deny"}), &[namespace("shop"), deny, deny_blog, allow]);
    assert_eq!(found, [("blog".to_owned(), vec![Reason::IngressNotDenied])]);
}

#[test]
fn an_allow_all_for_some_pods_is_an_exception_and_default_deny_holds() {
    let deny = policy(json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}));
    let selector = json!({"matchLabels": {"app": "web"}});
    let allow = policy(json!({"podSelector": selector, "ingress": [{}], "egress": [{}]}));
    assert_eq!(rungs(&[namespace("shop"), deny, allow, pod(json!({"app": "web"}))]), ALL_RUNGS);
}

#[test]
fn a_policy_that_selects_no_pod_is_noted_under_any_and_not_enough_for_covered() {
    let spec = json!({"podSelector": {"matchLabels": {"app": "gone"}}});
    let objects = [namespace("shop"), policy(spec), pod(json!({"app": "web"})), pod(json!({"app": "api"}))];
    assert_eq!(rungs(&objects), ["any"]);
    assert_eq!(reasons("covered", &objects), [Reason::UncoveredPods]);
    let note = "policies select no pod in 1 namespace: shop";
    for notes in [
        report(&json!({}), &objects).notes,
        crate::cluster::report_of_manifests(&json!({}), &objects).notes,
        crate::cluster::report_of_manifests(&json!({}), objects.iter().rev()).notes,
    ] {
        assert!(notes.iter().any(|known| known == note), "{notes:?}");
    }
}

#[test]
fn a_policy_that_comes_after_the_pods_is_never_said_to_select_none_of_them() {
    let selector = json!({"podSelector": {"matchLabels": {"app": "web"}}});
    let objects = [namespace("shop"), pod(json!({"app": "web"})), policy(selector)];
    let mut judge = crate::cluster::start(&json!({"enforcement": "ignore"}), &crate::cluster::live());
    crate::cluster::show(&mut judge, &objects);
    assert_eq!(judge.report().notes, [""; 0]);
}

#[test]
fn there_is_no_such_note_where_a_policy_selects_a_pod_or_there_is_none_to_select() {
    let spec = json!({"podSelector": {"matchLabels": {"app": "web"}}});
    let selected = [namespace("shop"), policy(spec), pod(json!({"app": "api"})), pod(json!({"app": "web"}))];
    let empty = [selected[0].clone(), selected[1].clone()];
    let host = [selected[0].clone(), selected[1].clone(), host_network_pod()];
    for objects in [&selected[..], &empty, &host, &selected[..1]] {
        for report in
            [report(&json!({}), objects), crate::cluster::report_of_manifests(&json!({}), objects.iter().rev())]
        {
            assert!(!report.notes.iter().any(|note| note.contains("select no pod")), "{:?}", report.notes);
        }
    }
}

#[test]
fn the_default_deny_rungs_judge_the_policies_and_not_the_pods() {
    let none = json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]});
    assert_eq!(rungs(&[namespace("shop"), policy(none)]), ALL_RUNGS);
}

#[test]
fn a_pod_on_the_host_network_is_not_counted_against_and_is_reported() {
    let some = policy(json!({"podSelector": {"matchLabels": {"app": "web"}}}));
    let objects = [namespace("shop"), some, host_network_pod(), host_network_pod(), pod(json!({"app": "web"}))];
    assert_eq!(rungs(&objects), ["any", "covered"]);
    let notes = report(&json!({"requires": "covered"}), &objects).notes;
    assert!(notes.iter().any(|note| note == "2 hostNetwork pods cannot be covered"), "{notes:?}");
}

#[test]
fn a_network_policy_of_another_group_is_no_core_policy() {
    assert_eq!(Kind::of("projectcalico.org/v3", "NetworkPolicy"), Some(Kind::CalicoNetworkPolicy));
    assert_eq!(Kind::of("crd.projectcalico.org/v1", "NetworkPolicy"), Some(Kind::CalicoStoredNetworkPolicy));
    let calico = of_kind(Kind::CalicoNetworkPolicy, "shop", json!({"selector": "all()"}));
    let parameters = json!({"cniPolicies": "ignore"});
    assert_eq!(found(&parameters, &[namespace("shop"), calico]), [("shop".to_owned(), vec![Reason::NoPolicy])]);
}

#[test]
fn findings_are_in_the_order_of_their_namespaces() {
    let found = found(&json!({}), &[namespace("c"), namespace("a"), namespace("b")]);
    assert_eq!(found.into_iter().map(|(namespace, _)| namespace).collect::<Vec<_>>(), ["a", "b", "c"]);
}

/// The policies that a finding names as open, as (kind, name, lists in which nothing else stands).
#[track_caller]
fn open(requires: &str, policies: &[(Kind, Value)]) -> Vec<(&'static str, String, Vec<&'static str>)> {
    let mut objects = vec![namespace("shop")];
    objects.extend_from_slice(policies);
    let report = report(&json!({"requires": requires}), &objects);
    let open = only(&report).open_policies.clone();
    open.into_iter().map(|policy| (policy.kind, policy.name, policy.only_open)).collect()
}

fn named(name: &str, spec: &Value) -> (Kind, Value) {
    let (kind, mut value) = policy(spec.clone());
    value["metadata"]["name"] = json!(name);
    (kind, value)
}

#[test]
fn a_finding_names_the_policies_that_let_everything_through() {
    let both = json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [{}], "egress": [{}]});
    let core = |name: &str, only: &[&'static str]| ("NetworkPolicy", name.to_owned(), only.to_vec());
    assert_eq!(open("default-deny", &[policy(both.clone())]), [core("p", &["ingress", "egress"])]);
    assert_eq!(open("default-deny-ingress", &[policy(both.clone())]), [core("p", &["ingress"])]);
    assert_eq!(open("default-deny-egress", &[policy(both.clone())]), [core("p", &["egress"])]);
    let mixed = json!({"podSelector": {}, "ingress": [{}, {"ports": [{"port": 80}]}]});
    assert_eq!(open("default-deny-ingress", &[policy(mixed)]), [core("p", &[])]);
    let mixed = json!({"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}, {"ports": [{"port": 53}]}]});
    assert_eq!(open("default-deny-egress", &[policy(mixed)]), [core("p", &[])]);
    let deny = json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]});
    assert_eq!(
        open("default-deny", &[named("b", &both), named("deny", &deny), named("a", &both)]),
        [core("a", &["ingress", "egress"]), core("b", &["ingress", "egress"])]
    );
}

#[test]
fn a_policy_that_is_open_for_some_pods_or_where_nothing_is_asked_is_not_named() {
    let some = json!({"podSelector": {"matchLabels": {"app": "web"}}, "ingress": [{}]});
    assert_eq!(open("default-deny-ingress", &[policy(some.clone())]), []);
    let egress = json!({"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]});
    assert_eq!(open("default-deny-ingress", &[policy(egress.clone())]), []);
    assert_eq!(open("default-deny", &[policy(json!({"podSelector": {}}))]), []);
    // Nor beside one that is named.
    let every = json!({"podSelector": {}, "ingress": [{}]});
    assert_eq!(
        open("default-deny-ingress", &[policy(every), named("some", &some), named("egress", &egress)]),
        [("NetworkPolicy", "p".to_owned(), vec!["ingress"])]
    );
}

#[test]
fn an_open_policy_of_another_kind_is_named_and_its_lists_are_not() {
    let cilium = json!({"endpointSelector": {}, "ingress": [{"fromEntities": ["all"]}]});
    let clusterwide = json!({"endpointSelector": {}, "ingress": [{"fromEntities": ["all"]}]});
    let policies = [
        of_kind(Kind::CiliumNetworkPolicy, "shop", cilium),
        of_kind(Kind::CiliumClusterwideNetworkPolicy, "", clusterwide),
    ];
    assert_eq!(
        open("default-deny-ingress", &policies),
        [("CiliumClusterwideNetworkPolicy", "p".to_owned(), vec![]), ("CiliumNetworkPolicy", "p".to_owned(), vec![])]
    );
}
