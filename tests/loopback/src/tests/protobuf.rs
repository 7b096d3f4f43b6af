//! Protobuf over the wire, decoded with k8s-pb's types.

use http::header::CONTENT_TYPE;
use k8s_pb::api::core::v1::PodList;
use k8s_pb::apimachinery::pkg::apis::meta::v1::Status;
use k8s_pb::apimachinery::pkg::runtime::Unknown;
use prost::Message;
use serde_json::json;

use super::client::{Presign, Response, get, get_accepting};
use super::worlds::{five_pods, names, start};
use crate::protobuf::PROTOBUF;
use crate::{ClusterSpec, World, WorldError, WorldSpec};

const EITHER: &str = "application/vnd.kubernetes.protobuf, application/json";

async fn ask(world: &World, path: &str, accept: &str) -> Response {
    let token = Presign::proper(world, "demo").token();
    get_accepting(world, "demo", path, &token, accept).await.unwrap()
}

/// What is in the envelope of an answer.
fn raw(answer: &Response) -> Vec<u8> {
    assert_eq!(answer.header(CONTENT_TYPE.as_str()), PROTOBUF);
    Unknown::decode(answer.bytes.strip_prefix(b"k8s\0").unwrap()).unwrap().raw.unwrap()
}

fn pods(answer: &Response) -> PodList {
    PodList::decode(raw(answer).as_slice()).unwrap()
}

#[tokio::test]
async fn the_same_pods_come_in_protobuf_and_in_json_page_by_page() {
    let world = start(ClusterSpec { generated_pods: 120, ..five_pods() }).await;
    let (mut in_protobuf, mut in_json, mut next) = (Vec::new(), Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/pods?limit=70{next}");
        in_json.extend(names(&get(&world, "demo", &path).await.unwrap().json()));
        let page = pods(&ask(&world, &path, EITHER).await);
        in_protobuf.extend(page.items.into_iter().map(|pod| pod.metadata.unwrap().name.unwrap()));
        let metadata = page.metadata.unwrap();
        match metadata.r#continue.filter(|token| !token.is_empty()) {
            Some(token) => next = format!("&continue={token}"),
            None => break,
        }
    }
    assert_eq!(in_protobuf.len(), 125);
    assert_eq!(in_protobuf, in_json);
}

#[tokio::test]
async fn a_generated_pod_differs_from_the_next_in_the_same_places_as_in_json() {
    let world = start(ClusterSpec { generated_pods: 3, ..ClusterSpec::new("demo", Vec::new()) }).await;
    let json = get(&world, "demo", "/api/v1/pods").await.unwrap().json();
    for (number, pod) in pods(&ask(&world, "/api/v1/pods", EITHER).await).items.into_iter().enumerate() {
        let (metadata, status) = (pod.metadata.unwrap(), pod.status.unwrap());
        let item = &json["items"][number];
        assert_eq!(json!(metadata.name), item["metadata"]["name"]);
        assert_eq!(json!(metadata.uid), item["metadata"]["uid"]);
        assert_eq!(json!(status.pod_ip), item["status"]["podIP"]);
    }
}

#[tokio::test]
async fn an_error_is_a_status_in_the_same_encoding() {
    let world = start(five_pods()).await;
    let answer = ask(&world, "/api/v1/pods?continue=!", EITHER).await;
    let status = Status::decode(raw(&answer).as_slice()).unwrap();
    assert_eq!((answer.status, status.code, status.reason.as_deref()), (400, Some(400), Some("BadRequest")));
    let answer = get_accepting(&world, "demo", "/api/v1/pods", "wrong", EITHER).await.unwrap();
    let status = Status::decode(raw(&answer).as_slice()).unwrap();
    assert_eq!((answer.status, status.reason.as_deref()), (401, Some("Unauthorized")));
    let answer = get_accepting(&world, "demo", "/api/v1/pods", "", EITHER).await.unwrap();
    let status = Status::decode(raw(&answer).as_slice()).unwrap();
    assert_eq!((answer.status, status.details.unwrap().kind.as_deref()), (403, Some("pods")));
}

#[tokio::test]
async fn a_kind_without_protobuf_is_json_or_not_acceptable() {
    let world = start(five_pods()).await;
    let path = "/api/v1/services";
    assert_eq!(ask(&world, path, EITHER).await.json()["kind"], "ServiceList");
    assert_eq!(ask(&world, path, PROTOBUF).await.status, 406);
}

#[tokio::test]
async fn a_cluster_that_knows_json_only_answers_in_it() {
    let world = start(ClusterSpec { json_only: true, generated_pods: 60, ..five_pods() }).await;
    assert_eq!(names(&ask(&world, "/api/v1/pods", EITHER).await.json()).len(), 65);
    assert_eq!(ask(&world, "/api/v1/pods?continue=!", EITHER).await.json()["code"], 400);
}

#[tokio::test]
async fn an_object_that_no_api_server_could_hold_keeps_the_world_from_starting() {
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "odd"}, "spec": {"containers": 7}});
    let cluster = ClusterSpec::new("demo", vec![pod]);
    let spec = WorldSpec::with_clusters(vec![cluster.clone()]);
    let error = World::start(spec).await.unwrap_err();
    assert!(matches!(&error, WorldError::Object { source, .. } if source.path == "spec.containers"), "{error:?}");
    World::start(WorldSpec::with_clusters(vec![ClusterSpec { json_only: true, ..cluster }])).await.unwrap();
}

#[tokio::test]
async fn a_page_comes_as_late_as_the_cluster_says() {
    let delay = std::time::Duration::from_millis(60);
    let world = start(ClusterSpec { page_delay: delay, ..five_pods() }).await;
    let begun = std::time::Instant::now();
    get(&world, "demo", "/api/v1/pods?limit=2").await.unwrap();
    assert!(begun.elapsed() >= delay);
}
