use serde_json::{Value, json};

use crate::admission::{Decision, Matches, Policy, creation};

fn pod(container: Value) -> Value {
    json!({"kind": "Pod", "metadata": {"name": "api", "namespace": "shop"}, "spec": {"containers": [container]}})
}

fn bad() -> Value {
    pod(json!({"name": "app", "image": "a"}))
}

fn policy() -> Policy {
    Policy::of("privEscalation", &json!({}), &[], Matches::Own)
}

fn update(object: &Value) -> Value {
    let mut request = creation(object);
    request["operation"] = json!("UPDATE");
    request
}

#[test]
fn a_message_names_each_reason_and_its_containers() {
    let mut object = bad();
    object["spec"]["initContainers"] = json!([
        {"name": "first", "securityContext": {"privileged": true, "capabilities": {"add": ["ALL"]}}},
        {"name": "second", "securityContext": {"allowPrivilegeEscalation": true}},
    ]);
    let message =
        "privEscalation: AllowPrivilegeEscalation: second; Privileged: first; SysAdmin: first; Unset: first, app";
    assert_eq!(policy().decide(&creation(&object), &object, None), Decision::Refused(message.to_owned()));
}

#[test]
fn secrets_in_the_environment_are_refused_where_the_rule_reports_them_as_findings() {
    let mut object = bad();
    object["spec"]["containers"][0]["securityContext"] = json!({"allowPrivilegeEscalation": false});
    object["spec"]["initContainers"] = object["spec"]["containers"].clone();
    object["spec"]["initContainers"][0]["name"] = json!("first");
    object["spec"]["initContainers"][0]["envFrom"] = json!([{"secretRef": {"name": "a"}}]);
    object["spec"]["containers"][0]["env"] =
        json!([{"name": "A", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}]);
    let decide = |setting: &str| {
        let policy = Policy::of("privEscalation", &json!({"secretsInEnv": setting}), &[], Matches::Own);
        policy.decide(&creation(&object), &object, None)
    };
    let message = "privEscalation: SecretInEnvironment: first, app";
    assert_eq!(decide("require"), Decision::Refused(message.to_owned()));
    assert_eq!(decide("report"), Decision::Admitted);
    assert_eq!(decide("ignore"), Decision::Admitted);
}

#[test]
fn what_was_there_before_can_be_changed_in_all_but_its_pods() {
    let old = bad();
    let mut labelled = old.clone();
    labelled["metadata"]["finalizers"] = json!([]);
    let unchanged = Decision::NotMatched("pods-change".to_owned());
    assert_eq!(policy().decide(&update(&labelled), &labelled, Some(&old)), unchanged);
    let deployment = |replicas: u32, image: &str| {
        let template = json!({"spec": {"containers": [{"name": "app", "image": image}]}});
        json!({"kind": "Deployment", "metadata": {"name": "api", "namespace": "shop"},
               "spec": {"replicas": replicas, "template": template}})
    };
    let (old, scaled, changed) = (deployment(1, "a"), deployment(2, "a"), deployment(1, "b"));
    assert_eq!(policy().decide(&update(&scaled), &scaled, Some(&old)), unchanged);
    let refused = Decision::Refused("privEscalation: Unset: app".to_owned());
    assert_eq!(policy().decide(&update(&changed), &changed, Some(&old)), refused);
}

#[test]
fn an_ephemeral_container_is_refused_like_any_other() {
    let old = pod(json!({"name": "app", "image": "a", "securityContext": {"allowPrivilegeEscalation": false}}));
    let mut object = old.clone();
    object["spec"]["ephemeralContainers"] = json!([{"name": "debugger", "image": "b"}]);
    let refused = Decision::Refused("privEscalation: Unset: debugger".to_owned());
    assert_eq!(policy().decide(&update(&object), &object, Some(&old)), refused);
}

#[test]
fn a_nodes_copy_of_a_static_pod_is_let_through_since_refusing_it_would_only_hide_the_pod() {
    let mut request = creation(&bad());
    request["userInfo"] = json!({"username": "system:node:a", "groups": ["system:nodes", "system:authenticated"]});
    assert_eq!(policy().decide(&request, &bad(), None), Decision::NotMatched("not-of-a-node".to_owned()));
    request["userInfo"] = json!({"username": "somebody"});
    assert!(matches!(policy().decide(&request, &bad(), None), Decision::Refused(_)));
}

#[test]
fn what_an_exempt_deployment_makes_is_exempt_too() {
    let exemption = r#"[{"namespace": "shop", "owner": {"kind": "Deployment", "name": "api"}, "reason": "known"}]"#;
    let policy = Policy::of("privEscalation", &json!({"exemptions": exemption}), &[], Matches::Own);
    let owned = |kind: &str, mut object: Value, owner: &str, name: &str| {
        object["kind"] = json!(kind);
        object["metadata"]["name"] = json!("api-5d4f");
        object["metadata"]["labels"] = json!({"pod-template-hash": "5d4f"});
        object["metadata"]["ownerReferences"] = json!([{"kind": owner, "name": name, "controller": true}]);
        policy.decide(&creation(&object), &object, None)
    };
    let replica_set = json!({"metadata": {"namespace": "shop"}, "spec": {"template": {"spec": bad()["spec"]}}});
    let exempt = Decision::NotMatched("not-exempt".to_owned());
    assert_eq!(owned("ReplicaSet", replica_set.clone(), "Deployment", "api"), exempt);
    assert_eq!(owned("Pod", bad(), "ReplicaSet", "api-5d4f"), exempt);
    assert!(matches!(owned("ReplicaSet", replica_set, "Deployment", "other"), Decision::Refused(_)));
    assert!(matches!(owned("Pod", bad(), "ReplicaSet", "other-5d4f"), Decision::Refused(_)));
}

#[test]
fn an_exempt_pod_is_one_without_a_controller_or_a_copy_of_a_static_pod() {
    let exemption = r#"[{"namespace": "shop", "owner": {"kind": "Pod", "name": "api"}, "reason": "known"}]"#;
    let policy = Policy::of("privEscalation", &json!({"exemptions": exemption}), &[], Matches::Own);
    let mut object = bad();
    let exempt = Decision::NotMatched("not-exempt".to_owned());
    assert_eq!(policy.decide(&creation(&object), &object, None), exempt);
    object["metadata"]["ownerReferences"] = json!([{"kind": "Node", "name": "api", "controller": true}]);
    assert!(matches!(policy.decide(&creation(&object), &object, None), Decision::Refused(_)));
    object["metadata"]["annotations"] = json!({"kubernetes.io/config.mirror": "x"});
    assert_eq!(policy.decide(&creation(&object), &object, None), exempt);
}
