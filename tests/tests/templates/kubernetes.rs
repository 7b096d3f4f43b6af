//! The manifests are what Kubernetes takes, and let the functions see what they read and nothing else.

use std::collections::BTreeSet;
use std::process::Command;

use acceptance::{binary, workspace};
use eks_rules::Kind;
use k8s_openapi::api::batch::v1::CronJob;
use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, Role, RoleBinding};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::template::text;
use crate::yaml::documents;

const CLUSTER_ROLE: &str = "infra/kubernetes/cluster-role.yaml";
const KUBE_BENCH: &str = "infra/kubernetes/kube-bench.yaml";

fn manifests(path: &str) -> Vec<Value> {
    documents(&text(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn manifest(path: &str, kind: &str) -> Value {
    let found: Vec<Value> = manifests(path).into_iter().filter(|object| object["kind"] == kind).collect();
    let [one] = found.as_slice() else { panic!("{path} has {} of kind {kind}", found.len()) };
    one.clone()
}

/// Decodes an object as its kind, and finds that nothing was dropped.
fn decodes<T: DeserializeOwned + serde::Serialize>(object: &Value) {
    let decoded: T = serde_json::from_value(object.clone()).unwrap_or_else(|error| panic!("{error}: {object}"));
    let kept = serde_json::to_value(decoded).unwrap();
    assert_eq!(&kept, object, "a field was dropped that the kind does not have");
}

fn rights(role: &Value) -> BTreeSet<String> {
    let mut rights = BTreeSet::new();
    let words = |value: &Value| -> Vec<String> {
        value.as_array().into_iter().flatten().map(|word| word.as_str().unwrap().to_owned()).collect()
    };
    for rule in role["rules"].as_array().unwrap() {
        for group in words(&rule["apiGroups"]) {
            for resource in words(&rule["resources"]) {
                for verb in words(&rule["verbs"]) {
                    let names = words(&rule["resourceNames"]).join(",");
                    let named = if names.is_empty() { String::new() } else { format!(" {names}") };
                    assert!(rights.insert(format!("{verb} {group} {resource}{named}")), "{resource} stands twice");
                }
            }
        }
    }
    rights
}

#[test]
fn every_manifest_decodes_as_its_kind_without_a_field_too_many() {
    for path in [CLUSTER_ROLE, KUBE_BENCH] {
        for object in manifests(path) {
            match object["kind"].as_str().unwrap() {
                "ClusterRole" => decodes::<ClusterRole>(&object),
                "ClusterRoleBinding" => decodes::<ClusterRoleBinding>(&object),
                "CronJob" => decodes::<CronJob>(&object),
                "Namespace" => decodes::<Namespace>(&object),
                "NetworkPolicy" => decodes::<NetworkPolicy>(&object),
                "Role" => decodes::<Role>(&object),
                "RoleBinding" => decodes::<RoleBinding>(&object),
                "ServiceAccount" => decodes::<ServiceAccount>(&object),
                other => panic!("{path}: {other}"),
            }
        }
    }
}

#[test]
fn the_functions_may_list_the_kinds_that_they_read_and_nothing_else() {
    let mut expected = BTreeSet::new();
    for kind in Kind::ALL.iter().filter(|kind| kind.kubernetes() && kind.single().is_none()) {
        expected.insert(format!("list {} {}", kind.group(), kind.plural()));
    }
    assert_eq!(rights(&manifest(CLUSTER_ROLE, "ClusterRole")), expected);
    let single: Vec<(&str, &str)> = Kind::ALL.iter().filter_map(|kind| kind.single()).collect();
    assert_eq!(single, [("kube-system", "amazon-vpc-cni")]);
    let role = manifest(CLUSTER_ROLE, "Role");
    assert_eq!(role["metadata"]["namespace"], "kube-system");
    assert_eq!(rights(&role), BTreeSet::from(["get  configmaps amazon-vpc-cni".to_owned()]));
}

#[test]
fn the_rights_are_bound_to_the_group_of_the_access_entries_alone() {
    let group = json!([{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "eks-config-rules"}]);
    for (kind, role) in [("ClusterRoleBinding", "ClusterRole"), ("RoleBinding", "Role")] {
        let binding = manifest(CLUSTER_ROLE, kind);
        assert_eq!(binding["subjects"], group);
        assert_eq!(binding["roleRef"]["kind"], role);
        assert_eq!(binding["roleRef"]["name"], manifest(CLUSTER_ROLE, role)["metadata"]["name"]);
    }
    let entries = crate::template::Template::read("infra/access-entry.yaml").of_type("AWS::EKS::AccessEntry");
    assert_eq!(entries.len(), 4);
    for (id, entry) in entries {
        assert_eq!(entry["Properties"]["KubernetesGroups"], json!(["eks-config-rules"]), "{id}");
        assert_eq!(entry["Properties"]["Type"], "STANDARD", "{id}");
        assert!(entry["Properties"]["AccessPolicies"].is_null(), "{id}");
    }
    let lines = manifests("infra/kubernetes/aws-auth.yaml").remove(0);
    for line in lines.as_array().unwrap() {
        assert_eq!(line["groups"], json!(["eks-config-rules"]));
        assert!(!line["rolearn"].as_str().unwrap().split_once(":role/").unwrap().1.contains('/'), "{line}");
    }
}

#[test]
fn kube_bench_may_list_what_its_checks_list_and_no_secrets() {
    let expected = [
        "list  namespaces",
        "list  pods",
        "list  replicationcontrollers",
        "list  serviceaccounts",
        "list  services",
        "list apps daemonsets",
        "list apps deployments",
        "list apps replicasets",
        "list apps statefulsets",
        "list autoscaling horizontalpodautoscalers",
        "list batch cronjobs",
        "list batch jobs",
        "list networking.k8s.io networkpolicies",
        "list rbac.authorization.k8s.io clusterrolebindings",
        "list rbac.authorization.k8s.io clusterroles",
        "list rbac.authorization.k8s.io roles",
    ];
    assert_eq!(rights(&manifest(KUBE_BENCH, "ClusterRole")), expected.map(str::to_owned).into());
    let subject = json!([{"kind": "ServiceAccount", "name": "kube-bench", "namespace": "kube-bench"}]);
    assert_eq!(manifest(KUBE_BENCH, "ClusterRoleBinding")["subjects"], subject);
}

#[test]
fn kube_bench_runs_weekly_and_changes_nothing_on_the_node() {
    let job = manifest(KUBE_BENCH, "CronJob");
    assert_eq!(job["spec"]["schedule"].as_str().unwrap().split(' ').nth(4), Some("1"), "on one day of the week");
    let pod = &job["spec"]["jobTemplate"]["spec"]["template"]["spec"];
    let host: Vec<&Value> =
        pod["volumes"].as_array().unwrap().iter().filter(|one| one["hostPath"].is_object()).collect();
    for volume in host {
        let mounts = pod["containers"][0]["volumeMounts"].as_array().unwrap().iter();
        for mount in mounts.filter(|mount| mount["name"] == volume["name"]) {
            assert_eq!(mount["readOnly"], true, "{mount}");
        }
    }
    assert_eq!(pod["containers"][0]["securityContext"]["capabilities"]["drop"], json!(["ALL"]));
}

#[test]
fn kube_bench_itself_complies_with_the_three_rules() {
    let judged = Command::new(binary("eks-config-rules"))
        .args(["judge", "-f", KUBE_BENCH, "--no-progress", "--parameters"])
        .arg(r#"{"netPolCheck": {"requires": "default-deny-ingress"}, "trustedRegCheck": {"trustedRegistries": "docker.io/aquasec"}}"#)
        .current_dir(workspace())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&judged.stdout) + String::from_utf8_lossy(&judged.stderr);
    assert_eq!(judged.status.code(), Some(0), "{said}");
}

#[test]
fn the_kustomization_names_files_that_are_there() {
    let kustomization = manifests("infra/kubernetes/kustomization.yaml").remove(0);
    assert_eq!(kustomization["resources"], json!(["cluster-role.yaml"]));
    assert!(workspace().join(CLUSTER_ROLE).exists());
}
