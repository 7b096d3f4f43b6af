//! Calico's policies.

use eks_rules::{Kind, Reason};
use serde_json::{Value, json};

use crate::cluster::{found, labelled_namespace, namespace, of_kind, pod, policy, reasons, report, rungs};

const ALL_RUNGS: [&str; 5] = ["any", "covered", "default-deny-ingress", "default-deny-egress", "default-deny"];
const UP_TO_INGRESS: [&str; 3] = ["any", "covered", "default-deny-ingress"];
const UP_TO_EGRESS: [&str; 3] = ["any", "covered", "default-deny-egress"];

fn calico(spec: Value) -> (Kind, Value) {
    of_kind(Kind::CalicoNetworkPolicy, "shop", spec)
}

fn global(spec: Value) -> (Kind, Value) {
    of_kind(Kind::CalicoGlobalNetworkPolicy, "", spec)
}

fn rungs_of(spec: Value) -> Vec<&'static str> {
    rungs(&[namespace("shop"), calico(spec), pod(json!({"app": "web"}))])
}

/// Whether a selector covers a pod with the labels app=web, tier=front.
fn covers(selector: &str) -> bool {
    let objects =
        [namespace("shop"), calico(json!({"selector": selector})), pod(json!({"app": "web", "tier": "front"}))];
    reasons("covered", &objects).is_empty()
}

#[test]
fn a_calico_policy_for_all_pods_without_rules_denies_its_types() {
    for selector in ["all()", "", "  ", "projectcalico.org/orchestrator == 'k8s'"] {
        assert_eq!(rungs_of(json!({"selector": selector, "types": ["Ingress", "Egress"]})), ALL_RUNGS, "{selector}");
        assert_eq!(rungs_of(json!({"selector": selector, "types": ["Ingress"]})), UP_TO_INGRESS, "{selector}");
        assert_eq!(rungs_of(json!({"selector": selector, "types": ["Egress"]})), UP_TO_EGRESS, "{selector}");
    }
    assert_eq!(rungs_of(json!({"types": ["Ingress", "Egress"]})), ALL_RUNGS);
}

#[test]
fn both_of_calicos_groups_count() {
    for kind in [Kind::CalicoStoredNetworkPolicy, Kind::CalicoNetworkPolicy] {
        let deny = of_kind(kind, "shop", json!({"selector": "all()", "types": ["Ingress", "Egress"]}));
        assert_eq!(rungs(&[namespace("shop"), deny, pod(json!({}))]), ALL_RUNGS);
    }
    for kind in [Kind::CalicoStoredGlobalNetworkPolicy, Kind::CalicoGlobalNetworkPolicy] {
        let deny = of_kind(kind, "", json!({"selector": "all()", "types": ["Ingress", "Egress"]}));
        assert_eq!(rungs(&[namespace("shop"), deny, pod(json!({}))]), ALL_RUNGS);
    }
}

#[test]
fn staged_policies_are_of_no_known_kind() {
    for kind in ["StagedNetworkPolicy", "StagedGlobalNetworkPolicy", "StagedKubernetesNetworkPolicy"] {
        assert_eq!(Kind::of("projectcalico.org/v3", kind), None);
        assert_eq!(Kind::of("crd.projectcalico.org/v1", kind), None);
    }
}

#[test]
fn omitted_calico_types_follow_the_rules_that_there_are() {
    let log = json!([{"action": "Log"}]);
    assert_eq!(rungs_of(json!({})), UP_TO_INGRESS);
    assert_eq!(rungs_of(json!({"types": [], "ingress": log})), UP_TO_INGRESS);
    assert_eq!(rungs_of(json!({"egress": log})), UP_TO_EGRESS);
    assert_eq!(rungs_of(json!({"ingress": log, "egress": log})), ALL_RUNGS);
}

#[test]
fn a_calico_default_deny_has_no_allow_or_pass_rule() {
    let ingress = |rules: Value| rungs_of(json!({"types": ["Ingress"], "ingress": rules}));
    assert_eq!(ingress(json!([{"action": "Deny"}, {"action": "Log"}])), UP_TO_INGRESS);
    assert_eq!(ingress(json!([{"action": "Pass"}])), ["any", "covered"]);
    assert_eq!(ingress(json!([{"action": "Allow", "protocol": "TCP"}])), ["any", "covered"]);
    assert_eq!(ingress(json!([{"action": "Deny"}, {"action": "allow"}])), ["any", "covered"]);
    assert_eq!(ingress(json!([{"action": "Nod"}])), ["any", "covered"]);
    assert_eq!(ingress(json!([{}])), ["any", "covered"]);
    let egress = json!({"types": ["Ingress", "Egress"], "egress": [{"action": "Pass"}]});
    assert_eq!(rungs_of(egress), UP_TO_INGRESS);
}

#[test]
fn an_unconditional_allow_for_all_in_any_tier_undoes_a_default_deny_of_any_kind() {
    let core = policy(json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}));
    let own = calico(json!({"selector": "all()", "types": ["Ingress", "Egress"]}));
    for deny in [core, own] {
        for rule in [
            json!({"action": "Allow"}),
            json!({"action": "Allow", "source": {}, "destination": {"ports": []}, "metadata": {"annotations": {"a": "b"}}}),
            json!({"action": "Allow", "source": {"nets": ["0.0.0.0/0"]}}),
        ] {
            for tier in ["", "default", "security"] {
                let allow = calico(json!({"selector": "all()", "types": ["Ingress"], "ingress": [rule], "tier": tier}));
                let objects = [namespace("shop"), deny.clone(), allow];
                assert_eq!(reasons("default-deny", &objects), [Reason::IngressNotDenied], "{rule}");
                let allow = global(json!({"types": ["Ingress"], "ingress": [rule], "tier": tier}));
                let objects = [namespace("shop"), deny.clone(), allow];
                assert_eq!(reasons("default-deny", &objects), [Reason::IngressNotDenied], "{rule}");
            }
        }
        let out = json!([{"action": "Allow", "destination": {"nets": ["::/0"]}}]);
        let allow = calico(json!({"types": ["Egress"], "egress": out}));
        assert_eq!(reasons("default-deny", &[namespace("shop"), deny, allow]), [Reason::EgressNotDenied]);
    }
}

#[test]
fn a_conditional_allow_or_one_for_some_pods_leaves_a_default_deny_as_it_is() {
    let deny = calico(json!({"selector": "all()", "types": ["Ingress", "Egress"]}));
    for rule in [
        json!({"action": "Allow", "protocol": "TCP"}),
        json!({"action": "Allow", "ipVersion": 4}),
        json!({"action": "Allow", "source": {"selector": "app == 'web'"}}),
        json!({"action": "Allow", "source": {"nets": ["10.0.0.0/8"]}}),
        json!({"action": "Allow", "destination": {"ports": [443]}}),
        json!({"action": "Allow", "destination": {"nets": ["0.0.0.0/0"]}}),
        json!({"action": "Allow", "http": {"methods": ["GET"]}}),
        json!({"action": "Deny"}),
    ] {
        let allow = calico(json!({"selector": "all()", "types": ["Ingress"], "ingress": [rule]}));
        assert_eq!(reasons("default-deny", &[namespace("shop"), deny.clone(), allow]), [], "{rule}");
    }
    let some = calico(json!({"selector": "app == 'web'", "ingress": [{"action": "Allow"}]}));
    let inert = calico(json!({"selector": "all()", "types": ["Egress"], "ingress": [{"action": "Allow"}]}));
    let inert_too = calico(json!({"selector": "all()", "types": ["Ingress"], "egress": [{"action": "Allow"}]}));
    let elsewhere = global(json!({"namespaceSelector": "team == 'red'", "ingress": [{"action": "Allow"}]}));
    for allow in [some, inert, inert_too, elsewhere] {
        assert_eq!(reasons("default-deny", &[namespace("shop"), deny.clone(), allow]), []);
    }
}

#[test]
fn calicos_selector_language_is_understood() {
    for selector in [
        "app == 'web'",
        "app==\"web\"",
        "app != 'api'",
        "missing != 'x'",
        "app in {'api', 'web'}",
        "app not in {'api'}",
        "missing not in {'x'}",
        "has(app)",
        "!has(missing)",
        "has( app )",
        "app contains 'e'",
        "app starts with 'w'",
        "app ends with 'b'",
        "app == 'api' || tier == 'front'",
        "app == 'web' && tier == 'front'",
        "app == 'api' && app == 'db' || has(tier)",
        "!(app == 'api' || tier == 'back')",
        "!!has(app)",
        "all()",
        "!global()",
        "projectcalico.org/namespace == 'shop'",
        "pcns.kubernetes.io/metadata.name == 'shop'",
    ] {
        assert!(covers(selector), "{selector}");
    }
    for selector in [
        "app == 'api'",
        "app != 'web'",
        "app in {'api'}",
        "app in {}",
        "app not in {'web', 'api'}",
        "has(missing)",
        "missing == ''",
        "missing contains ''",
        "missing starts with ''",
        "app contains 'x'",
        "app starts with 'e'",
        "app ends with 'w'",
        "app == 'web' && (tier == 'back' || has(missing))",
        "!all()",
        "global()",
        "projectcalico.org/namespace == 'blog'",
        "projectcalico.org/serviceaccount == 'web'",
        "pcsa.team == 'blue'",
        "pcsa.team != 'blue'",
        "!has(projectcalico.org/serviceaccount)",
    ] {
        assert!(!covers(selector), "{selector}");
    }
}

#[test]
fn a_selector_that_does_not_parse_is_noted_and_does_not_count() {
    for (selector, why) in [
        ("app = 'web'", "expected an operator"),
        ("app == web", "expected a text in quotes"),
        ("app == 'web", "expected a text in quotes"),
        ("app in 'web'", "expected \"{\""),
        ("app in {'web'", "expected \"}\""),
        ("(app == 'web'", "expected \")\""),
        ("has(app", "expected \")\""),
        ("has()", "expected a label"),
        ("all() all()", "unexpected"),
        ("app == 'web' &&", "expected a label"),
        ("app == 'web' & has(app)", "unexpected"),
        ("all ()", "expected an operator"),
        ("app ==\n'web'", "expected a text in quotes"),
        ("überall == 'x'", "expected a label"),
    ] {
        let objects = [namespace("shop"), calico(json!({"selector": selector})), pod(json!({"app": "web"}))];
        assert_eq!(reasons("any", &objects), [Reason::NoPolicy], "{selector}");
        let notes = report(&json!({}), &objects).notes;
        let start = format!("Calico NetworkPolicy shop/p: not counted (selector: {why}");
        assert!(notes.iter().any(|note| note.starts_with(&start)), "{selector}: {notes:?}");
    }
}

#[test]
fn a_label_may_be_only_so_long() {
    let counted = |length: usize| {
        let selector = format!("!has({})", "k".repeat(length));
        rungs_of(json!({"selector": selector, "types": ["Ingress"]})).contains(&"covered")
    };
    assert_eq!([1, 511, 512, 513, 600].map(counted), [true, true, true, false, false]);
}

#[test]
fn parentheses_nest_only_so_deep() {
    let nested = |depth| format!("{}all(){}", "(".repeat(depth), ")".repeat(depth));
    assert!(covers(&nested(64)));
    assert!(!covers(&nested(65)));
    assert!(!covers(&nested(100_000)));
    assert!(covers(&format!("{}has(app)", "!".repeat(100_000))));
}

#[test]
fn a_policy_by_service_account_is_in_its_namespace_and_covers_no_pod_for_certain() {
    let spec = json!({"selector": "all()", "serviceAccountSelector": "team == 'blue'", "types": ["Ingress", "Egress"]});
    assert_eq!(rungs_of(spec.clone()), ["any"]);
    let notes = report(&json!({}), &[namespace("shop"), calico(spec)]).notes;
    assert!(notes.iter().any(|note| note.starts_with("Calico NetworkPolicy shop/p: selects by what")), "{notes:?}");
    assert_eq!(rungs_of(json!({"serviceAccountSelector": "all()"})), UP_TO_INGRESS);
}

#[test]
fn a_global_policy_counts_for_the_namespaces_that_it_selects() {
    let blue = || labelled_namespace("shop", json!({"team": "blue"}));
    let deny = |spec: Value| {
        let mut spec = spec;
        spec["types"] = json!(["Ingress", "Egress"]);
        [blue(), global(spec), pod(json!({"app": "web"}))]
    };
    for spec in [
        json!({}),
        json!({"selector": "all()"}),
        json!({"namespaceSelector": "team == 'blue'"}),
        json!({"namespaceSelector": "has(projectcalico.org/name) && projectcalico.org/name not in {'kube-system'}"}),
        json!({"namespaceSelector": "kubernetes.io/metadata.name == 'shop'"}),
        json!({"selector": "projectcalico.org/namespace == 'shop'"}),
        json!({"selector": "pcns.team == 'blue'"}),
        json!({"selector": "projectcalico.org/namespace == 'shop' || app == 'api'"}),
    ] {
        assert_eq!(rungs(&deny(spec.clone())), ALL_RUNGS, "{spec}");
    }
    for spec in [
        json!({"namespaceSelector": "team == 'blue'", "selector": "app == 'web'"}),
        json!({"selector": "projectcalico.org/namespace == 'shop' && app == 'web'"}),
        json!({"selector": "pcns.team != 'red' && (app == 'web' || app == 'api')"}),
    ] {
        assert_eq!(rungs(&deny(spec.clone())), ["any", "covered"], "{spec}");
    }
    for spec in [
        json!({"namespaceSelector": "team == 'red'"}),
        json!({"namespaceSelector": "global()"}),
        json!({"selector": "projectcalico.org/namespace == 'blog'"}),
        json!({"selector": "app == 'web'"}),
        json!({"selector": "projectcalico.org/namespace == 'blog' || app == 'web'"}),
        json!({"namespaceSelector": "all()", "selector": "app == 'web'"}),
    ] {
        assert_eq!(rungs(&deny(spec.clone())), [""; 0], "{spec}");
    }
}

#[test]
fn a_namespace_whose_labels_are_not_known_is_selected_by_none() {
    let deny = global(json!({"namespaceSelector": "team != 'red'"}));
    assert_eq!(reasons("any", &[namespace("shop"), deny.clone()]), []);
    let bare = (Kind::Namespace, json!({"metadata": {"name": "shop"}}));
    assert_eq!(reasons("any", &[bare, deny]), [Reason::NoPolicy]);
}

#[test]
fn a_namespace_selector_is_no_field_of_a_policy_of_one_namespace() {
    assert_eq!(rungs_of(json!({"namespaceSelector": "team == 'red'"})), UP_TO_INGRESS);
}

#[test]
fn a_policy_for_host_endpoints_covers_no_pod() {
    for spec in [json!({"doNotTrack": true}), json!({"preDNAT": true})] {
        let objects = [namespace("shop"), global(spec), pod(json!({"app": "web"}))];
        assert_eq!(rungs(&objects), [""; 0]);
    }
}

#[test]
fn what_calico_makes_of_an_admin_network_policy_does_not_count() {
    for tier in ["adminnetworkpolicy", "baselineadminnetworkpolicy", "kube-admin", "kube-baseline"] {
        let objects = [namespace("shop"), global(json!({"tier": tier, "ingress": [{"action": "Allow"}]}))];
        assert_eq!(reasons("any", &objects), [Reason::NoPolicy]);
        let notes = report(&json!({}), &objects).notes;
        let note = format!("Calico GlobalNetworkPolicy p: not counted (tier {tier})");
        assert!(notes.contains(&note), "{notes:?}");
    }
}

#[test]
fn a_calico_policy_of_another_namespace_never_counts() {
    let deny = of_kind(Kind::CalicoNetworkPolicy, "blog", json!({}));
    assert_eq!(found(&json!({}), &[namespace("shop"), deny]), [("shop".to_owned(), vec![Reason::NoPolicy])]);
}

#[test]
fn a_few_policies_that_do_not_count_are_named_and_the_others_are_counted() {
    let note = |number: usize| {
        let policies: Vec<_> = (0..number)
            .map(|number| of_kind(Kind::CalicoNetworkPolicy, &format!("n{number}"), json!({"selector": "?"})))
            .collect();
        let notes = report(&json!({}), &policies).notes;
        notes.into_iter().find(|note| note.contains(": not counted (selector:")).unwrap()
    };
    let told = |number| note(number).split_once(':').unwrap().0.to_owned();
    assert_eq!(told(1), "Calico NetworkPolicy n0/p");
    assert_eq!(told(5), "Calico NetworkPolicy n0/p, n1/p, n2/p, n3/p, n4/p");
    assert_eq!(told(6), "Calico NetworkPolicy n0/p, n1/p, n2/p, n3/p, n4/p and 1 more");
}
