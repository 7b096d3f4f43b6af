//! Cilium's policies, the VPC CNI's, and those that isolate nothing.

use eks_rules::{Kind, Need, Reason};
use serde_json::{Value, json};

use crate::cluster::{found, labelled_namespace, namespace, of_kind, pod, policy, reasons, report, rungs, start};

const ALL_RUNGS: [&str; 5] = ["any", "covered", "default-deny-ingress", "default-deny-egress", "default-deny"];
const UP_TO_INGRESS: [&str; 3] = ["any", "covered", "default-deny-ingress"];
const UP_TO_EGRESS: [&str; 3] = ["any", "covered", "default-deny-egress"];

/// A CiliumNetworkPolicy of `shop`.
fn cilium(spec: Value) -> (Kind, Value) {
    of_kind(Kind::CiliumNetworkPolicy, "shop", spec)
}

fn clusterwide(spec: Value) -> (Kind, Value) {
    of_kind(Kind::CiliumClusterwideNetworkPolicy, "", spec)
}

/// A policy of `shop` for every pod, with these further fields.
fn for_all(further: Value) -> (Kind, Value) {
    let mut spec = json!({"endpointSelector": {}});
    spec.as_object_mut().unwrap().extend(further.as_object().unwrap().clone());
    cilium(spec)
}

fn rungs_of(further: Value) -> Vec<&'static str> {
    rungs(&[namespace("shop"), for_all(further), pod(json!({"app": "web"}))])
}

#[test]
fn a_cilium_direction_is_isolated_where_it_has_a_rule() {
    assert_eq!(rungs_of(json!({"ingress": [{}]})), UP_TO_INGRESS);
    assert_eq!(rungs_of(json!({"egress": [{}]})), UP_TO_EGRESS);
    assert_eq!(rungs_of(json!({"ingress": [{}], "egress": [{}]})), ALL_RUNGS);
}

#[test]
fn a_cilium_direction_is_isolated_where_it_has_a_deny_rule() {
    let deny = json!([{"fromEntities": ["world"]}]);
    assert_eq!(rungs_of(json!({"ingressDeny": deny})), UP_TO_INGRESS);
    assert_eq!(rungs_of(json!({"egressDeny": [{"toEntities": ["world"]}]})), UP_TO_EGRESS);
}

#[test]
fn an_empty_cilium_rule_list_is_inert_the_reverse_of_core() {
    for further in [json!({"ingress": []}), json!({}), json!({"ingress": null, "egress": [], "ingressDeny": []})] {
        assert_eq!(rungs_of(further.clone()), [""; 0], "{further}");
        let objects = [namespace("shop"), for_all(further)];
        let notes = report(&json!({}), &objects).notes;
        let note = "CiliumNetworkPolicy shop/p: isolates no pod, not counted";
        assert!(notes.iter().any(|known| known == note), "{notes:?}");
    }
}

#[test]
fn an_inert_cilium_policy_covers_no_pod_and_no_namespace() {
    let web = policy(json!({"podSelector": {"matchLabels": {"app": "web"}}}));
    let objects = [namespace("shop"), web, for_all(json!({"ingress": []})), pod(json!({"app": "api"}))];
    assert_eq!(rungs(&objects), ["any"]);
    let inert = clusterwide(json!({"endpointSelector": {}, "egress": []}));
    assert_eq!(reasons("any", &[namespace("shop"), inert]), [Reason::NoPolicy]);
}

#[test]
fn enable_default_deny_says_before_the_rules_whether_a_direction_is_isolated() {
    assert_eq!(rungs_of(json!({"enableDefaultDeny": {"ingress": true}})), UP_TO_INGRESS);
    assert_eq!(rungs_of(json!({"enableDefaultDeny": {"egress": true}, "ingress": [{}]})), ALL_RUNGS);
    assert_eq!(
        rungs_of(json!({"enableDefaultDeny": {"ingress": false}, "ingress": [{}], "egress": [{}]})),
        UP_TO_EGRESS
    );
    assert_eq!(rungs_of(json!({"enableDefaultDeny": {"ingress": false}, "ingress": [{}]})), [""; 0]);
    assert_eq!(rungs_of(json!({"enableDefaultDeny": null, "ingress": [{}]})), UP_TO_INGRESS);
}

#[test]
fn a_cilium_default_deny_has_no_allow_rule() {
    for rule in [
        json!({"fromEndpoints": [{}]}),
        json!({"fromEntities": ["cluster"]}),
        json!({"fromCIDR": ["10.0.0.0/8"]}),
        json!({"toPorts": [{"ports": [{"port": "80"}]}]}),
        json!({"fromEndpoints": [], "toPorts": [{"ports": [{"port": "80"}]}]}),
    ] {
        assert_eq!(rungs_of(json!({"ingress": [rule]})), ["any", "covered"], "{rule}");
        assert_eq!(rungs_of(json!({"ingress": [{}, rule]})), ["any", "covered"], "{rule}");
    }
    for nothing in [json!({"fromEndpoints": []}), json!({"toPorts": []}), json!({"fromCIDRSet": null})] {
        assert_eq!(rungs_of(json!({"ingress": [nothing]})), UP_TO_INGRESS, "{nothing}");
    }
}

#[test]
fn a_cilium_rule_for_everything_undoes_a_default_deny_of_any_kind() {
    let core = policy(json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}));
    let own = for_all(json!({"ingress": [{}], "egress": [{}]}));
    for deny in [core, own] {
        for rule in [
            json!({"fromEntities": ["all"]}),
            json!({"fromEntities": ["host", "world"]}),
            json!({"fromCIDR": ["0.0.0.0/0"]}),
            json!({"fromCIDRSet": [{"cidr": "::/0", "except": []}], "toPorts": []}),
            json!({"fromEndpoints": [{"matchLabels": {"app": "api"}}], "fromEntities": ["all"]}),
        ] {
            let objects = [namespace("shop"), deny.clone(), for_all(json!({"ingress": [rule]}))];
            assert_eq!(reasons("default-deny", &objects), [Reason::IngressNotDenied], "{rule}");
            let quiet = for_all(json!({"ingress": [rule], "enableDefaultDeny": {"ingress": false}}));
            let objects = [namespace("shop"), deny.clone(), quiet];
            assert_eq!(reasons("default-deny", &objects), [Reason::IngressNotDenied], "{rule}");
        }
        let egress = for_all(json!({"egress": [{"toEntities": ["all"]}]}));
        let objects = [namespace("shop"), deny, egress];
        assert_eq!(reasons("default-deny", &objects), [Reason::EgressNotDenied]);
    }
}

#[test]
fn a_cilium_rule_for_less_than_everything_leaves_a_default_deny_as_it_is() {
    let deny = for_all(json!({"ingress": [{}], "egress": [{}]}));
    for rule in [
        json!({"fromEntities": ["cluster"]}),
        json!({"fromEntities": ["all"], "toPorts": [{"ports": [{"port": "80"}]}]}),
        json!({"fromEntities": ["all"], "icmps": [{"fields": [{"type": 8}]}]}),
        json!({"fromCIDRSet": [{"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}]}),
        json!({"fromEndpoints": [{}]}),
        json!({"toEntities": ["all"]}),
    ] {
        let objects = [namespace("shop"), deny.clone(), for_all(json!({"ingress": [rule]}))];
        assert_eq!(reasons("default-deny", &objects), [], "{rule}");
    }
    let some = cilium(json!({"endpointSelector": {"matchLabels": {"a": "b"}}, "ingress": [{"fromEntities": ["all"]}]}));
    assert_eq!(reasons("default-deny", &[namespace("shop"), deny, some]), []);
}

#[test]
fn specs_of_a_cilium_policy_add_up() {
    let metadata = json!({"name": "p", "namespace": "shop"});
    let specs = json!([{"endpointSelector": {}, "ingress": [{}]}, {"endpointSelector": {}, "egress": [{}]}]);
    let several = (Kind::CiliumNetworkPolicy, json!({"metadata": metadata, "specs": specs}));
    assert_eq!(rungs(&[namespace("shop"), several]), ALL_RUNGS);
    let both = (Kind::CiliumNetworkPolicy, json!({"metadata": metadata, "spec": specs[0], "specs": [specs[1]]}));
    assert_eq!(rungs(&[namespace("shop"), both]), ALL_RUNGS);
}

#[test]
fn cilium_labels_may_say_that_they_come_from_kubernetes() {
    for key in ["app", "k8s:app", "any:app"] {
        let spec = json!({"endpointSelector": {"matchLabels": {key: "web"}}, "ingress": [{}]});
        let objects = |app: &str| [namespace("shop"), cilium(spec.clone()), pod(json!({"app": app}))];
        assert_eq!(rungs(&objects("web")), ["any", "covered"], "{key}");
        assert_eq!(rungs(&objects("api")), ["any"], "{key}");
    }
}

#[test]
fn cilium_labels_of_elsewhere_cover_no_pod_and_are_noted() {
    for key in ["container:app", "reserved:host", "io.cilium.k8s.policy.serviceaccount"] {
        let spec = json!({"endpointSelector": {"matchLabels": {key: "web"}}, "ingress": [{}]});
        let objects = [namespace("shop"), cilium(spec), pod(json!({"app": "web", key: "web"}))];
        assert_eq!(rungs(&objects), ["any"], "{key}");
        let notes = report(&json!({}), &objects).notes;
        assert!(notes.iter().any(|note| note.starts_with("CiliumNetworkPolicy shop/p: selects by what")), "{notes:?}");
    }
}

#[test]
fn a_cilium_policy_of_a_namespace_stays_in_it_whatever_namespace_its_labels_name() {
    for name in ["shop", "blog"] {
        let selector = json!({"matchLabels": {"k8s:io.kubernetes.pod.namespace": name}});
        let spec = json!({"endpointSelector": selector, "ingress": [{}]});
        assert_eq!(rungs(&[namespace("shop"), cilium(spec), pod(json!({}))]), UP_TO_INGRESS, "{name}");
    }
    let narrower = json!({"matchLabels": {"k8s:io.kubernetes.pod.namespace": "blog", "app": "web"}});
    let spec = json!({"endpointSelector": narrower, "ingress": [{}]});
    assert_eq!(rungs(&[namespace("shop"), cilium(spec), pod(json!({"app": "web"}))]), ["any", "covered"]);
}

#[test]
fn a_cilium_policy_of_a_namespace_that_asks_for_pods_of_another_in_any_other_way_covers_none() {
    let expression = |operator: &str, name: &str| json!({"matchExpressions": [{"key": "k8s:io.kubernetes.pod.namespace", "operator": operator, "values": [name]}]});
    let rungs_of = |selector: Value| {
        let spec = json!({"endpointSelector": selector, "ingress": [{}]});
        rungs(&[namespace("shop"), cilium(spec), pod(json!({}))])
    };
    assert_eq!(rungs_of(expression("In", "blog")), ["any"]);
    assert_eq!(rungs_of(expression("NotIn", "shop")), ["any"]);
    assert_eq!(rungs_of(json!({"matchLabels": {"io.kubernetes.pod.namespace": "blog"}})), ["any"]);
    assert_eq!(rungs_of(expression("In", "shop")), UP_TO_INGRESS);
    assert_eq!(rungs_of(json!({"matchLabels": {"io.kubernetes.pod.namespace": "shop"}})), UP_TO_INGRESS);
}

#[test]
fn a_clusterwide_policy_for_all_endpoints_counts_for_every_namespace() {
    let deny = clusterwide(json!({"endpointSelector": {}, "ingress": [{}], "egress": [{}]}));
    let objects = [namespace("shop"), namespace("blog"), deny, pod(json!({"app": "web"}))];
    assert_eq!(rungs(&objects), ALL_RUNGS);
}

#[test]
fn a_clusterwide_policy_counts_for_the_namespaces_that_it_names() {
    for key in ["io.kubernetes.pod.namespace", "k8s:io.kubernetes.pod.namespace"] {
        let selector = json!({"matchLabels": {key: "shop"}});
        let deny = clusterwide(json!({"endpointSelector": selector, "ingress": [{}]}));
        let objects = [namespace("shop"), pod(json!({"app": "web"})), deny.clone()];
        assert_eq!(rungs(&objects), UP_TO_INGRESS, "{key}");
        let found = found(&json!({}), &[namespace("shop"), namespace("blog"), deny]);
        assert_eq!(found, [("blog".to_owned(), vec![Reason::NoPolicy])], "{key}");
    }
}

#[test]
fn a_clusterwide_policy_counts_for_all_namespaces_but_some() {
    let expression = json!([{"key": "io.kubernetes.pod.namespace", "operator": "NotIn", "values": ["blog"]}]);
    let deny = clusterwide(json!({"endpointSelector": {"matchExpressions": expression}, "ingress": [{}]}));
    let parameters = json!({"requires": "default-deny-ingress"});
    let found = found(&parameters, &[namespace("shop"), namespace("blog"), deny]);
    assert_eq!(found, [("blog".to_owned(), vec![Reason::NoPolicy, Reason::IngressNotDenied])]);
}

#[test]
fn a_clusterwide_policy_may_select_namespaces_by_their_labels() {
    let selector = json!({"matchLabels": {"k8s:io.cilium.k8s.namespace.labels.team": "blue"}});
    let deny = clusterwide(json!({"endpointSelector": selector, "ingress": [{}]}));
    let blue = labelled_namespace("shop", json!({"team": "blue"}));
    assert_eq!(rungs(&[blue, deny.clone(), pod(json!({"app": "web"}))]), UP_TO_INGRESS);
    let red = labelled_namespace("shop", json!({"team": "red"}));
    assert_eq!(rungs(&[red, deny.clone()]), [""; 0]);
    // A namespace that is only named may have any labels.
    assert_eq!(rungs(&[deny, pod(json!({"app": "web"}))]), [""; 0]);
}

#[test]
fn a_clusterwide_policy_for_some_pods_of_a_namespace_counts_as_one_of_the_namespace() {
    let selector = json!({"matchLabels": {"io.kubernetes.pod.namespace": "shop", "app": "web"}});
    let deny = clusterwide(json!({"endpointSelector": selector, "ingress": [{}]}));
    assert_eq!(rungs(&[namespace("shop"), deny.clone(), pod(json!({"app": "web"}))]), ["any", "covered"]);
    assert_eq!(rungs(&[namespace("shop"), deny, pod(json!({"app": "api"}))]), ["any"]);
}

#[test]
fn a_clusterwide_policy_by_pod_labels_alone_selects_no_namespace_for_certain_and_is_noted() {
    let deny = clusterwide(json!({"endpointSelector": {"matchLabels": {"app": "web"}}, "ingress": [{}]}));
    let objects = [namespace("shop"), deny, pod(json!({"app": "web"}))];
    assert_eq!(reasons("covered", &objects), [Reason::NoPolicy]);
    let notes = report(&json!({}), &objects).notes;
    let note = "CiliumClusterwideNetworkPolicy p: selects no judged namespace for certain";
    assert!(notes.iter().any(|known| known == note), "{notes:?}");
}

#[test]
fn a_clusterwide_allow_all_undoes_a_default_deny() {
    let deny = policy(json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}));
    let allow =
        |selector: Value| clusterwide(json!({"endpointSelector": selector, "ingress": [{"fromEntities": ["all"]}]}));
    let objects = |selector| [namespace("shop"), deny.clone(), allow(selector)];
    assert_eq!(reasons("default-deny", &objects(json!({}))), [Reason::IngressNotDenied]);
    let elsewhere = json!({"matchLabels": {"io.kubernetes.pod.namespace": "blog"}});
    assert_eq!(reasons("default-deny", &objects(elsewhere)), []);
}

#[test]
fn a_policy_about_nodes_covers_no_pod() {
    let nodes = json!({"nodeSelector": {}, "ingress": [{}], "egress": [{}]});
    let objects = [namespace("shop"), clusterwide(nodes.clone()), cilium(nodes), pod(json!({"app": "web"}))];
    assert_eq!(rungs(&objects), [""; 0]);
}

#[test]
fn a_policy_of_the_vpc_cni_isolates_like_a_core_policy() {
    let aws = |spec| of_kind(Kind::ApplicationNetworkPolicy, "shop", spec);
    let deny = aws(json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}));
    assert_eq!(rungs(&[namespace("shop"), deny.clone(), pod(json!({}))]), ALL_RUNGS);
    let names = json!([{"to": [{"domainNames": ["sts.eu-central-1.amazonaws.com"]}], "ports": [{"port": 443}]}]);
    let some = aws(json!({"podSelector": {}, "policyTypes": ["Egress"], "egress": names}));
    assert_eq!(rungs(&[namespace("shop"), some.clone(), pod(json!({}))]), ["any", "covered"]);
    assert_eq!(reasons("default-deny", &[namespace("shop"), deny.clone(), some]), []);
    let all = aws(json!({"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]}));
    assert_eq!(reasons("default-deny", &[namespace("shop"), deny, all]), [Reason::EgressNotDenied]);
}

#[test]
fn admin_baseline_and_cluster_network_policies_do_not_count_and_are_named_in_a_note() {
    for (kind, words) in [
        (Kind::AdminNetworkPolicy, "AdminNetworkPolicy p"),
        (Kind::BaselineAdminNetworkPolicy, "BaselineAdminNetworkPolicy p"),
        (Kind::ClusterNetworkPolicy, "ClusterNetworkPolicy p"),
        (Kind::AwsClusterNetworkPolicy, "ClusterNetworkPolicy p"),
    ] {
        let spec = json!({"subject": {"namespaces": {}}, "ingress": [{"action": "Deny", "from": []}]});
        let objects = [namespace("shop"), of_kind(kind, "", spec)];
        assert_eq!(reasons("any", &objects), [Reason::NoPolicy]);
        let notes = report(&json!({}), &objects).notes;
        let note = format!("{words}: isolates nothing, not counted");
        assert!(notes.contains(&note), "{notes:?}");
    }
}

#[test]
fn cni_policies_are_not_read_where_they_are_to_be_ignored() {
    let deny = for_all(json!({"ingress": [{}]}));
    let parameters = json!({"cniPolicies": "ignore"});
    assert_eq!(found(&parameters, &[namespace("shop"), deny]), [("shop".to_owned(), vec![Reason::NoPolicy])]);
    let kinds: Vec<Kind> =
        start(&parameters, &crate::cluster::manifests()).reads().iter().map(|read| read.kind).collect();
    assert_eq!(kinds, [Kind::Namespace, Kind::NetworkPolicy, Kind::Pod]);
}

#[test]
fn a_kind_that_may_not_be_read_is_a_note_under_any_and_covered_and_hinders_the_default_deny_rungs() {
    let need = |requires: &str, kind| {
        let reads = start(&json!({"requires": requires}), &crate::cluster::live()).reads();
        reads.iter().find(|read| read.kind == kind).unwrap().need
    };
    for kind in [Kind::CiliumNetworkPolicy, Kind::CalicoStoredGlobalNetworkPolicy, Kind::ApplicationNetworkPolicy] {
        assert_eq!(need("any", kind), Need::IfReadable);
        assert_eq!(need("covered", kind), Need::IfReadable);
        for rung in ["default-deny-ingress", "default-deny-egress", "default-deny"] {
            assert_eq!(need(rung, kind), Need::IfServed, "{rung}");
        }
    }
    for kind in [Kind::AdminNetworkPolicy, Kind::AwsClusterNetworkPolicy] {
        assert_eq!(need("default-deny", kind), Need::IfReadable);
    }
    let mut judge = start(&json!({}), &crate::cluster::live());
    judge.forbidden(Kind::CiliumNetworkPolicy);
    let notes = judge.report().notes;
    assert!(
        notes.iter().any(|note| note == "ciliumnetworkpolicies.cilium.io may not be listed: not counted"),
        "{notes:?}"
    );
}
