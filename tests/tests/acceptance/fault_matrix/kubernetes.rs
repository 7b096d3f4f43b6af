//! Faults between a function and a cluster: each row strikes each step of netPolCheck, which reads the most kinds, in a
//! cluster of its own, beside a cluster that nothing strikes.

use std::collections::BTreeMap;
use std::time::Duration;

use acceptance::{Event, annotations, clean_pod, escalating_pod, evaluations, options, pods_in_pages, verdicts, world};
use eks_rules::RuleName;
use loopback::objects::{config_map, container, daemon_set, namespace, network_policy};
use loopback::{ClusterSpec, Fault, FaultAction, InvokeOptions, World};
use serde_json::json;

use super::all;

/// A request, or some in a row, of reading a cluster.
struct Step {
    /// The name, which is that of the cluster that is struck there.
    name: &'static str,
    /// What the fault's target is: the plural or the path.
    resource: &'static str,
    /// How many of the requests are answered properly first.
    after: usize,
    path: &'static str,
    /// The verb and the resource of RBAC.
    right: &'static str,
    /// The kind, where it is a list.
    list: Option<&'static str>,
    /// Whether a cluster can do without: what is not there is no evidence and no policy.
    optional: bool,
}

/// The cluster that answers in JSON alone, and is struck on the last page of its pods.
const LAST_PAGE_IN_JSON: &str = "last-page-in-json";

const fn step(name: &'static str, path: &'static str, right: &'static str, list: Option<&'static str>) -> Step {
    Step { name, resource: name, after: 0, path, right, list, optional: false }
}

static STEPS: [Step; 9] = [
    Step { resource: "/apis", ..step("apis", "/apis", "get the list of API groups", None) },
    step("namespaces", "/api/v1/namespaces", "list namespaces", Some("Namespace")),
    step(
        "networkpolicies",
        "/apis/networking.k8s.io/v1/networkpolicies",
        "list networkpolicies.networking.k8s.io",
        Some("NetworkPolicy"),
    ),
    Step {
        optional: true,
        ..step(
            "ciliumnetworkpolicies",
            "/apis/cilium.io/v2/ciliumnetworkpolicies",
            "list ciliumnetworkpolicies.cilium.io",
            Some("CiliumNetworkPolicy"),
        )
    },
    Step {
        optional: true,
        ..step("daemonsets", "/apis/apps/v1/daemonsets", "list daemonsets.apps", Some("DaemonSet"))
    },
    Step {
        optional: true,
        ..step(
            "configmaps",
            "/api/v1/namespaces/kube-system/configmaps/amazon-vpc-cni",
            "get configmaps kube-system/amazon-vpc-cni",
            None,
        )
    },
    Step { resource: "pods", ..step("first-page", "/api/v1/pods", "list pods", Some("Pod")) },
    Step { resource: "pods", after: 1, ..step("later-page", "/api/v1/pods", "list pods", Some("Pod")) },
    Step { resource: "pods", after: 2, ..step(LAST_PAGE_IN_JSON, "/api/v1/pods", "list pods", Some("Pod")) },
];

/// What a user sees of a cluster that is struck.
enum Seen {
    /// The very evaluation of the cluster that nothing strikes.
    TheSame,
    /// No evaluation, and an error with these words.
    NotJudged(Vec<String>),
    /// A verdict without what is not there: never COMPLIANT where it was evidence.
    Without,
    /// The fault has no meaning at this step.
    Nothing,
}

/// A fault and what it does at a step.
struct Row {
    name: &'static str,
    action: FaultAction,
    times: usize,
    seen: fn(&Step) -> Seen,
}

fn passes(name: &'static str, action: FaultAction) -> Row {
    Row { name, action, times: 1, seen: |_| Seen::TheSame }
}

fn stays(name: &'static str, action: FaultAction, seen: fn(&Step) -> Seen) -> Row {
    Row { name, action, times: usize::MAX, seen }
}

fn not_judged(parts: &[&str]) -> Seen {
    Seen::NotJudged(parts.iter().map(|part| (*part).to_owned()).collect())
}

/// The words of a server that does not answer properly.
fn answered(step: &Step, code: u16, message: &str) -> Seen {
    not_judged(&[
        &format!("list: the Kubernetes API answered {code} to {}: {message}", step.path),
        "next run tries again",
    ])
}

fn unreadable(step: &Step) -> Seen {
    not_judged(&[&format!("list: the answer to {} could not be read: ", step.path), "next run tries again"])
}

/// The words for a body that is not what was asked for.
fn no_object(step: &Step) -> Seen {
    match step.list {
        Some(kind) => not_judged(&[&format!("decode: an object does not decode: {kind} list: "), "Report it"]),
        None => unreadable(step),
    }
}

fn only_lists(step: &Step, seen: impl Fn(&str, &str) -> Seen) -> Seen {
    let resource = step.right.trim_start_matches("list ");
    step.list.map_or(Seen::Nothing, |kind| seen(kind, resource))
}

fn page(code: u16) -> FaultAction {
    // A load balancer's page and not a Status.
    FaultAction::Status { code, headers: Vec::new(), body: "<html>try again</html>".to_owned() }
}

fn body(text: &str) -> FaultAction {
    FaultAction::Status { code: 200, headers: Vec::new(), body: text.to_owned() }
}

fn status(code: u16, reason: &str, message: &str) -> FaultAction {
    FaultAction::kubernetes_status(code, reason, message)
}

/// Faults that pass: what is reported is what would have been.
fn passing() -> Vec<Row> {
    vec![
        passes("429 with Retry-After, in plain text", FaultAction::overloaded(1)),
        passes("500", status(500, "InternalError", "etcdserver: leader changed")),
        passes("502", page(502)),
        passes("503", status(503, "ServiceUnavailable", "apiserver is shutting down")),
        passes("504", page(504)),
        passes("connection reset", FaultAction::ResetConnection),
        passes("body that breaks off", FaultAction::TruncateBody),
        passes("401 midway", status(401, "Unauthorized", "Unauthorized")),
        passes("410 Expired", status(410, "Expired", "The provided continue parameter is too old")),
        Row { times: 2, ..passes("410 Expired twice", status(410, "Expired", "too old")) },
        Row { times: 3, ..passes("connection reset three times", FaultAction::ResetConnection) },
        passes("connection that is drained", FaultAction::Close),
        passes("short page", FaultAction::ShortPage(1)),
        passes("answer that comes late", FaultAction::Delay(Duration::from_millis(300))),
    ]
}

/// Faults that stay, and such as no other try mends.
fn staying() -> Vec<Row> {
    let labels = r#"{"kind":"List","apiVersion":"v1","metadata":{},"items":[{"metadata":{"name":"odd","namespace":"shop","labels":7}}]}"#;
    vec![
        stays("429 for ever", FaultAction::overloaded(0), |step| answered(step, 429, "Too many requests, please try")),
        stays("500 for ever", status(500, "InternalError", "no leader"), |step| answered(step, 500, "no leader")),
        stays("502 for ever", page(502), |step| answered(step, 502, "<html>try again")),
        stays("503 for ever", status(503, "ServiceUnavailable", "shutting down"), |step| {
            answered(step, 503, "shutting")
        }),
        stays("504 for ever", page(504), |step| answered(step, 504, "<html>try again")),
        stays("connection reset for ever", FaultAction::ResetConnection, unreadable),
        stays("body that breaks off for ever", FaultAction::TruncateBody, unreadable),
        stays("401 for ever", status(401, "Unauthorized", "Unauthorized"), |_| {
            not_judged(&["authenticate: the Kubernetes API refused the token (401)", "infra/access-entry.yaml"])
        }),
        stays("403", status(403, "Forbidden", "no such right"), |step| {
            let told = format!("authorize: may not {} (403): no such right", step.right);
            not_judged(&[&told, "infra/kubernetes/cluster-role.yaml"])
        }),
        stays("404", status(404, "NotFound", "not here"), |step| {
            if step.optional { Seen::Without } else { answered(step, 404, "not here") }
        }),
        stays("410 Expired for ever", status(410, "Expired", "too old"), |step| {
            let resource = step.right.trim_start_matches("list ").trim_start_matches("get ");
            not_judged(&[&format!("list: the list of {resource} expired before it was read, 3 times")])
        }),
        stays("410 for another reason", status(410, "Evicted", "moved away"), |step| answered(step, 410, "moved away")),
        stays("redirect", FaultAction::Redirect { location: "https://elsewhere.example/".to_owned() }, |step| {
            answered(step, 302, "")
        }),
        stays("400", status(400, "BadRequest", "continue key is not valid"), |step| {
            answered(step, 400, "continue key")
        }),
        stays("answer that is no JSON", FaultAction::InvalidJson, no_object),
        stays("answer that is nothing", body(""), no_object),
        stays("answer that is another object", body(r#"{"kind":"Status","apiVersion":"v1"}"#), |step| {
            match step.list {
                None if step.optional => Seen::Without,
                _ => no_object(step),
            }
        }),
        stays("object that does not decode", body(labels), |step| {
            only_lists(step, |kind, _| {
                not_judged(&[
                    &format!("decode: an object does not decode: {kind} shop/odd: metadata.labels"),
                    "Report it",
                ])
            })
        }),
        stays("continue tokens in a circle", FaultAction::RepeatPage, broken_pages),
        Row { times: 1, ..stays("page that comes twice", FaultAction::RepeatPage, broken_pages) },
    ]
}

fn broken_pages(step: &Step) -> Seen {
    only_lists(step, |_, resource| {
        not_judged(&[&format!("list: the pages of the list of {resource} do not make a whole: "), "proxy or cache"])
    })
}

/// Faults in which no try ends before the deadline.
fn stalling() -> Vec<Row> {
    let late = |_: &Step| not_judged(&["deadline: the time ran out while the cluster was being read", "`clusters`"]);
    vec![stays("stall", FaultAction::Stall, late), stays("stall in the body", FaultAction::StallBody, late)]
}

/// A cluster of three pages of pods whose verdict depends on every step: COMPLIANT with all of them, unless it `violates`
/// on the last page.
fn cluster(name: &str, violates: bool) -> ClusterSpec {
    let mut objects = vec![namespace("shop"), network_policy("shop", "default-deny")];
    objects.extend((1..6).map(|number| clean_pod(&format!("app-{number}"))));
    objects.push(json!({
        "apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy",
        "metadata": {"name": "odd", "namespace": "shop", "uid": "6a2f0c1e"},
        "spec": {"endpointSelector": {}, "ingress": []},
    }));
    let mut agent = container("aws-eks-nodeagent", "public.ecr.aws/eks/agent:1");
    agent["args"] = json!(["--enable-network-policy=true"]);
    objects.push(daemon_set("kube-system", "aws-node", &[agent]));
    objects.push(config_map("kube-system", "amazon-vpc-cni", &[("enable-network-policy-controller", "true")]));
    if violates {
        let mut last = escalating_pod("zz-last");
        last["metadata"]["namespace"] = json!("unguarded");
        objects.extend([namespace("unguarded"), last]);
    }
    ClusterSpec { json_only: name == LAST_PAGE_IN_JSON, ..ClusterSpec::new(name, objects) }
}

async fn struck(row: &Row, steps: &[Step], violates: bool) -> World {
    let names = steps.iter().map(|step| step.name).chain(["zz-beside"]);
    let world = world(names.map(|name| cluster(name, violates)).collect()).await;
    for step in steps {
        if !matches!((row.seen)(step), Seen::Nothing) {
            let fault = Fault::kubernetes(step.name, step.resource, row.action.clone());
            world.script(fault.after(step.after).times(row.times));
        }
    }
    pods_in_pages(&world, "*", 2);
    world
}

fn schedule() -> Event {
    Event::schedule(RuleName::NetPolCheck).with("requires", "default-deny").with("enforcement", "require")
}

/// Strikes every step once and expects that nothing of it is seen.
async fn survives(row: Row) {
    let world = struck(&row, &STEPS, true).await;
    schedule().run(&world).await.succeeded();
    assert_eq!(evaluations(&world).len(), STEPS.len() + 1, "{}", row.name);
    let annotations = annotations(&world);
    assert!(annotations["zz-beside"].contains("unguarded"), "{annotations:?}");
    for step in &STEPS {
        assert_eq!(annotations[step.name], annotations["zz-beside"], "{} × {}", row.name, step.name);
        assert_eq!(verdicts(&world)[step.name], "NON_COMPLIANT", "{} × {}", row.name, step.name);
    }
}

/// Strikes these steps for good and expects that what a user sees is what the row says.
async fn is_told(row: Row, steps: &[Step], options: InvokeOptions) {
    let world = struck(&row, steps, false).await;
    let run = schedule().run_with(&world, options).await;
    let failing = steps.iter().filter(|step| matches!((row.seen)(step), Seen::NotJudged(_))).count();
    let counted = format!("{failing} of {} clusters not judged: ", steps.len() + 1);
    let message = run.failed_with("ClustersNotJudged", &[&counted]);
    let (told, verdicts, annotations) = (by_cluster(message), verdicts(&world), annotations(&world));
    assert_eq!(verdicts["zz-beside"], "COMPLIANT");
    for step in steps {
        let case = format!("{} × {}", row.name, step.name);
        match (row.seen)(step) {
            Seen::NotJudged(parts) => {
                assert_eq!(verdicts.get(step.name), None, "{case}");
                for part in parts {
                    assert!(told[step.name].contains(&part), "{case}: {part:?} is not in {:?}", told[step.name]);
                }
            }
            Seen::TheSame | Seen::Nothing => assert_eq!(annotations[step.name], annotations["zz-beside"], "{case}"),
            // The agent's DaemonSet is what shows that policies are enforced.
            Seen::Without if step.name == "daemonsets" => assert_eq!(verdicts[step.name], "NON_COMPLIANT", "{case}"),
            Seen::Without => assert_eq!(verdicts[step.name], "COMPLIANT", "{case}"),
        }
    }
}

/// What the message tells of each cluster.
fn by_cluster(message: &str) -> BTreeMap<&str, &str> {
    let mut told = BTreeMap::new();
    let mut starts: Vec<(usize, &str)> =
        STEPS.iter().filter_map(|step| message.find(&format!(" {}: ", step.name)).map(|at| (at, step.name))).collect();
    starts.sort_unstable();
    let ends = starts.iter().skip(1).map(|(at, _)| *at).chain([message.len()]).collect::<Vec<_>>();
    for ((start, name), end) in starts.into_iter().zip(ends) {
        told.insert(name, &message[start..end]);
    }
    told
}

#[tokio::test]
async fn what_passes_changes_nothing() {
    all(passing().into_iter().map(survives)).await;
}

#[tokio::test]
async fn what_stays_is_told_with_step_and_advice_and_the_others_are_reported() {
    all(staying().into_iter().map(|row| is_told(row, &STEPS, options()))).await;
}

#[tokio::test]
async fn what_stalls_is_left_before_the_deadline() {
    let soon = InvokeOptions { deadline: Duration::from_secs(8), ..options() };
    // Four clusters are read at a time, and the one beside must have its turn.
    let cases = STEPS.chunks(3).flat_map(|steps| stalling().into_iter().map(move |row| (row, steps)));
    all(cases.map(|(row, steps)| is_told(row, steps, soon.clone()))).await;
}

#[test]
fn no_case_is_lost() {
    let rows: Vec<Row> = passing().into_iter().chain(staying()).chain(stalling()).collect();
    let cases = |row: &Row| STEPS.iter().filter(|step| !matches!((row.seen)(step), Seen::Nothing)).count();
    let names: std::collections::BTreeSet<&str> = rows.iter().map(|row| row.name).collect();
    assert_eq!((rows.len(), names.len(), rows.iter().map(cases).sum::<usize>()), (36, 36, 318));
}
