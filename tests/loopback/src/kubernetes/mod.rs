//! The Kubernetes API of a cluster: authentication, RBAC, discovery, objects and lists.

mod accept;
pub(crate) mod cluster;
mod compressed;
mod list;
pub mod protobuf;
mod selector;
mod status;
pub(crate) mod token;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::answer::{Answer, Delivery, Ending};
use crate::fault::{FaultAction, FaultTarget};
use crate::ledger::{KubernetesRequest, Shared};
use crate::listener::Received;
use crate::signature;
use crate::spec::ResourceKind;
use crate::timestamp;
use accept::Encoding;
use cluster::{Item, RunningCluster, Store};
pub(crate) use compressed::Pages;
use protobuf::PROTOBUF;

const ANONYMOUS: &str = "system:anonymous";
/// The user of the kubeconfig's static token.
const KUBECONFIG_USER: &str = "kubeconfig-admin";

/// What a path asks for.
enum Route<'a> {
    /// `/api`, `/apis`, `/apis/{group}/{version}`, `/version`.
    Document(Value),
    /// Objects of a kind, in one namespace or all.
    List {
        kind: &'a ResourceKind,
        namespace: Option<String>,
    },
    /// One object.
    Object {
        kind: &'a ResourceKind,
        namespace: Option<String>,
        name: String,
    },
    Nowhere,
}

/// Answers one request to a cluster's API server.
pub(crate) fn answer(shared: &Arc<Shared>, cluster: &RunningCluster, request: &Received) -> Delivery {
    let query = signature::query_pairs(&request.query).unwrap_or_default();
    let user = authenticate(shared, cluster, request);
    let mut record = KubernetesRequest {
        cluster: cluster.spec.name.clone(),
        account: cluster.account.clone(),
        method: request.method.clone(),
        path: request.path.clone(),
        query,
        status: 0,
        accept: request.header("accept").to_owned(),
        user_agent: request.header("user-agent").to_owned(),
        user: user.as_ref().ok().cloned(),
        refusal: user.as_ref().err().cloned(),
    };
    let delivery = match user {
        Err(_) => Delivery::Answer(refused(cluster, &record, status::unauthorized()), Ending::Complete),
        Ok(user) => respond(shared, cluster, &user, &record),
    };
    record.status = delivery.status();
    let page = delivery.status() == 200 && record.query.iter().any(|(name, _)| name == "limit");
    let accepted = page && cluster.spec.compressed && request.header("accept-encoding").contains("gzip");
    let delivery = if accepted { cluster.pages.compressed(request, delivery) } else { delivery };
    shared.ledger().kubernetes_requests.push(record);
    delivery
}

/// The name of the user, `system:anonymous` without a token; an error is why the token was refused.
fn authenticate(shared: &Shared, cluster: &RunningCluster, request: &Received) -> Result<String, String> {
    let Some(token) = request.header("authorization").strip_prefix("Bearer ") else {
        return Ok(ANONYMOUS.to_owned());
    };
    if token == cluster.kubeconfig_token {
        return Ok(KUBECONFIG_USER.to_owned());
    }
    #[allow(clippy::cast_possible_truncation)]
    let now = timestamp::now() as i64;
    let caller = token::verify(shared, &cluster.spec.name, token, now)?;
    if caller.account != cluster.account {
        return Err(format!("{} has no access entry: it is of another account", caller.arn()));
    }
    match &cluster.spec.access_entries {
        Some(roles) if !roles.contains(&caller.role) => Err(format!("{} has no access entry", caller.arn())),
        _ => Ok(caller.arn()),
    }
}

/// A Status in the encoding that the client likes best, as the real server gives it; any other answer as it is.
fn refused(cluster: &RunningCluster, request: &KubernetesRequest, answer: Answer) -> Answer {
    if answer.status < 400 || accept::negotiate(&request.accept, !cluster.spec.json_only) != Some(Encoding::Protobuf) {
        return answer;
    }
    let status = answer.body_json().and_then(|status| protobuf::encode_item("meta.v1.Status", &status).ok());
    match status {
        Some(status) => Answer::new(answer.status, PROTOBUF, protobuf::enveloped("v1", "Status", &status)),
        None => answer,
    }
}

/// Authorizes the request, and answers it with the fault that is due.
fn respond(shared: &Shared, cluster: &RunningCluster, user: &str, request: &KubernetesRequest) -> Delivery {
    let store = &cluster.store;
    let route = route(store, &request.path);
    let name = match &route {
        Route::List { kind, .. } | Route::Object { kind, .. } => kind.plural.clone(),
        Route::Document(_) | Route::Nowhere => request.path.clone(),
    };
    if user == ANONYMOUS || cluster.spec.denied.contains(&name) || name == "secrets" {
        let answer = forbidden(user, &request.path, &route);
        return Delivery::Answer(refused(cluster, request, answer), Ending::Complete);
    }
    if request.method != "GET" {
        return Delivery::Answer(status::method_not_allowed(&request.method), Ending::Complete);
    }
    let target = FaultTarget::Kubernetes { cluster: cluster.spec.name.clone(), resource: name };
    let fault = shared.ledger().script.strike(&target);
    let page = matches!(route, Route::List { .. });
    let answer = refused(cluster, request, proper(store, route, request, fault.as_ref()));
    match &fault {
        None | Some(FaultAction::ShortPage(_)) if page && !cluster.spec.page_delay.is_zero() => {
            Delivery::Late(answer, cluster.spec.page_delay)
        }
        Some(action) => answer.spoiled(action),
        None => Delivery::Answer(answer, Ending::Complete),
    }
}

fn proper(store: &Arc<Store>, route: Route<'_>, request: &KubernetesRequest, fault: Option<&FaultAction>) -> Answer {
    let encoding = |kind| accept::negotiate(&request.accept, store.message(kind).is_some());
    match route {
        Route::Document(document) => Answer::json(200, &document),
        Route::List { kind, namespace } => match encoding(kind) {
            Some(encoding) => list::answer(store, kind, namespace.as_deref(), &request.query, fault, encoding),
            None => status::not_acceptable(),
        },
        Route::Object { kind, namespace, name } => {
            let namespace = namespace.unwrap_or_default();
            let found = store.items(kind).iter().find(|item| item.namespace == namespace && item.name == name);
            match (found, encoding(kind)) {
                (None, _) => status::not_found(kind, &name),
                (Some(_), None) => status::not_acceptable(),
                (Some(Item { protobuf: Some(bytes), .. }), Some(Encoding::Protobuf)) => {
                    Answer::new(200, PROTOBUF, protobuf::enveloped(&kind.api_version(), &kind.kind, bytes))
                }
                (Some(item), Some(_)) => Answer::json(200, &item.object),
            }
        }
        Route::Nowhere => status::no_such_path(),
    }
}

fn forbidden(user: &str, path: &str, route: &Route<'_>) -> Answer {
    match route {
        Route::List { kind, namespace } => status::forbidden(user, "list", kind, namespace.as_deref(), None),
        Route::Object { kind, namespace, name } => {
            status::forbidden(user, "get", kind, namespace.as_deref(), Some(name))
        }
        Route::Document(_) | Route::Nowhere => status::forbidden_path(user, path),
    }
}

fn route<'a>(store: &'a Store, path: &str) -> Route<'a> {
    let Some(segments) = path
        .trim_end_matches('/')
        .split('/')
        .skip(1)
        .map(|part| signature::decode(part, false))
        .collect::<Option<Vec<_>>>()
    else {
        return Route::Nowhere;
    };
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    match segments.as_slice() {
        ["version"] => Route::Document(
            json!({"major": "1", "minor": "33", "gitVersion": "v1.33.5-eks-loopback", "platform": "linux/amd64"}),
        ),
        ["api"] => {
            Route::Document(json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}))
        }
        ["apis"] => Route::Document(groups(store)),
        ["api", "v1"] => resources(store, "", "v1"),
        ["apis", group, version] => resources(store, group, version),
        ["api", "v1", rest @ ..] => objects(store, "", "v1", rest),
        ["apis", group, version, rest @ ..] => objects(store, group, version, rest),
        _ => Route::Nowhere,
    }
}

/// The part of a path after the group and version.
fn objects<'a>(store: &'a Store, group: &str, version: &str, rest: &[&str]) -> Route<'a> {
    let (namespace, plural, name) = match rest {
        ["namespaces", namespace, plural] => (Some(*namespace), *plural, None),
        ["namespaces", namespace, plural, name] => (Some(*namespace), *plural, Some(*name)),
        [plural] => (None, *plural, None),
        [plural, name] => (None, *plural, Some(*name)),
        _ => return Route::Nowhere,
    };
    let Some(kind) = store.kind(group, version, plural) else {
        return Route::Nowhere;
    };
    let namespace = namespace.map(str::to_owned);
    match name {
        Some(name) => Route::Object { kind, namespace, name: name.to_owned() },
        None => Route::List { kind, namespace },
    }
}

/// `/apis`.
fn groups(store: &Store) -> Value {
    let mut groups: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for kind in store.kinds.iter().filter(|kind| !kind.group.is_empty()) {
        groups.entry(&kind.group).or_default().insert(&kind.version);
    }
    let groups: Vec<Value> = groups
        .into_iter()
        .map(|(group, versions)| {
            let versions: Vec<Value> = versions
                .iter()
                .map(|version| json!({"groupVersion": format!("{group}/{version}"), "version": version}))
                .collect();
            json!({"name": group, "preferredVersion": versions.first(), "versions": versions})
        })
        .collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

/// `/api/v1` and `/apis/{group}/{version}`.
fn resources<'a>(store: &Store, group: &str, version: &str) -> Route<'a> {
    let resources: Vec<Value> = store
        .kinds
        .iter()
        .filter(|kind| kind.group == group && kind.version == version)
        .map(|kind| {
            json!({
                "name": kind.plural, "singularName": kind.kind.to_ascii_lowercase(), "namespaced": kind.namespaced,
                "kind": kind.kind, "verbs": ["get", "list", "watch"],
            })
        })
        .collect();
    if resources.is_empty() {
        return Route::Nowhere;
    }
    let group_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    Route::Document(
        json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": resources}),
    )
}
