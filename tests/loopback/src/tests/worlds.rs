//! The worlds that the tests start from, and the demo's.

use std::collections::BTreeSet;

use serde_json::Value;

use super::client::get;
use crate::objects::{namespace, network_policy, pod};
use crate::{ClusterSpec, EndpointKind, World, WorldSpec, demo_world};

/// Five pods `one` to `five` in `default`, in one cluster `demo`.
pub(super) fn five_pods() -> ClusterSpec {
    let mut objects = vec![namespace("default"), network_policy("default", "deny")];
    objects.extend(["one", "two", "three", "four", "five"].map(|name| pod("default", name, |_| {})));
    ClusterSpec::new("demo", objects)
}

pub(super) async fn start(cluster: ClusterSpec) -> World {
    World::start(WorldSpec::with_clusters(vec![cluster])).await.unwrap()
}

/// The names of a list's items.
pub(super) fn names(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().unwrap();
    items.iter().map(|item| item["metadata"]["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_demo_has_a_clean_a_violating_and_a_private_cluster() {
    let world = World::start(demo_world(Some(450))).await.unwrap();
    let pods = get(&world, "violations", "/api/v1/pods").await.unwrap().json();
    let count = pods["items"].as_array().unwrap().len();
    let clean = get(&world, "clean", "/api/v1/pods").await.unwrap().json();
    let clean = clean["items"].as_array().unwrap().len();
    assert_eq!(count, clean + 17 + 450);
    assert_eq!(names(&pods).into_iter().collect::<BTreeSet<_>>().len(), count, "no two pods share a name");
    let namespaces = names(&get(&world, "violations", "/api/v1/namespaces").await.unwrap().json());
    assert!(namespaces.contains(&"legacy".to_owned()) && namespaces.contains(&"load-09".to_owned()), "{namespaces:?}");
    let refused = get(&world, "private", "/api/v1/pods").await.unwrap_err();
    assert_eq!(
        refused.downcast_ref::<std::io::Error>().map(std::io::Error::kind),
        Some(std::io::ErrorKind::ConnectionRefused)
    );
}

#[tokio::test]
async fn every_demo_pod_lives_in_a_namespace_that_is_there_and_has_what_kubectl_shows() {
    let world = World::start(demo_world(Some(20))).await.unwrap();
    for cluster in ["clean", "violations"] {
        let namespaces = names(&get(&world, cluster, "/api/v1/namespaces").await.unwrap().json());
        let pods = get(&world, cluster, "/api/v1/pods").await.unwrap().json();
        for pod in pods["items"].as_array().unwrap() {
            let name = &pod["metadata"]["name"];
            let text = pod.to_string();
            assert!(!text.contains("@@"), "{name}: a marker was left");
            assert!(namespaces.iter().any(|namespace| pod["metadata"]["namespace"] == **namespace), "{name}");
            assert!(pod["metadata"]["managedFields"].is_array(), "{name}");
            assert!(pod["status"]["containerStatuses"].is_array(), "{name}");
            assert!(pod.get("kind").is_none() && pod.get("apiVersion").is_none(), "{name}: list items have no kind");
        }
    }
}

#[tokio::test]
async fn a_generated_pod_is_as_large_as_a_real_one() {
    let world = start(ClusterSpec { generated_pods: 1000, ..ClusterSpec::new("demo", Vec::new()) }).await;
    let page = get(&world, "demo", "/api/v1/pods?limit=200").await.unwrap().text;
    let each = page.len() / 200;
    assert!((8_000..=12_000).contains(&each), "{each} bytes");
}

#[tokio::test]
async fn the_same_generated_pod_comes_out_on_every_page_cut() {
    let world = start(ClusterSpec { generated_pods: 300, ..five_pods() }).await;
    let whole = get(&world, "demo", "/api/v1/pods").await.unwrap().json();
    let mut paged = Vec::new();
    let mut path = "/api/v1/pods?limit=70".to_owned();
    loop {
        let page = get(&world, "demo", &path).await.unwrap().json();
        paged.extend(page["items"].as_array().unwrap().clone());
        match page["metadata"]["continue"].as_str() {
            Some(token) => path = format!("/api/v1/pods?limit=70&continue={token}"),
            None => break,
        }
    }
    assert_eq!(paged.len(), 305);
    assert_eq!(Value::Array(paged), whole["items"]);
}

#[tokio::test]
async fn a_custom_profile_changes_the_pods_of_a_deployment() {
    let tweak = std::sync::Arc::new(|deployment: usize, pod: &mut Value| {
        if deployment == 1 {
            pod["spec"]["hostNetwork"] = serde_json::json!(true);
        }
    });
    let spec = ClusterSpec {
        generated_pods: 3,
        generated_profile: crate::PodProfile::Custom(tweak),
        ..ClusterSpec::new("demo", Vec::new())
    };
    let pods = get(&start(spec).await, "demo", "/api/v1/pods").await.unwrap().json();
    let host: Vec<bool> =
        pods["items"].as_array().unwrap().iter().map(|pod| pod["spec"]["hostNetwork"] == true).collect();
    assert_eq!(host, [false, true, false]);
}

#[tokio::test]
async fn a_wrong_authority_and_a_wrong_host_fail_the_handshake() {
    for (endpoint, words) in
        [(EndpointKind::WrongCa, "UnknownIssuer|BadSignature"), (EndpointKind::WrongHost, "NotValidForName")]
    {
        let world = start(ClusterSpec { endpoint, ..five_pods() }).await;
        let error = format!("{:?}", get(&world, "demo", "/api/v1/pods").await.unwrap_err());
        assert!(words.split('|').any(|word| error.contains(word)), "{endpoint:?}: {error}");
        assert!(world.kubernetes_requests().is_empty());
    }
}
