//! Reads a cluster for one or several judgements: each kind once, page by page, in the order that the rules ask for.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use eks_rules::{Judge, Kind, ListMetadata, Need, Object, Read, Report, decode_list};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::NotJudged;
use crate::kubernetes::KubernetesClient;

/// How many objects a page has at most. A page of 500 pods is about 5 MB of JSON.
const PAGE_LIMIT: u32 = 500;

/// How often a cluster is read from the start when a list expires under the reading.
const READINGS: u32 = 3;

/// Told of every page, for a progress bar: the kind, how many objects it had, and how many the server says are left.
pub type OnPage<'a> = &'a (dyn Fn(Kind, u64, Option<u64>) + Sync);

/// Reads the cluster and judges it. `start` begins the judgements; it is called again where a list expires and the
/// reading must begin anew, since a fold cannot take back what it observed.
///
/// # Errors
/// Anything that keeps one of the objects that the judgements need from being read and decoded.
pub async fn read_cluster(
    client: &KubernetesClient,
    start: &(dyn Fn() -> Result<Vec<Judge>, NotJudged> + Sync),
    on_page: OnPage<'_>,
) -> Result<Vec<Report>, NotJudged> {
    let mut reading = 1;
    loop {
        let mut judges = start()?;
        match read_all(client, &mut judges, on_page).await {
            Ok(()) => return Ok(judges.into_iter().map(Judge::report).collect()),
            Err(NotJudged::Expired { resource, .. }) if reading < READINGS => {
                tracing::warn!(resource, reading, "the list expired; the cluster is read again from the start");
                reading += 1;
            }
            Err(NotJudged::Expired { resource, .. }) => return Err(NotJudged::Expired { resource, tries: reading }),
            Err(error) => return Err(error),
        }
    }
}

/// Reads every kind that one of the judgements needs.
async fn read_all(client: &KubernetesClient, judges: &mut [Judge], on_page: OnPage<'_>) -> Result<(), NotJudged> {
    for read in union(judges) {
        list(client, read.kind, judges, on_page).await?;
    }
    Ok(())
}

/// What the judgements read together: each kind once, where the first names it, with the strongest need.
fn union(judges: &[Judge]) -> Vec<Read> {
    let mut union: Vec<Read> = Vec::new();
    for read in judges.iter().flat_map(Judge::reads) {
        match union.iter_mut().find(|known| known.kind == read.kind) {
            Some(known) => known.need = stronger(known.need, read.need),
            None => union.push(read),
        }
    }
    // Pods come last: a rule that knows all policies by then remembers less of them.
    union.sort_by_key(|read| read.kind == Kind::Pod);
    union
}

const fn stronger(one: Need, other: Need) -> Need {
    match (one, other) {
        (Need::Required, _) | (_, Need::Required) => Need::Required,
        (Need::IfServed, _) | (_, Need::IfServed) => Need::IfServed,
        (Need::IfReadable, Need::IfReadable) => Need::IfReadable,
    }
}

/// Lists one kind, page by page, and lets the judgements that read it observe each object.
async fn list(
    client: &KubernetesClient,
    kind: Kind,
    judges: &mut [Judge],
    on_page: OnPage<'_>,
) -> Result<(), NotJudged> {
    let resource = resource(kind);
    let path = path(kind);
    let mut pages = Pages::default();
    let mut readers: Vec<&mut Judge> =
        judges.iter_mut().filter(|judge| judge.reads().iter().any(|read| read.kind == kind)).collect();
    loop {
        let body = client.get(&pages.url(&path), "list", &resource).await?;
        let mut count = 0;
        let mut observe = |object: Object<'_>| {
            count += 1;
            readers.iter_mut().for_each(|judge| judge.observe(object));
        };
        let metadata = decode_list(kind, &body, &mut observe).map_err(NotJudged::Decode)?;
        on_page(kind, count, metadata.remaining_item_count.and_then(|left| u64::try_from(left).ok()));
        if !pages.turn(&metadata).map_err(|what| NotJudged::Pages { resource: resource.clone(), what })? {
            return Ok(());
        }
    }
}

/// The pages of one list.
#[derive(Default)]
struct Pages {
    token: String,
    seen: HashSet<u64>,
}

impl Pages {
    fn url(&self, path: &str) -> String {
        if self.token.is_empty() {
            format!("{path}?limit={PAGE_LIMIT}")
        } else {
            format!("{path}?limit={PAGE_LIMIT}&continue={}", utf8_percent_encode(&self.token, NON_ALPHANUMERIC))
        }
    }

    /// Goes on to the next page; false where this was the last.
    fn turn(&mut self, metadata: &ListMetadata) -> Result<bool, &'static str> {
        if metadata.continue_token.is_empty() {
            return Ok(false);
        }
        let mut hasher = DefaultHasher::new();
        metadata.continue_token.hash(&mut hasher);
        if !self.seen.insert(hasher.finish()) {
            return Err("a continue token came twice");
        }
        self.token.clone_from(&metadata.continue_token);
        Ok(true)
    }
}

/// The path of a kind's list over all namespaces.
fn path(kind: Kind) -> String {
    match kind.group() {
        "" => format!("/api/{}/{}", kind.version(), kind.plural()),
        group => format!("/apis/{group}/{}/{}", kind.version(), kind.plural()),
    }
}

/// The kind as RBAC names it: `pods`, `networkpolicies.networking.k8s.io`.
fn resource(kind: Kind) -> String {
    match kind.group() {
        "" => kind.plural().to_owned(),
        group => format!("{}.{group}", kind.plural()),
    }
}
