//! What goes wrong between a function and the Kubernetes API, beyond the fault matrix: how often is asked, with what, and
//! odd bodies; on the first page of a list, on a later one, on the last.
//!
//! A fault that passes changes nothing of what is reported. One that stays makes the cluster *not judged*: nothing is
//! said of it, least of all that it complies, and the other clusters are reported.

use std::collections::BTreeMap;

use acceptance::{Event, Run, annotations, clean_pod, compliant, escalating_pod, pods_in_pages, verdicts, world};
use eks_rules::RuleName;
use loopback::objects::{namespace, network_policy};
use loopback::{ClusterSpec, Fault, FaultAction, ResourceKind, World};
use serde_json::json;

/// The clusters that a fault strikes, and how many pages of pods are answered properly before. `plain` answers in JSON,
/// the others in protobuf.
const STRUCK: [(&str, usize); 4] = [("first", 0), ("later", 1), ("last", 2), ("plain", 1)];

/// A cluster whose pods are three pages of two. Only the very last pod may escalate, if any.
fn three_pages(name: &str, last_escalates: bool) -> ClusterSpec {
    let mut objects = vec![namespace("shop"), network_policy("shop", "default-deny")];
    objects.extend((1..6).map(|number| clean_pod(&format!("app-{number}"))));
    objects.push(if last_escalates { escalating_pod("app-6") } else { clean_pod("app-6") });
    ClusterSpec { json_only: name == "plain", ..ClusterSpec::new(name, objects) }
}

/// A world of the struck clusters and `beside`, which nothing strikes.
async fn struck(action: &FaultAction, times: usize, last_escalates: bool) -> World {
    let names = STRUCK.iter().map(|(name, _)| *name).chain(["beside"]);
    let world = world(names.map(|name| three_pages(name, last_escalates)).collect()).await;
    for (name, after) in STRUCK {
        world.script(Fault::kubernetes(name, "pods", action.clone()).after(after).times(times));
    }
    pods_in_pages(&world, "*", 2);
    world
}

fn schedule() -> Event {
    Event::schedule(RuleName::PrivEscalation)
}

/// Strikes so many times, and expects that the same is said of the struck clusters as of the one beside them.
#[track_caller]
fn recovered(world: &World, run: &Run) {
    run.succeeded();
    let annotations = annotations(world);
    assert!(annotations["beside"].starts_with("1 of 6 containers"), "{annotations:?}");
    for (name, _) in STRUCK {
        assert_eq!(annotations[name], annotations["beside"], "{name}");
        assert_eq!(verdicts(world)[name], "NON_COMPLIANT", "{name}");
    }
}

/// Strikes for good, and expects that nothing is said of the struck clusters, and their failure is told in these words.
async fn gives_up(action: FaultAction, parts: &[&str]) -> World {
    let world = struck(&action, usize::MAX, false).await;
    let run = schedule().run(&world).await;
    let message = run.failed_with("ClustersNotJudged", &["4 of 5 clusters not judged: "]);
    let told = by_cluster(message);
    for (name, _) in STRUCK {
        for part in parts {
            assert!(told[name].contains(part), "{name}: {part:?} is not in {:?}", told[name]);
        }
    }
    only_beside(&world);
    world
}

/// What the message tells of each cluster.
fn by_cluster(message: &str) -> BTreeMap<String, String> {
    let (_, told) = message.split_once("not judged: ").expect("the message begins with numbers");
    // Clusters are told in order, and no other text of these tests ends in their names.
    let names = STRUCK.map(|(name, _)| name);
    let mut starts: Vec<(usize, &str)> =
        names.iter().filter_map(|name| told.find(&format!("{name}: ")).map(|at| (at, *name))).collect();
    starts.sort_unstable();
    let ends = starts.iter().skip(1).map(|(at, _)| *at).chain([told.len()]);
    starts.iter().zip(ends).map(|((at, name), end)| ((*name).to_owned(), told[*at..end].to_owned())).collect()
}

#[track_caller]
fn only_beside(world: &World) {
    let said: Vec<_> = verdicts(world).into_iter().collect();
    assert_eq!(said, [("beside".to_owned(), "COMPLIANT".to_owned())]);
}

#[tokio::test]
async fn several_faults_in_a_row_change_nothing() {
    let names = STRUCK.iter().map(|(name, _)| *name).chain(["beside"]);
    let world = world(names.map(|name| three_pages(name, true)).collect()).await;
    for (name, after) in STRUCK {
        for action in [
            FaultAction::kubernetes_status(503, "ServiceUnavailable", "apiserver is shutting down"),
            FaultAction::ResetConnection,
            FaultAction::TruncateBody,
        ] {
            world.script(Fault::kubernetes(name, "pods", action).after(after));
        }
    }
    pods_in_pages(&world, "*", 2);
    let run = schedule().run(&world).await;
    recovered(&world, &run);
}

#[tokio::test]
async fn a_token_that_is_refused_once_is_renewed() {
    let world = struck(&FaultAction::kubernetes_status(401, "Unauthorized", "Unauthorized"), 1, true).await;
    let run = schedule().run(&world).await;
    recovered(&world, &run);
    let refused = world.kubernetes_requests().iter().filter(|request| request.status == 401).count();
    assert_eq!(refused, STRUCK.len());
}

#[tokio::test]
async fn a_list_that_expires_once_or_twice_is_begun_anew() {
    for times in [1, 2] {
        let world = struck(&FaultAction::Expired410, times, true).await;
        let run = schedule().run(&world).await;
        recovered(&world, &run);
        never_went_on_with_the_inconsistent_token(&world);
    }
}

/// The token of a 410 holds the version -1; the others that of the snapshot.
fn never_went_on_with_the_inconsistent_token(world: &World) {
    let proper: Vec<String> = world
        .kubernetes_requests()
        .into_iter()
        .filter(|request| request.cluster == "beside")
        .flat_map(|request| request.query)
        .filter(|(name, _)| name == "continue")
        .map(|(_, token)| token)
        .collect();
    assert_eq!(proper.len(), 2);
    for request in world.kubernetes_requests() {
        for (_, token) in request.query.iter().filter(|(name, _)| name == "continue") {
            assert!(proper.contains(token), "{}: {token}", request.cluster);
        }
    }
}

#[tokio::test]
async fn a_list_that_expires_every_time_is_begun_three_times_and_not_judged() {
    let parts = ["list: the list of pods expired before it was read, 3 times", "overloaded or restarting"];
    let world = gives_up(FaultAction::Expired410, &parts).await;
    never_went_on_with_the_inconsistent_token(&world);
    for (name, _) in STRUCK {
        let expired = world.kubernetes_requests().iter().filter(|one| one.cluster == name && one.status == 410).count();
        assert_eq!(expired, 3, "{name}");
    }
}

#[tokio::test]
async fn a_server_that_stays_unavailable_is_not_judged() {
    let action = FaultAction::kubernetes_status(503, "ServiceUnavailable", "apiserver is shutting down");
    let parts =
        ["list: the Kubernetes API answered 503 to /api/v1/pods: apiserver is shutting down", "next run tries again"];
    let world = gives_up(action, &parts).await;
    for (name, _) in STRUCK {
        let tries = world.kubernetes_requests().iter().filter(|one| one.cluster == name && one.status == 503).count();
        assert_eq!(tries, 5, "{name}");
    }
}

#[tokio::test]
async fn an_answer_that_is_no_list_is_not_judged() {
    for body in ["{}", "null", "[]", r#"{"kind":"Status","apiVersion":"v1","status":"Success"}"#, ""] {
        let action = FaultAction::Status { code: 200, headers: Vec::new(), body: body.to_owned() };
        gives_up(action, &["decode: an object does not decode: Pod list: "]).await;
    }
    // The same in protobuf: nothing, an envelope without and with a list of something else, a list that is cut short.
    let headers = vec![("content-type".to_owned(), "application/vnd.kubernetes.protobuf".to_owned())];
    for body in [
        "",
        "k8s\0",
        "k8s\0\n\r\n\u{2}v1\u{12}\u{7}PodList\u{12}\u{7}\n\u{1}",
        "k8s\0\n\u{9}\n\u{0}\u{12}\u{5}Thing\u{12}\u{2}\n\u{0}",
    ] {
        let action = FaultAction::Status { code: 200, headers: headers.clone(), body: body.to_owned() };
        gives_up(action, &["decode: an object does not decode: Pod list: "]).await;
    }
}

#[tokio::test]
async fn a_list_without_items_is_not_judged() {
    let body = r#"{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"184467"}}"#;
    let action = FaultAction::Status { code: 200, headers: Vec::new(), body: body.to_owned() };
    gives_up(action, &["decode: "]).await;
}

#[tokio::test]
async fn a_pod_that_does_not_decode_is_named_and_the_cluster_not_judged() {
    let broken = |name: &str, number: usize| {
        // Protobuf has no place for a text where a boolean belongs.
        let mut cluster = ClusterSpec { json_only: true, ..three_pages(name, false) };
        cluster.objects[1 + number]["spec"]["containers"][0]["securityContext"]["privileged"] = json!("yes");
        cluster
    };
    let clusters = vec![broken("first", 1), broken("later", 4), broken("last", 6), three_pages("beside", false)];
    let world = world(clusters).await;
    pods_in_pages(&world, "*", 2);
    let run = schedule().run(&world).await;
    let told = by_cluster(run.failed_with("ClustersNotJudged", &["3 of 4 clusters not judged: "]));
    for (name, pod) in [("first", "app-1"), ("later", "app-4"), ("last", "app-6")] {
        let object = format!(
            "decode: an object does not decode: Pod shop/{pod}: spec.containers[0].securityContext.privileged: "
        );
        assert!(told[name].contains(&object), "{object:?} is not in {:?}", told[name]);
    }
    only_beside(&world);
}

#[tokio::test]
async fn a_token_that_is_always_refused_is_renewed_once_and_not_judged() {
    let action = FaultAction::kubernetes_status(401, "Unauthorized", "Unauthorized");
    let parts = ["authenticate: the Kubernetes API refused the token (401)", "infra/access-entry.yaml"];
    let world = gives_up(action, &parts).await;
    for (name, _) in STRUCK {
        let refused = world.kubernetes_requests().iter().filter(|one| one.cluster == name && one.status == 401).count();
        assert_eq!(refused, 2, "{name}");
    }
}

#[tokio::test]
async fn a_right_that_is_missing_is_named_and_not_asked_for_again() {
    let action = FaultAction::kubernetes_status(403, "Forbidden", "pods is forbidden: User cannot list");
    let parts = ["authorize: may not list pods (403): pods is forbidden", "infra/kubernetes/cluster-role.yaml"];
    let world = gives_up(action, &parts).await;
    for (name, _) in STRUCK {
        let denied = world.kubernetes_requests().iter().filter(|one| one.cluster == name && one.status == 403).count();
        assert_eq!(denied, 1, "{name}");
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_and_not_asked_for_again() {
    let body = format!("{{\"metadata\":{{}},\"items\":[{}", " ".repeat(65 * 1024 * 1024));
    let action = FaultAction::Status { code: 200, headers: Vec::new(), body };
    let world = world(vec![three_pages("later", false), three_pages("beside", false)]).await;
    world.script(Fault::kubernetes("later", "pods", action).after(1).times(usize::MAX));
    pods_in_pages(&world, "*", 2);
    let run = schedule().run(&world).await;
    run.failed_with(
        "ClustersNotJudged",
        &["later: list: the answer to /api/v1/pods could not be read: it is larger than"],
    );
    only_beside(&world);
    let pages = world.kubernetes_requests().iter().filter(|one| one.cluster == "later").count();
    assert!(pages <= 3, "{pages}");
}

/// What netPolCheck reads of a cluster, besides the add-on.
const READ_BY_NET_POL_CHECK: [&str; 6] = ["namespaces", "networkpolicies", "/apis", "daemonsets", "configmaps", "pods"];

#[tokio::test]
async fn a_right_that_is_missing_for_what_a_rule_must_read_is_named_with_its_group() {
    let mut clusters = Vec::new();
    for resource in READ_BY_NET_POL_CHECK {
        let mut cluster = compliant(resource.trim_start_matches('/'));
        cluster.denied = vec![resource.to_owned()];
        clusters.push(cluster);
    }
    let world = world(clusters).await;
    let run = Event::schedule(RuleName::NetPolCheck).run(&world).await;
    let parts = [
        "3 of 6 clusters not judged: ",
        "namespaces: authorize: may not list namespaces (403)",
        "networkpolicies: authorize: may not list networkpolicies.networking.k8s.io (403)",
        "pods: authorize: may not list pods (403)",
    ];
    run.failed_with("ClustersNotJudged", &parts);
    // Policies of a CNI could only add to the core ones, and evidence that they are enforced is no part of the verdict.
    let said: Vec<_> = verdicts(&world).into_iter().collect();
    let compliant = |name: &str| (name.to_owned(), "COMPLIANT".to_owned());
    assert_eq!(said, [compliant("apis"), compliant("configmaps"), compliant("daemonsets")]);
    // Where a policy of a CNI could hide an allowance it is.
    let run = Event::schedule(RuleName::NetPolCheck).with("requires", "default-deny").run(&world).await;
    let part = "apis: authorize: may not get the list of API groups (403)";
    run.failed_with("ClustersNotJudged", &["4 of 6 clusters not judged: ", part]);
}

/// A cluster whose one policy denies all, beside a policy of Calico that allows all, stored or served by Calico's own API
/// server.
fn with_calico(name: &str, api_version: &str) -> ClusterSpec {
    let mut cluster = compliant(name);
    cluster.objects.push(json!({
        "apiVersion": api_version, "kind": "GlobalNetworkPolicy", "metadata": {"name": "default.allow-all", "uid": "c0ffee"},
        "spec": {"selector": "all()", "types": ["Ingress", "Egress"], "ingress": [{"action": "Allow"}], "egress": [{"action": "Allow"}]},
    }));
    cluster
}

#[tokio::test]
async fn an_api_server_of_calico_that_is_down_hides_no_policy() {
    let mut beside = with_calico("beside", "crd.projectcalico.org/v1");
    beside.served.push(ResourceKind::new("projectcalico.org", "v3", "GlobalNetworkPolicy", false));
    let world = world(vec![with_calico("alone", "projectcalico.org/v3"), beside, compliant("none")]).await;
    // What the API server answers for an aggregated one that does not: the group stays in the list of groups.
    let down = FaultAction::Status { code: 503, headers: Vec::new(), body: "service unavailable\n".to_owned() };
    world.script(Fault::kubernetes("alone", "globalnetworkpolicies", down).times(usize::MAX));
    let run = Event::schedule(RuleName::NetPolCheck).with("requires", "default-deny").run(&world).await;
    let path = "/apis/projectcalico.org/v3/globalnetworkpolicies";
    let told = format!("1 of 3 clusters not judged: alone: list: the Kubernetes API answered 503 to {path}");
    run.failed_with("ClustersNotJudged", &[&told]);
    // Where the same policies can be read as they are stored, Calico's API server is not needed.
    assert_eq!(verdicts(&world)["beside"], "NON_COMPLIANT");
    assert_eq!(verdicts(&world)["none"], "COMPLIANT");
    assert!(
        world
            .kubernetes_requests()
            .iter()
            .all(|one| one.cluster != "beside" || !one.path.contains("/projectcalico.org/"))
    );
}
