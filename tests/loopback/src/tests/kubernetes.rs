//! Lists, objects, discovery and refusals, as a real API server gives them.

use serde_json::{Value, json};

use super::client::{Presign, get, get_http2, get_with};
use super::worlds::{five_pods, names, start};
use crate::objects::{config_map, pod};
use crate::{ClusterSpec, ResourceKind};

const PODS: &str = "/api/v1/pods";

#[tokio::test]
async fn pages_follow_each_other_until_there_is_no_continue() {
    let world = start(five_pods()).await;
    let first = get(&world, "demo", &format!("{PODS}?limit=2")).await.unwrap().json();
    // etcd's order is that of the keys.
    assert_eq!(names(&first), ["five", "four"]);
    assert_eq!((&first["kind"], &first["apiVersion"]), (&json!("PodList"), &json!("v1")));
    assert_eq!(first["metadata"]["remainingItemCount"], 3);
    let token = first["metadata"]["continue"].as_str().unwrap();
    let second = get(&world, "demo", &format!("{PODS}?limit=2&continue={token}")).await.unwrap().json();
    assert_eq!(names(&second), ["one", "three"]);
    assert_eq!(second["metadata"]["remainingItemCount"], 1);
    let token = second["metadata"]["continue"].as_str().unwrap();
    let last = get(&world, "demo", &format!("{PODS}?limit=2&continue={token}")).await.unwrap().json();
    assert_eq!(names(&last), ["two"]);
    assert_eq!(last["metadata"], json!({"resourceVersion": "184467"}));
}

#[tokio::test]
async fn the_metadata_stands_before_the_items() {
    let world = start(five_pods()).await;
    let text = get(&world, "demo", &format!("{PODS}?limit=2")).await.unwrap().text;
    assert!(text.find("\"continue\"").unwrap() < text.find("\"items\"").unwrap());
}

#[tokio::test]
async fn without_a_limit_everything_comes_at_once() {
    let world = start(five_pods()).await;
    assert_eq!(names(&get(&world, "demo", PODS).await.unwrap().json()).len(), 5);
    let token = get(&world, "demo", &format!("{PODS}?limit=2")).await.unwrap().json()["metadata"]["continue"].clone();
    let rest = get(&world, "demo", &format!("{PODS}?continue={}", token.as_str().unwrap())).await.unwrap().json();
    assert_eq!(names(&rest), ["one", "three", "two"]);
}

#[tokio::test]
async fn resource_version_zero_ignores_the_limit() {
    let world = start(five_pods()).await;
    let all = get(&world, "demo", &format!("{PODS}?limit=2&resourceVersion=0")).await.unwrap().json();
    assert_eq!(names(&all).len(), 5);
    assert!(all["metadata"]["continue"].is_null());
}

#[tokio::test]
async fn a_broken_continue_and_one_with_a_resource_version_are_bad_requests() {
    let world = start(five_pods()).await;
    let token = get(&world, "demo", &format!("{PODS}?limit=2")).await.unwrap().json()["metadata"]["continue"].clone();
    let token = token.as_str().unwrap();
    for query in [
        "limit=2&continue=!".to_owned(),
        "limit=2&continue=abcd".to_owned(),
        // {"v":"v1","start":"2"}
        "limit=2&continue=eyJ2IjoidjEiLCJzdGFydCI6IjIifQ".to_owned(),
        format!("limit=2&continue={token}&resourceVersion=184467"),
        format!("limit=2&continue={token}&resourceVersion=0"),
        "limit=two".to_owned(),
        "fieldSelector=spec.hostNetwork%3Dtrue".to_owned(),
    ] {
        let answer = get(&world, "demo", &format!("{PODS}?{query}")).await.unwrap();
        assert_eq!((answer.status, &answer.json()["reason"]), (400, &json!("BadRequest")), "{query}");
    }
}

#[tokio::test]
async fn a_continue_of_another_resource_gives_a_wrong_list_silently() {
    let world = start(five_pods()).await;
    let token = get(&world, "demo", &format!("{PODS}?limit=2")).await.unwrap().json()["metadata"]["continue"].clone();
    let path = format!("/api/v1/namespaces?limit=2&continue={}", token.as_str().unwrap());
    let answer = get(&world, "demo", &path).await.unwrap();
    assert_eq!((answer.status, names(&answer.json())), (200, Vec::new()));
}

#[tokio::test]
async fn a_selector_drops_what_does_not_match_and_the_count_of_the_rest() {
    let mut spec = five_pods();
    spec.objects.push(pod("default", "finished", |pod| pod["status"]["phase"] = json!("Succeeded")));
    spec.generated_pods = 3;
    let world = start(spec).await;
    let path = format!("{PODS}?limit=4&fieldSelector=status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed");
    let page = get(&world, "demo", &path).await.unwrap().json();
    assert_eq!(names(&page), ["five", "four", "one", "three"]);
    assert!(page["metadata"]["continue"].is_string() && page["metadata"]["remainingItemCount"].is_null());
    let path = format!("{PODS}?labelSelector=app.kubernetes.io%2Fname%3Dtwo");
    assert_eq!(names(&get(&world, "demo", &path).await.unwrap().json()), ["two"]);
    let in_namespace = get(&world, "demo", "/api/v1/namespaces/load-01/pods").await.unwrap().json();
    assert_eq!(names(&in_namespace).len(), 1);
}

#[tokio::test]
async fn without_a_token_one_is_anonymous_and_forbidden() {
    let world = start(five_pods()).await;
    let answer = get_with(&world, "demo", PODS, "").await.unwrap();
    let status = answer.json();
    assert_eq!((answer.status, &status["reason"]), (403, &json!("Forbidden")));
    assert_eq!(
        status["message"],
        "pods is forbidden: User \"system:anonymous\" cannot list resource \"pods\" in API group \"\" at the cluster scope"
    );
}

#[tokio::test]
async fn a_denied_resource_is_forbidden_in_the_words_of_rbac() {
    let denied = ["pods", "networkpolicies", "configmaps", "/apis"].map(str::to_owned).to_vec();
    let world = start(ClusterSpec { denied, ..five_pods() }).await;
    let user = "arn:aws:sts::111122223333:assumed-role/eks-config-rules-function/function";
    for (path, message) in [
        (
            PODS,
            format!(
                "pods is forbidden: User \"{user}\" cannot list resource \"pods\" in API group \"\" at the cluster scope"
            ),
        ),
        (
            "/apis/networking.k8s.io/v1/networkpolicies",
            format!(
                "networkpolicies.networking.k8s.io is forbidden: User \"{user}\" cannot list resource \"networkpolicies\" in API \
                 group \"networking.k8s.io\" at the cluster scope"
            ),
        ),
        (
            "/api/v1/namespaces/kube-system/configmaps/amazon-vpc-cni",
            format!(
                "configmaps \"amazon-vpc-cni\" is forbidden: User \"{user}\" cannot get resource \"configmaps\" in API group \"\" \
                 in the namespace \"kube-system\""
            ),
        ),
        ("/apis", format!("forbidden: User \"{user}\" cannot get path \"/apis\"")),
    ] {
        let answer = get(&world, "demo", path).await.unwrap();
        assert_eq!((answer.status, answer.json()["message"].as_str().unwrap()), (403, message.as_str()));
    }
    assert_eq!(get(&world, "demo", "/api/v1/secrets").await.unwrap().status, 403, "secrets are never granted");
    assert_eq!(get(&world, "demo", "/api/v1/namespaces").await.unwrap().status, 200);
}

#[tokio::test]
async fn one_object_is_whole_and_an_absent_one_is_not_found() {
    let mut spec = five_pods();
    spec.objects.push(config_map("kube-system", "amazon-vpc-cni", &[("enable-network-policy-controller", "true")]));
    let world = start(spec).await;
    let found = get(&world, "demo", "/api/v1/namespaces/kube-system/configmaps/amazon-vpc-cni").await.unwrap().json();
    assert_eq!((&found["kind"], &found["apiVersion"]), (&json!("ConfigMap"), &json!("v1")));
    let absent = get(&world, "demo", "/api/v1/namespaces/kube-system/configmaps/other").await.unwrap();
    let status = absent.json();
    assert_eq!((absent.status, &status["reason"]), (404, &json!("NotFound")));
    assert_eq!(status["details"], json!({"name": "other", "kind": "configmaps"}));
}

#[tokio::test]
async fn custom_resources_are_discovered_and_listed_and_absent_ones_are_not_found() {
    let mut spec = five_pods();
    spec.objects.push(json!({
        "apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": {"namespace": "default", "name": "deny"}, "spec": {},
    }));
    spec.served.push(ResourceKind::new("projectcalico.org", "v3", "GlobalNetworkPolicy", false));
    let world = start(spec).await;
    let groups = get(&world, "demo", "/apis").await.unwrap().json();
    let groups: Vec<&str> =
        groups["groups"].as_array().unwrap().iter().map(|group| group["name"].as_str().unwrap()).collect();
    assert_eq!(groups, ["apps", "batch", "cilium.io", "networking.k8s.io", "projectcalico.org"]);
    let resources = get(&world, "demo", "/apis/cilium.io/v2").await.unwrap().json();
    assert_eq!(
        (&resources["resources"][0]["name"], &resources["resources"][0]["namespaced"]),
        (&json!("ciliumnetworkpolicies"), &json!(true))
    );
    let list = get(&world, "demo", "/apis/cilium.io/v2/ciliumnetworkpolicies").await.unwrap().json();
    assert_eq!((&list["kind"], names(&list)), (&json!("CiliumNetworkPolicyList"), vec!["deny".to_owned()]));
    let empty = get(&world, "demo", "/apis/projectcalico.org/v3/globalnetworkpolicies").await.unwrap().json();
    assert_eq!(empty["items"], Value::Array(Vec::new()));
    let absent = get(&world, "demo", "/apis/crd.projectcalico.org/v1/networkpolicies").await.unwrap();
    assert_eq!((absent.status, absent.text.as_str()), (404, "404 page not found\n"));
}

#[tokio::test]
async fn http2_is_spoken_where_it_is_offered() {
    let world = start(five_pods()).await;
    let token = Presign::proper(&world, "demo").token();
    let answer = get_http2(&world, "demo", &format!("{PODS}?limit=2"), &token).await.unwrap();
    assert_eq!(names(&answer.json()), ["five", "four"]);
}

#[tokio::test]
async fn the_kubeconfig_holds_what_reaches_the_cluster() {
    let world = start(five_pods()).await;
    let kubeconfig = world.kubeconfig("demo").unwrap();
    let token = kubeconfig.lines().find_map(|line| line.trim().strip_prefix("token: ")).unwrap();
    assert!(kubeconfig.contains(&format!("server: {}", world.kubernetes_endpoint("demo").unwrap())), "{kubeconfig}");
    assert_eq!(get_with(&world, "demo", PODS, token).await.unwrap().status, 200);
    assert!(world.kubeconfig("other").is_err());
}

#[tokio::test]
async fn requests_are_remembered_in_order() {
    let world = start(five_pods()).await;
    get(&world, "demo", &format!("{PODS}?limit=2")).await.unwrap();
    get_with(&world, "demo", "/api/v1/namespaces", "nonsense").await.unwrap();
    let requests = world.kubernetes_requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(
        (requests[0].path.as_str(), requests[0].status, requests[0].accept.as_str()),
        (PODS, 200, "application/json")
    );
    assert_eq!(requests[0].query, [("limit".to_owned(), "2".to_owned())]);
    assert_eq!((requests[1].status, requests[1].user.as_ref()), (401, None));
}
