use eks_rules::OpenPolicy;
use serde_json::{Map, Value, json};

/// The policies of a namespace: one that denies everything, one that lets DNS out, and where it is asked for one that
/// lets the namespace's pods talk to each other. Their names are of this program, so that no policy is overwritten.
pub(super) fn policies(namespace: &str, allow_same_namespace: bool) -> Vec<Value> {
    let policy = |name: &str, mut spec: Value| {
        if let Value::Object(spec) = &mut spec {
            spec.insert("podSelector".to_owned(), json!({}));
        }
        json!({
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": format!("eks-config-rules-{name}"), "namespace": namespace},
            "spec": spec,
        })
    };
    let dns = json!({
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
        "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
    });
    let ports = json!([{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]);
    let mut policies = vec![
        policy("default-deny", json!({"policyTypes": ["Ingress", "Egress"]})),
        policy("allow-dns", json!({"policyTypes": ["Egress"], "egress": [{"to": [dns], "ports": ports}]})),
    ];
    if allow_same_namespace {
        let pods = json!([{"podSelector": {}}]);
        policies.push(policy(
            "allow-same-namespace",
            json!({"policyTypes": ["Ingress", "Egress"], "ingress": [{"from": pods}], "egress": [{"to": pods}]}),
        ));
    }
    policies
}

/// A patch that takes its rules from a policy of which each lets everything through.
pub(super) fn closed(namespace: &str, policy: &OpenPolicy) -> Value {
    let spec: Map<String, Value> = policy.only_open.iter().map(|list| ((*list).to_owned(), json!([]))).collect();
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": policy.name, "namespace": namespace},
        "spec": spec,
    })
}
