use crate::run::{judge, run, subjects};

/// What `kubectl get all,cronjobs -o yaml` shows of a Deployment with an old and a new ReplicaSet, a StatefulSet, a
/// CronJob with a finished Job, and a bare pod: pods first, and `kind: List` last.
const GET_ALL: &str = include_str!("../fixtures/get-all.yaml");

#[test]
fn what_kubectl_get_all_shows_is_judged_once_in_the_name_of_its_controllers() {
    let run = judge(GET_ALL);
    assert_eq!(
        subjects(&run),
        [
            "shop/CronJob/report[report] 1",
            "shop/Deployment/api[app] 1",
            "shop/Pod/debug[shell] 1",
            "shop/StatefulSet/db[db] 1"
        ],
        "{run:#?}"
    );
    run.notes("skipped 1 object of kinds that no rule reads: Service 1");
    run.notes("skipped 1 ReplicaSet with 0 replicas");
    run.notes("6 objects judged in the name of their controllers, which are there too");
}

/// The documents of a stream in the reverse order.
fn reversed(yaml: &str) -> String {
    yaml.split("---\n").collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("---\n")
}

const ROLLOUT: &str = r#"apiVersion: v1
kind: Pod
metadata:
  name: api-5d9c7b-x
  namespace: shop
  labels: {pod-template-hash: 5d9c7b}
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: api-5d9c7b, controller: true}]
spec:
  containers: [{name: app, image: nginx}]
---
apiVersion: apps/v1
kind: ReplicaSet
metadata:
  name: api-5d9c7b
  namespace: shop
  ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: api, controller: true}]
spec:
  replicas: 2
  template:
    metadata: {labels: {pod-template-hash: 5d9c7b}}
    spec:
      containers: [{name: app, image: nginx}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  template:
    spec:
      containers: [{name: app, image: nginx}]
"#;

#[test]
fn the_order_of_pods_and_their_controllers_does_not_matter() {
    assert_eq!(subjects(&judge(ROLLOUT)), ["shop/Deployment/api[app] 1"]);
    assert_eq!(subjects(&judge(&reversed(ROLLOUT))), ["shop/Deployment/api[app] 1"]);
}

#[test]
fn a_pod_is_folded_into_its_deployment_by_the_template_hash_where_the_replica_set_is_not_there() {
    let documents: Vec<&str> = ROLLOUT.split("---\n").collect();
    assert_eq!(subjects(&judge(&format!("{}---\n{}", documents[0], documents[2]))), ["shop/Deployment/api[app] 1"]);
}

#[test]
fn a_pod_whose_controller_is_not_there_is_judged_in_its_name() {
    let documents: Vec<&str> = ROLLOUT.split("---\n").collect();
    assert_eq!(subjects(&judge(documents[0])), ["shop/Deployment/api[app] 1"]);
    assert_eq!(
        subjects(&judge(&documents[0].replace("pod-template-hash", "other"))),
        ["shop/ReplicaSet/api-5d9c7b[app] 1"]
    );
}

#[test]
fn a_controller_of_another_namespace_is_not_the_controller() {
    let documents: Vec<&str> = ROLLOUT.split("---\n").collect();
    let elsewhere = documents[2].replace("namespace: shop", "namespace: other");
    assert_eq!(
        subjects(&judge(&format!("{}---\n{elsewhere}", documents[0]))),
        ["other/Deployment/api[app] 1", "shop/Deployment/api[app] 1"]
    );
}

#[test]
fn an_owner_that_is_not_the_controller_folds_nothing() {
    let two = ROLLOUT.replace(", controller: true", "");
    assert_eq!(subjects(&judge(&two)), ["shop/Deployment/api[app] 2", "shop/Pod/api-5d9c7b-x[app] 1"]);
}

#[test]
fn an_object_cannot_hide_behind_a_controller_that_kubernetes_would_not_give_it() {
    let own = r"
apiVersion: apps/v1
kind: Deployment
metadata:
  name: api
  ownerReferences: [{kind: Deployment, name: api, controller: true}]
spec: {template: {spec: {containers: [{name: app, image: nginx}]}}}
";
    assert_eq!(subjects(&judge(own)), ["default/Deployment/api[app] 1"]);
    let clean = r"
apiVersion: apps/v1
kind: Deployment
metadata: {name: clean}
spec: {template: {spec: {containers: [{name: app, image: nginx, securityContext: {allowPrivilegeEscalation: false}}]}}}
---
apiVersion: v1
kind: Pod
metadata:
  name: hidden
  ownerReferences: [{kind: Deployment, name: clean, controller: true}]
spec: {containers: [{name: app, image: nginx}]}
";
    assert_eq!(subjects(&judge(clean)), ["default/Deployment/clean[app] 1"], "the pod, in its owner's name");
    assert_eq!(judge(clean).json()[0]["counts"]["pods"], 2);
}

#[test]
fn a_replica_set_without_replicas_is_not_judged_and_folds_nothing() {
    let idle = r"
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: old}
spec: {replicas: 0, template: {spec: {containers: [{name: app, image: nginx}]}}}
";
    let run = judge(idle);
    assert_eq!((run.status, subjects(&run).len()), (0, 0), "{run:#?}");
    run.notes("skipped 1 ReplicaSet with 0 replicas");
    let with_pod = format!(
        "{idle}---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: old-x\n  ownerReferences: [{{kind: ReplicaSet, name: old, \
         controller: true}}]\nspec: {{containers: [{{name: app, image: nginx}}]}}\n"
    );
    assert_eq!(subjects(&judge(&with_pod)), ["default/ReplicaSet/old[app] 1"], "the pod still runs");
}

#[test]
fn a_static_pod_is_judged_though_its_controller_is_a_node() {
    let mirror = r#"
apiVersion: v1
kind: Pod
metadata:
  name: proxy-node-1
  namespace: kube-system
  annotations: {kubernetes.io/config.mirror: "6f1c"}
  ownerReferences: [{apiVersion: v1, kind: Node, name: node-1, controller: true}]
spec: {containers: [{name: app, image: nginx}]}
"#;
    let run = judge(mirror);
    assert_eq!(subjects(&run), ["kube-system/Pod/proxy-node-1[app] 1"]);
    assert_eq!(run.json()[0]["findings"][0]["mirror"], true);
}

#[test]
fn every_kind_with_a_pod_template_is_judged_in_its_own_name() {
    let kinds = [
        ("apps/v1", "DaemonSet"),
        ("apps/v1", "Deployment"),
        ("apps/v1", "ReplicaSet"),
        ("apps/v1", "StatefulSet"),
        ("batch/v1", "Job"),
        ("v1", "ReplicationController"),
    ];
    let template = "template: {spec: {containers: [{name: app, image: nginx}]}}";
    let mut documents: Vec<String> = kinds
        .iter()
        .map(|(version, kind)| {
            format!("apiVersion: {version}\nkind: {kind}\nmetadata: {{name: x}}\nspec:\n  {template}\n")
        })
        .collect();
    documents.push(format!(
        "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: x}}\nspec:\n  jobTemplate: {{spec: {{{template}}}}}\n"
    ));
    documents.push(format!("apiVersion: v1\nkind: PodTemplate\nmetadata: {{name: x}}\n{template}\n"));
    let run = judge(&documents.join("---\n"));
    let expected = [
        "CronJob",
        "DaemonSet",
        "Deployment",
        "Job",
        "PodTemplate",
        "ReplicaSet",
        "ReplicationController",
        "StatefulSet",
    ];
    assert_eq!(subjects(&run), expected.map(|kind| format!("default/{kind}/x[app] 1")));
}

#[test]
fn legacy_versions_of_the_same_shape_are_judged() {
    for (version, kind) in [
        ("extensions/v1beta1", "Deployment"),
        ("extensions/v1beta1", "DaemonSet"),
        ("apps/v1beta2", "StatefulSet"),
        ("batch/v1beta1", "Job"),
    ] {
        let document = crate::run::workload(version, kind, "old");
        assert_eq!(subjects(&judge(&document)), [format!("default/{kind}/old[app] 1")], "{version}");
    }
    let policy = "apiVersion: extensions/v1beta1\nkind: NetworkPolicy\nmetadata: {name: p}\nspec: {podSelector: {}}\n";
    assert_eq!(run(&["judge", "netPolCheck", "-f", "-"], policy).status, 0);
}

#[test]
fn replicas_whose_controller_never_comes_are_all_judged_each_with_its_own_name() {
    let replica = |name: &str, node: &str, image: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n  ownerReferences: [{{kind: ReplicaSet, name: r, controller: true}}]\n\
             spec:\n  nodeName: {node}\n  volumes: [{{name: token-{name}}}]\n  containers: [{{name: app, image: {image}}}]\n---\n"
        )
    };
    let stream = [replica("r-b", "n1", "x:1"), replica("r-a", "n2", "x:1"), replica("r-c", "n1", "x:2")].concat();
    let run = judge(&stream);
    assert_eq!(subjects(&run), ["default/ReplicaSet/r[app] 3"]);
    assert_eq!(run.json()[0]["findings"][0]["pod"], "r-a", "the first by name");
    let parameters = r#"{"trustedRegistries": "quay.io"}"#;
    let run =
        crate::run::run(&["judge", "trustedRegCheck", "-f", "-", "-o", "json", "--parameters", parameters], &stream);
    let findings = run.json()[0]["findings"].as_array().unwrap().clone();
    let images: Vec<_> = findings.iter().map(|finding| (finding["image"].clone(), finding["pods"].clone())).collect();
    assert_eq!(images, [("x:1".into(), 2.into()), ("x:2".into(), 1.into())], "{run:#?}");
}
