//! Whom a finding is told about: owners, pods that share a finding, what is not judged, counts and order.

use eks_rules::Reason::{AllowPrivilegeEscalation, Privileged, Unset};
use eks_rules::{ComplianceType, ContainerKind, Kind, Need, Privileges, RuleName};
use serde_json::{Value, json};

use crate::judging::{
    bare_pod, configuration, container, controlled, deployed, escalation, in_namespace, in_phase, only, owner, pod_of,
    report_of,
};

fn unset() -> Value {
    pod_of(Value::Null)
}

#[track_caller]
fn owner_of(pod: Value) -> String {
    owner(only(&escalation(&json!({}), &[pod])))
}

#[test]
fn only_pods_are_read() {
    let judge = configuration(RuleName::PrivEscalation, &json!({}));
    let reads = judge.unwrap().judge(&crate::judging::cluster_at("2026-11-24T12:00:00Z")).unwrap().reads();
    assert_eq!(reads.len(), 1);
    assert_eq!((reads[0].kind, reads[0].need), (Kind::Pod, Need::Required));
}

#[test]
fn a_replica_set_stands_for_its_deployment_where_the_hash_matches() {
    assert_eq!(owner_of(deployed(unset(), "web", "x2x7p")), "Deployment/web");
    assert_eq!(owner_of(deployed(unset(), "web-5d8f7c9b4", "x2x7p")), "Deployment/web-5d8f7c9b4");
}

#[test]
fn a_replica_set_stands_for_itself_where_the_hash_does_not_match() {
    for (set, labels) in [
        ("web-5d8f7c9b4", json!({})),
        ("web-5d8f7c9b4", json!({"pod-template-hash": "7c9b4"})),
        ("web-5d8f7c9b4", json!({"pod-template-hash": ""})),
        ("web-5d8f7c9b4", json!({"pod-template-hash": "5d8f7c9b"})),
        ("web-5d8f7c9b4", json!({"rollouts-pod-template-hash": "5d8f7c9b4"})),
        ("web5d8f7c9b4", json!({"pod-template-hash": "5d8f7c9b4"})),
        ("5d8f7c9b4", json!({"pod-template-hash": "5d8f7c9b4"})),
        ("-5d8f7c9b4", json!({"pod-template-hash": "5d8f7c9b4"})),
        ("web", json!({"pod-template-hash": "5d8f7c9b4"})),
    ] {
        let mut pod = controlled(unset(), "web-x", "ReplicaSet", set);
        pod["metadata"]["labels"] = labels;
        assert_eq!(owner_of(pod), format!("ReplicaSet/{set}"));
    }
}

#[test]
fn only_a_replica_set_stands_for_a_deployment() {
    let mut pod = deployed(unset(), "web", "x2x7p");
    pod["metadata"]["ownerReferences"][0]["kind"] = json!("StatefulSet");
    assert_eq!(owner_of(pod), "StatefulSet/web-5d8f7c9b4");
}

#[test]
fn other_controllers_are_owners_as_they_are() {
    for kind in ["StatefulSet", "DaemonSet", "Job", "ReplicationController", "Rollout", "Node"] {
        assert_eq!(owner_of(controlled(unset(), "web-0", kind, "web")), format!("{kind}/web"));
    }
}

#[test]
fn an_owner_that_is_not_the_controller_is_no_owner() {
    let reference = |kind: &str, controller: Value| json!({"kind": kind, "name": "x", "controller": controller});
    let mut pod = unset();
    pod["metadata"]["ownerReferences"] = json!([reference("ConfigMap", json!(null)), reference("Foo", json!(false))]);
    assert_eq!(owner_of(pod.clone()), "Pod/web-0");
    pod["metadata"]["ownerReferences"] = json!([reference("ConfigMap", json!(false)), reference("Job", json!(true))]);
    assert_eq!(owner_of(pod), "Job/x");
}

#[test]
fn a_bare_pod_owns_itself_and_is_no_mirror() {
    let report = escalation(&json!({}), &[unset()]);
    assert_eq!(owner(only(&report)), "Pod/web-0");
    assert_eq!(only(&report).mirror, Some(false));
}

#[test]
fn a_static_pod_owns_itself_and_is_marked() {
    let mut pod = controlled(unset(), "proxy-ip-10-0-3-117", "Node", "ip-10-0-3-117");
    pod["metadata"]["annotations"] = json!({
        "kubernetes.io/config.hash": "9d1c", "kubernetes.io/config.mirror": "9d1c", "kubernetes.io/config.source": "file",
    });
    let report = escalation(&json!({}), &[pod]);
    assert_eq!(owner(only(&report)), "Pod/proxy-ip-10-0-3-117");
    assert_eq!(only(&report).mirror, Some(true));
    assert!(report.annotation.contains("shop/Pod/proxy-ip-10-0-3-117[app] Unset"), "{}", report.annotation);
}

#[test]
fn a_finding_has_every_field_that_a_reader_needs() {
    let report = escalation(&json!({}), &[deployed(pod_of(json!({"privileged": true})), "api", "x2x7p")]);
    assert_eq!(
        serde_json::to_value(only(&report)).unwrap(),
        json!({
            "namespace": "shop", "owner": {"kind": "Deployment", "name": "api"}, "pod": "api-5d8f7c9b4-x2x7p", "pods": 1,
            "container": "app", "containerKind": "container", "reasons": ["Privileged", "Unset"], "image": null, "source": null,
            "mirror": false, "workloads": null,
            "advice": "In the container, set securityContext.allowPrivilegeEscalation: false, and set \
                       securityContext.privileged: false.",
        })
    );
}

#[test]
fn pods_of_one_owner_share_a_finding_whose_example_is_the_first_by_name() {
    let suffixes = ["m", "b", "z", "a", "q"];
    for turn in 0..suffixes.len() {
        let pods: Vec<_> = suffixes
            .iter()
            .cycle()
            .skip(turn)
            .take(suffixes.len())
            .map(|suffix| deployed(unset(), "web", suffix))
            .collect();
        let report = escalation(&json!({}), &pods);
        assert_eq!((only(&report).pods, only(&report).pod.as_deref()), (Some(5), Some("web-5d8f7c9b4-a")));
        assert_eq!((report.counts.findings, report.counts.pods, report.counts.containers), (1, 5, 5));
        assert!(report.annotation.starts_with("5 of 5 containers may escalate privileges, in 1 subject: "));
    }
}

#[test]
fn a_shared_finding_has_the_reasons_of_all_its_pods() {
    let old = pod_of(json!({"allowPrivilegeEscalation": true}));
    let new = pod_of(json!({"privileged": true}));
    let pods = [deployed(new, "web", "a"), deployed(old, "web", "b")];
    let report = escalation(&json!({}), &pods);
    assert_eq!(only(&report).reasons, [AllowPrivilegeEscalation, Privileged, Unset]);
    assert_eq!(
        only(&report).advice,
        "In the container, set securityContext.allowPrivilegeEscalation: false, and set securityContext.privileged: false."
    );
    let backwards: Vec<_> = pods.into_iter().rev().collect();
    assert_eq!(escalation(&json!({}), &backwards), report);
}

#[test]
fn a_pod_that_is_ok_is_not_counted_in_the_finding_of_its_owner() {
    let ok = pod_of(json!({"allowPrivilegeEscalation": false}));
    let report = escalation(&json!({}), &[deployed(ok, "web", "a"), deployed(unset(), "web", "b")]);
    assert_eq!((only(&report).pods, only(&report).pod.as_deref()), (Some(1), Some("web-5d8f7c9b4-b")));
    assert!(report.annotation.starts_with("1 of 2 containers may escalate privileges, in 1 subject: "));
}

#[test]
fn owners_of_different_namespaces_kinds_and_names_and_containers_of_different_kinds_do_not_share() {
    let both = bare_pod(
        "x",
        json!({"containers": [container("app", Value::Null)], "initContainers": [container("app", Value::Null)]}),
    );
    let pods = [
        controlled(unset(), "a", "Job", "web"),
        controlled(unset(), "b", "StatefulSet", "web"),
        controlled(unset(), "c", "Job", "api"),
        in_namespace(controlled(unset(), "d", "Job", "web"), "blog"),
        both,
    ];
    let report = escalation(&json!({}), &pods);
    let told: Vec<_> = report
        .findings
        .iter()
        .map(|finding| (finding.namespace.as_deref().unwrap(), owner(finding), finding.container_kind.unwrap()))
        .collect();
    let kind = ContainerKind::Container;
    assert_eq!(
        told,
        [
            ("blog", "Job/web".to_owned(), kind),
            ("shop", "Job/api".to_owned(), kind),
            ("shop", "Job/web".to_owned(), kind),
            ("shop", "Pod/x".to_owned(), ContainerKind::InitContainer),
            ("shop", "Pod/x".to_owned(), kind),
            ("shop", "StatefulSet/web".to_owned(), kind),
        ]
    );
}

#[test]
fn findings_are_ordered_by_namespace_owner_and_container_whatever_the_order_of_the_pods() {
    let pod = |namespace: &str, owner: &str, names: &[&str]| {
        let containers: Vec<_> = names.iter().map(|name| container(name, Value::Null)).collect();
        in_namespace(controlled(bare_pod("x", json!({"containers": containers})), owner, "Job", owner), namespace)
    };
    let pods = [pod("b", "a", &["z", "a"]), pod("a", "b", &["m"]), pod("a", "a", &["m", "k"]), pod("B", "z", &["a"])];
    let expected = ["B z a", "a a k", "a a m", "a b m", "b a a", "b a z"];
    for turn in 0..pods.len() {
        let turned: Vec<_> = pods.iter().cycle().skip(turn).take(pods.len()).cloned().collect();
        let report = escalation(&json!({}), &turned);
        let told: Vec<_> = report
            .findings
            .iter()
            .map(|one| {
                let (namespace, container) = (one.namespace.as_ref().unwrap(), one.container.as_ref().unwrap());
                format!("{namespace} {} {container}", one.owner.as_ref().unwrap().name)
            })
            .collect();
        assert_eq!(told, expected);
    }
}

#[test]
fn finished_pods_are_counted_and_not_judged_unless_asked_for() {
    let pods = ["Succeeded", "Failed", "Running"].map(|phase| in_phase(deployed(unset(), "web", phase), phase));
    let report = escalation(&json!({}), &pods);
    assert_eq!((report.counts.pods, report.counts.containers, report.counts.finished_pods), (1, 1, 2));
    assert_eq!(only(&report).pods, Some(1));
    assert_eq!(report.notes, ["2 finished pods not judged"]);
    let report = escalation(&json!({"includeFinishedPods": "true"}), &pods);
    assert_eq!((report.counts.pods, report.counts.containers, report.counts.finished_pods), (3, 3, 0));
    assert_eq!(only(&report).pods, Some(3));
    assert_eq!(report.notes, [""; 0]);
}

#[test]
fn pods_that_wait_are_lost_or_are_being_deleted_are_judged() {
    for phase in ["Pending", "Unknown", "", "succeeded"] {
        assert_eq!(escalation(&json!({}), &[in_phase(unset(), phase)]).findings.len(), 1, "{phase}");
    }
    let mut going = unset();
    going["metadata"]["deletionTimestamp"] = json!("2026-11-24T11:59:59Z");
    assert_eq!(escalation(&json!({}), &[going]).findings.len(), 1);
}

#[test]
fn pods_of_excluded_namespaces_are_not_judged_and_their_namespaces_are_counted() {
    let pods = ["kube-system", "kube-public", "shop", "kube"].map(|namespace| in_namespace(unset(), namespace));
    let report = escalation(&json!({"excludedNamespaces": " kube-* ,, other"}), &pods);
    let found: Vec<_> = report.findings.iter().map(|finding| finding.namespace.as_deref().unwrap()).collect();
    assert_eq!(found, ["kube", "shop"]);
    assert_eq!((report.counts.namespaces, report.counts.excluded_namespaces, report.counts.pods), (2, 2, 2));
    assert_eq!(report.notes, ["2 namespaces excluded"]);
}

#[test]
fn nothing_is_excluded_by_default() {
    let pods = ["kube-system", "kube-public", "kube-node-lease"].map(|namespace| in_namespace(unset(), namespace));
    assert_eq!(escalation(&json!({}), &pods).findings.len(), 3);
}

#[test]
fn a_cluster_without_pods_complies() {
    let report = escalation(&json!({}), &[]);
    assert_eq!(report.compliance_type, ComplianceType::Compliant);
    assert_eq!(report.annotation, "0 containers of 0 pods in 0 namespaces: none may escalate privileges.");
}

#[test]
fn one_finding_makes_the_cluster_non_compliant() {
    let ok = pod_of(json!({"allowPrivilegeEscalation": false}));
    let report = escalation(&json!({}), &[ok.clone(), ok.clone()]);
    assert_eq!((report.compliance_type, report.findings.len()), (ComplianceType::Compliant, 0));
    let report = escalation(&json!({}), &[ok, unset()]);
    assert_eq!((report.compliance_type, report.findings.len()), (ComplianceType::NonCompliant, 1));
}

#[test]
fn a_value_of_another_type_is_no_verdict() {
    for (field, value) in
        [("allowPrivilegeEscalation", json!("false")), ("privileged", json!(0)), ("capabilities", json!("ALL"))]
    {
        let pod = pod_of(json!({field: value}));
        let error = eks_rules::decode::<eks_rules::object::Pod>("Pod", &pod).unwrap_err();
        assert_eq!(error.path, format!("spec.containers[0].securityContext.{field}"), "{error}");
    }
}

#[test]
fn the_memory_of_a_workload_does_not_grow_with_its_pods() {
    let configuration = configuration(RuleName::PrivEscalation, &json!({})).unwrap();
    let pods: Vec<_> = (0..3_000).map(|number| deployed(unset(), "web", &format!("{number:04}"))).collect();
    let report = report_of(&configuration, pods.iter().rev());
    assert_eq!((only(&report).pods, only(&report).pod.as_deref()), (Some(3_000), Some("web-5d8f7c9b4-0000")));
    assert_eq!(report.counts.findings, 1);
}

/// What is known for mending a container, when these pods of one Deployment have it.
#[track_caller]
fn mended(pods: &[Value]) -> Privileges {
    let pods: Vec<Value> = pods
        .iter()
        .zip(["aaaaa", "bbbbb", "ccccc"])
        .map(|(pod, suffix)| deployed(pod.clone(), "web", suffix))
        .collect();
    only(&escalation(&json!({}), &pods)).privileges.clone().unwrap()
}

fn adding(capabilities: &[&str]) -> Value {
    pod_of(json!({"capabilities": {"add": capabilities}}))
}

#[test]
fn what_a_mended_container_keeps_is_that_of_all_pods_together() {
    let windows = {
        let mut pod = unset();
        pod["spec"]["os"] = json!({"name": "windows"});
        pod["spec"]["containers"][0]["securityContext"] = json!({"allowPrivilegeEscalation": true});
        pod
    };
    let privileged = pod_of(json!({"privileged": true}));
    assert_eq!(mended(&[unset()]), Privileges::default());
    assert_eq!(mended(&[unset(), unset()]), Privileges::default());
    assert!(mended(std::slice::from_ref(&privileged)).privileged);
    for pods in [[unset(), privileged.clone()], [privileged, unset()]] {
        assert!(mended(&pods).privileged);
    }
    assert!(mended(&[windows.clone(), windows.clone()]).windows);
    for pods in [[unset(), windows.clone()], [windows, unset()]] {
        assert!(!mended(&pods).windows);
    }
}

#[test]
fn added_capabilities_of_pods_that_differ_are_the_first_in_order() {
    let kept = |added: &[&str], differ| Privileges {
        added_capabilities: added.iter().map(|name| (*name).to_owned()).collect(),
        capabilities_differ: differ,
        ..Privileges::default()
    };
    let (chown, kill) = (adding(&["CHOWN"]), adding(&["KILL"]));
    assert_eq!(mended(&[chown.clone(), chown.clone()]), kept(&["CHOWN"], false));
    for pods in [[chown.clone(), kill.clone()], [kill.clone(), chown.clone()]] {
        assert_eq!(mended(&pods), kept(&["CHOWN"], true));
    }
    for pods in [[chown.clone(), kill.clone(), kill.clone()], [kill.clone(), kill, chown]] {
        assert_eq!(mended(&pods), kept(&["CHOWN"], true));
    }
}
