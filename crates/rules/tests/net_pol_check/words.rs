//! The words of the annotation and of the advice.

use serde_json::{Value, json};

use crate::cluster::{namespace, only, pod, policy, policy_in, report};

fn annotation(requires: &str, objects: &[(eks_rules::Kind, Value)]) -> String {
    report(&json!({"requires": requires, "enforcement": "ignore"}), objects).annotation
}

fn advice(requires: &str, objects: &[(eks_rules::Kind, Value)]) -> String {
    only(&report(&json!({"requires": requires}), objects)).advice.clone()
}

#[test]
fn the_annotation_says_what_was_judged() {
    let deny = policy(json!({"policyTypes": ["Ingress", "Egress"]}));
    let objects = [namespace("shop"), deny, pod(json!({})), pod(json!({}))];
    for (rung, words) in [
        ("any", "1 namespace with 2 pods: each has a network policy."),
        ("covered", "1 namespace with 2 pods: each has a network policy, and each pod is covered by one."),
        ("default-deny-ingress", "1 namespace with 2 pods: each denies ingress by default."),
        ("default-deny-egress", "1 namespace with 2 pods: each denies egress by default."),
        ("default-deny", "1 namespace with 2 pods: each denies ingress and egress by default."),
    ] {
        assert_eq!(annotation(rung, &objects), words);
    }
    assert_eq!(annotation("any", &[]), "0 namespaces with 0 pods: each has a network policy.");
}

#[test]
fn the_annotation_says_what_is_wrong_and_where() {
    let one = [namespace("shop"), namespace("blog"), policy_in("blog", json!({})), pod(json!({"app": "web"}))];
    for (rung, words) in [
        ("any", "1 of 2 namespaces has no network policy: shop NoPolicy."),
        ("covered", "1 of 2 namespaces is not covered by network policies: shop NoPolicy,UncoveredPods (web)."),
        ("default-deny-ingress", "1 of 2 namespaces does not deny ingress by default: shop NoPolicy,IngressNotDenied."),
    ] {
        assert_eq!(annotation(rung, &one), words);
    }
    let two = [namespace("shop"), namespace("blog")];
    for (rung, words) in [
        ("any", "2 of 2 namespaces have no network policy: blog NoPolicy; shop NoPolicy."),
        ("covered", "2 of 2 namespaces are not covered by network policies: blog NoPolicy; shop NoPolicy."),
        (
            "default-deny-egress",
            "2 of 2 namespaces do not deny egress by default: blog NoPolicy,EgressNotDenied; shop NoPolicy,EgressNotDenied.",
        ),
    ] {
        assert_eq!(annotation(rung, &two), words);
    }
}

#[test]
fn the_annotation_says_that_nothing_enforces_policies() {
    let objects = [namespace("shop"), policy(json!({}))];
    assert_eq!(
        report(&json!({"enforcement": "require"}), &objects).annotation,
        "nothing enforces the network policies of 1 namespace with 0 pods: cluster NotEnforced."
    );
    assert_eq!(
        report(&json!({"enforcement": "require"}), &[namespace("shop")]).annotation,
        "nothing enforces network policies, and 1 of 1 namespace has no network policy: cluster NotEnforced; shop NoPolicy."
    );
    assert_eq!(
        report(&json!({}), &objects).annotation,
        "1 namespace with 0 pods: each has a network policy. not enforced: no VPC CNI policy agent, Cilium or Calico found."
    );
}

#[test]
fn the_note_on_enforcement_comes_before_all_others() {
    let mut objects = vec![namespace("shop"), policy(json!({}))];
    objects.extend((0..30).map(|number| namespace(&format!("kube-{number}"))));
    objects.push(crate::cluster::host_network_pod());
    let report = report(&json!({"excludedNamespaces": "kube-*"}), &objects);
    assert!(report.notes[0].starts_with("not enforced: "), "{:?}", report.notes);
    assert!(report.annotation.contains("not enforced: no VPC CNI policy agent"), "{}", report.annotation);
}

#[test]
fn the_note_on_skipped_namespaces_says_why() {
    let (kind, mut value) = namespace("shop");
    value["status"]["phase"] = json!("Terminating");
    let objects = [(kind, value)];
    let note = |parameters| report(&parameters, &objects).notes.pop().unwrap();
    assert_eq!(note(json!({})), "1 namespace skipped: terminating or younger than 60 s");
    assert_eq!(note(json!({"graceSeconds": "0"})), "1 namespace skipped: terminating");
    let annotation = annotation("any", &[objects[0].clone(), namespace("blog")]);
    assert!(annotation.starts_with("1 of 1 namespace has no network policy: blog NoPolicy."), "{annotation}");
}

#[test]
fn a_note_names_five_policies_and_counts_the_rest() {
    let mut objects = vec![namespace("shop"), policy(json!({}))];
    for number in 0..7 {
        let metadata = json!({"name": format!("p{number}")});
        objects.push((eks_rules::Kind::AdminNetworkPolicy, json!({"metadata": metadata})));
    }
    let note = report(&json!({}), &objects).notes.pop().unwrap();
    assert_eq!(note, "AdminNetworkPolicy p0, p1, p2, p3, p4 and 2 more: isolates nothing, not counted");
}

#[test]
fn the_advice_fits_the_reasons() {
    let pod = pod(json!({"app": "web"}));
    let some = policy(json!({"podSelector": {"matchLabels": {"app": "api"}}}));
    assert_eq!(
        advice("any", &[namespace("shop")]),
        "Add a NetworkPolicy to the namespace; podSelector: {} covers every pod in it."
    );
    assert_eq!(
        advice("covered", &[namespace("shop"), some, pod]),
        "Add a NetworkPolicy whose podSelector matches the listed workloads; podSelector: {} matches every pod."
    );
    assert_eq!(
        advice("default-deny", &[namespace("shop"), policy(json!({}))]),
        "Have a NetworkPolicy with podSelector: {}, policyTypes: [Egress] and no rules, and allow what is needed in others."
    );
    assert_eq!(
        advice("default-deny", &[namespace("shop")]),
        "Have a NetworkPolicy with podSelector: {}, policyTypes: [Ingress, Egress] and no rules, and allow what is \
         needed in others."
    );
}

#[test]
fn the_advice_tells_of_an_allow_all_that_undoes_a_deny() {
    let deny = policy(json!({"policyTypes": ["Ingress", "Egress"]}));
    let allow = policy(json!({"policyTypes": ["Ingress", "Egress"], "ingress": [{}], "egress": [{}]}));
    assert_eq!(
        advice("default-deny", &[namespace("shop"), deny, allow.clone()]),
        "Narrow the policy that selects every pod and allows all ingress and egress."
    );
    assert_eq!(
        advice("default-deny", &[namespace("shop"), policy(json!({})), allow]),
        "Narrow the policy that selects every pod and allows all ingress and egress. Have a NetworkPolicy with \
         podSelector: {}, policyTypes: [Egress] and no rules, and allow what is needed in others."
    );
}
