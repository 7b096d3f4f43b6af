use std::path::Path;
use std::process::Command;

use crate::run::{DEPLOYMENT, directory, run};

/// The places of the results of one rule, as `file:line:column subject`.
fn places(directory: &Path, rule: &str, files: &[&str]) -> Vec<String> {
    let mut arguments = vec!["judge", rule, "--output", "sarif"];
    for file in files {
        arguments.extend(["-f", file]);
    }
    let run = run(directory, &[], &arguments, "");
    let log = run.json();
    let results = log["runs"][0]["results"].as_array().unwrap().clone();
    let place = |result: &serde_json::Value| {
        let location = &result["locations"][0];
        let name = location["logicalLocations"].as_array().unwrap().last().unwrap()["fullyQualifiedName"].clone();
        let place = &location["physicalLocation"];
        if place.is_null() {
            return format!("nowhere {}", name.as_str().unwrap());
        }
        format!(
            "{}:{}:{} {}",
            place["artifactLocation"]["uri"].as_str().unwrap(),
            place["region"]["startLine"],
            place["region"]["startColumn"],
            name.as_str().unwrap()
        )
    };
    results.iter().map(place).collect()
}

#[test]
fn block_and_flow_style_lists_anchors_and_merge_keys_have_their_places() {
    let manifests = "\
# A comment.
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: web}
spec:
  template:
    spec:
      initContainers:
      - &base
        image: busybox
        name: init
      containers:
        - {name: flow, image: nginx}
        - <<: *base
          name: merged
---
apiVersion: v1
kind: List
items:
- apiVersion: batch/v1
  kind: CronJob
  metadata: {name: nightly}
  spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: a}, {name: ä, image: x}]}}}}}
";
    let directory = directory("block_and_flow", &[("all.yaml", manifests)]);
    assert_eq!(
        places(&directory, "privEscalation", &["all.yaml"]),
        [
            "all.yaml:23:62 default/CronJob/nightly/a",
            "all.yaml:23:73 default/CronJob/nightly/ä",
            "all.yaml:13:11 web/StatefulSet/db/flow",
            "all.yaml:10:9 web/StatefulSet/db/init",
            "all.yaml:14:11 web/StatefulSet/db/merged",
        ]
    );
}

#[test]
fn json_has_places_also_of_typed_lists_and_of_several_values() {
    let json = "\n{\"kind\": \"PodList\", \"apiVersion\": \"v1\", \"items\": [\n  {\"metadata\": {\"name\": \"p\\u0071\"}, \"spec\": \
                {\"containers\": [\n    {\"name\": \"first\"}]}}]}\n{\"items\": [{\"metadata\": {\"name\": \"late\"}, \"spec\": \
                {\"containers\": [{\"name\": \"second\"}]}}], \"apiVersion\": \"v1\", \"kind\": \"PodList\"}\n";
    let directory = directory("json_places", &[("pods.json", json)]);
    assert_eq!(
        places(&directory, "privEscalation", &["pods.json"]),
        ["pods.json:5:67 default/Pod/late/second", "pods.json:4:5 default/Pod/pq/first"]
    );
}

#[test]
fn items_of_a_typed_list_within_a_list_have_their_places() {
    let within = "{\"kind\": \"List\", \"apiVersion\": \"v1\", \"items\": [\n{\"kind\": \"PodList\", \"apiVersion\": \"v1\", \
                  \"items\": [\n{\"metadata\": {\"name\": \"p\"}, \"spec\": {\"containers\": [{\"name\": \"a\"}]}}]}]}\n";
    let directory = directory("json_places_within", &[("pods.json", within)]);
    assert_eq!(places(&directory, "privEscalation", &["pods.json"]), ["pods.json:3:53 default/Pod/p/a"]);
}

#[test]
fn the_place_is_that_of_the_owner_and_not_of_a_pod_that_it_controls() {
    let pod = "\
apiVersion: v1
kind: Pod
metadata:
  name: api-5d4-x
  namespace: web
  labels: {pod-template-hash: 5d4}
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: api-5d4, controller: true, uid: a}]
spec:
  containers:
  - name: app
    image: docker.io/library/nginx:1
";
    let directory = directory("owner_place", &[("a-pod.yaml", pod), ("deployment.yaml", DEPLOYMENT)]);
    assert_eq!(
        places(&directory, "privEscalation", &["a-pod.yaml", "deployment.yaml"]),
        ["deployment.yaml:10:9 web/Deployment/api/app"]
    );
    assert_eq!(places(&directory, "privEscalation", &["a-pod.yaml"]), ["a-pod.yaml:10:5 web/Deployment/api/app"]);
}

#[test]
fn a_namespace_is_where_it_is_declared_or_else_where_it_is_first_named() {
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: web}\n";
    let directory = directory("namespace_place", &[("app.yaml", DEPLOYMENT), ("ns.yaml", namespace)]);
    assert_eq!(places(&directory, "netPolCheck", &["app.yaml"]), ["app.yaml:1:1 web"]);
    assert_eq!(places(&directory, "netPolCheck", &["app.yaml", "ns.yaml"]), ["ns.yaml:1:1 web"]);
}

#[test]
fn a_path_becomes_a_uri_relative_or_absolute() {
    let directory = directory("uri", &[("a dir/ä%.yaml", DEPLOYMENT)]);
    assert_eq!(places(&directory, "netPolCheck", &["./a dir"]), ["a%20dir/%C3%A4%25.yaml:1:1 web"]);
    let absolute = directory.join("a dir");
    let place = places(&directory, "netPolCheck", &[absolute.to_str().unwrap()]).remove(0);
    assert!(place.starts_with("file:///") && place.ends_with("/a%20dir/%C3%A4%25.yaml:1:1 web"), "{place}");
}

#[test]
fn a_pipe_is_read_once_and_has_its_places() {
    let directory = directory("pipe", &[("app.yaml", DEPLOYMENT)]);
    let output = Command::new("bash")
        .args(["-c", r#""$0" judge privEscalation --output sarif -f <(cat app.yaml)"#])
        .arg(env!("CARGO_BIN_EXE_eks-config-rules"))
        .current_dir(directory)
        .output()
        .unwrap();
    let log: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let region = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"];
    assert_eq!((&region["startLine"], &region["startColumn"]), (&10.into(), &9.into()));
}
