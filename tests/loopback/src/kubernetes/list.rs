//! Lists, paged like a real API server does it (reference: Kubernetes API concepts, "Retrieving large results sets in chunks").

use std::ops::Range;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use serde_json::{Value, json};

use super::accept::Encoding;
use super::cluster::Store;
use super::protobuf::{self, ListHead};
use super::selector::Selector;
use super::status;
use crate::answer::{Answer, Content};
use crate::fault::FaultAction;
use crate::spec::ResourceKind;

/// The resource version of every snapshot: nothing ever changes in this world.
const RESOURCE_VERSION: &str = "184467";

/// The same in a continue token.
const SNAPSHOT: i64 = 184_467;

/// Bodies longer than so many items are made while they are sent, so many items at a time.
const CHUNK: usize = 50;

/// What a list request asks for.
struct ListQuery {
    limit: Option<usize>,
    start: usize,
    /// The version in the token; an empty page raises it, so that no token comes twice.
    version: i64,
    selector: Selector,
}

impl ListQuery {
    /// Reads the query; the error is the answer.
    fn read(query: &[(String, String)]) -> Result<Self, Box<Answer>> {
        let bad = |message: &str| Box::new(status::bad_request(message));
        let text = |name: &str| query.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
        let (limit, token, version) = (text("limit"), text("continue"), text("resourceVersion"));
        let limit = match limit {
            "" | "0" => None,
            digits => Some(digits.parse().map_err(|_| bad("strconv.ParseInt: parsing limit: invalid syntax"))?),
        };
        if !token.is_empty() && !version.is_empty() {
            return Err(bad("specifying resource version is not allowed when using continue"));
        }
        let (start, token_version) =
            if token.is_empty() { (0, SNAPSHOT) } else { position(token).map_err(|message| bad(&message))? };
        let selector = Selector::read(text("labelSelector"), text("fieldSelector")).map_err(|message| bad(&message))?;
        // The watch cache answers "any version will do" and knows no chunks.
        let limit = if version == "0" { None } else { limit };
        Ok(Self { limit, start, version: token_version, selector })
    }
}

/// The position and the version that a continue token holds. Which resource it is for is not in it, as in the real one: the key is
/// relative.
fn position(token: &str) -> Result<(usize, i64), String> {
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|error| format!("continue key is not valid: {error}"))?;
    let token: Value = serde_json::from_slice(&bytes).map_err(|error| format!("continue key is not valid: {error}"))?;
    if token["v"] != "meta.k8s.io/v1" {
        return Err(format!(
            "continue key is not valid: server does not recognize this encoded version {}",
            token["v"]
        ));
    }
    let start = token["start"].as_str().and_then(|start| start.parse().ok());
    let start = start.ok_or_else(|| "continue key is not valid: encoded start key is empty".to_owned())?;
    Ok((start, token["rv"].as_i64().unwrap_or(SNAPSHOT)))
}

fn token(position: usize, version: i64) -> String {
    URL_SAFE_NO_PAD.encode(json!({"v": "meta.k8s.io/v1", "rv": version, "start": position.to_string()}).to_string())
}

/// Which objects of a kind a list is about, by number: stored ones first, then generated ones.
enum Matching {
    All(usize),
    Some(Vec<usize>),
}

impl Matching {
    fn of(store: &Store, kind: &ResourceKind, namespace: Option<&str>, selector: &Selector) -> Self {
        let (items, generated) = (store.items(kind), store.generated_of(kind));
        if namespace.is_none() && selector.is_empty() {
            return Self::All(items.len() + generated);
        }
        let stored = items.iter().enumerate().filter(|(_, item)| {
            namespace.is_none_or(|namespace| item.namespace == namespace) && selector.admits(&item.object)
        });
        let made_up = (0..generated).filter(|number| {
            namespace.is_none_or(|namespace| store.generated.namespace(*number) == namespace)
                && (selector.is_empty() || selector.admits(&store.generated.object(*number)))
        });
        Self::Some(stored.map(|(number, _)| number).chain(made_up.map(|number| items.len() + number)).collect())
    }

    fn len(&self) -> usize {
        match self {
            Self::All(count) => *count,
            Self::Some(numbers) => numbers.len(),
        }
    }

    fn number(&self, position: usize) -> usize {
        match self {
            Self::All(_) => position,
            Self::Some(numbers) => numbers.get(position).copied().unwrap_or(usize::MAX),
        }
    }
}

/// Answers a list request, with the faults that only a list knows.
pub(super) fn answer(
    store: &Arc<Store>,
    kind: &ResourceKind,
    namespace: Option<&str>,
    query: &[(String, String)],
    fault: Option<&FaultAction>,
    encoding: Encoding,
) -> Answer {
    let list = match ListQuery::read(query) {
        Ok(list) => list,
        Err(answer) => return *answer,
    };
    if matches!(fault, Some(FaultAction::Expired410)) {
        return status::expired(&token(list.start, -1));
    }
    let matching = Matching::of(store, kind, namespace, &list.selector);
    let start = list.start.min(matching.len());
    let most = match fault {
        Some(FaultAction::ShortPage(most)) => Some(list.limit.map_or(*most, |limit| limit.min(*most))),
        _ => list.limit,
    };
    let end = most.map_or(matching.len(), |most| start.saturating_add(most).min(matching.len()));
    let next = match fault {
        Some(FaultAction::RepeatPage) => Some(start),
        _ => (end < matching.len()).then_some(end),
    };
    // The count is dear to make where a selector is in play, so the API leaves it out.
    let remaining = (list.selector.is_empty() && end < matching.len()).then(|| matching.len() - end);
    let repeated = matches!(fault, Some(FaultAction::RepeatPage));
    let version = if end == start && !repeated { list.version + 1 } else { list.version };
    let next = next.map(|next| token(next, version));
    match encoding {
        Encoding::Json => json_body(store, kind, matching, start..end, json_head(kind, next, remaining)),
        Encoding::Protobuf => {
            let head = ListHead {
                resource_version: RESOURCE_VERSION,
                next: next.as_deref(),
                remaining: remaining.map(|remaining| remaining as u64),
            };
            protobuf_body(store, kind, matching, start..end, &head)
        }
    }
}

/// Everything before the first item. The metadata stands before the items, so that a reader knows the next token early.
fn json_head(kind: &ResourceKind, next: Option<String>, remaining: Option<usize>) -> String {
    let api_version = kind.api_version();
    let next = next.map(|next| format!(",\"continue\":\"{next}\"")).unwrap_or_default();
    let remaining = remaining.map(|remaining| format!(",\"remainingItemCount\":{remaining}")).unwrap_or_default();
    format!(
        "{{\"kind\":\"{}List\",\"apiVersion\":\"{api_version}\",\"metadata\":{{\"resourceVersion\":\"{RESOURCE_VERSION}\"{next}{remaining}}},\"items\":[",
        kind.kind
    )
}

fn json_body(store: &Arc<Store>, kind: &ResourceKind, matching: Matching, range: Range<usize>, head: String) -> Answer {
    let (store, kind, first) = (Arc::clone(store), kind.clone(), range.start);
    let item = move |position, text: &mut Vec<u8>| {
        if position > first {
            text.push(b',');
        }
        let (number, items) = (matching.number(position), store.items(&kind));
        match items.get(number) {
            Some(item) => text.extend_from_slice(&item.text),
            None => store.generated.render(number - items.len(), text),
        }
    };
    body("application/json", head.into_bytes(), range, item, b"]}\n")
}

fn protobuf_body(
    store: &Arc<Store>,
    kind: &ResourceKind,
    matching: Matching,
    range: Range<usize>,
    head: &ListHead<'_>,
) -> Answer {
    let length_of = |position| {
        let (number, items) = (matching.number(position), store.items(kind));
        match items.get(number) {
            Some(item) => item.protobuf.as_ref().map_or(0, Bytes::len),
            None => store.generated.protobuf_length(number - items.len()),
        }
    };
    let length = range.clone().map(|position| protobuf::item_length(length_of(position))).sum();
    let (head, tail) = head.envelope(&kind.api_version(), &format!("{}List", kind.kind), length);
    let (store, kind) = (Arc::clone(store), kind.clone());
    let item = move |position, bytes: &mut Vec<u8>| {
        let (number, items) = (matching.number(position), store.items(&kind));
        match items.get(number) {
            Some(item) => protobuf::push_item(item.protobuf.as_deref().unwrap_or_default(), bytes),
            None => {
                let number = number - items.len();
                protobuf::push_key(store.generated.protobuf_length(number), bytes);
                store.generated.render_protobuf(number, bytes);
            }
        }
    };
    body(protobuf::PROTOBUF, head, range, item, tail)
}

/// A list whose items are made while it is sent, if there are many.
fn body(
    content_type: &str,
    head: Vec<u8>,
    range: Range<usize>,
    item: impl Fn(usize, &mut Vec<u8>) + Send + 'static,
    tail: &'static [u8],
) -> Answer {
    let (first, end) = (range.start, range.end);
    let items = range.step_by(CHUNK).map(move |from| {
        let mut chunk = Vec::new();
        (from..(from + CHUNK).min(end)).for_each(|position| item(position, &mut chunk));
        Bytes::from(chunk)
    });
    let mut chunks = std::iter::once(Bytes::from(head)).chain(items).chain(std::iter::once(Bytes::from_static(tail)));
    let content = if end - first > CHUNK {
        Content::Lazy(Box::new(chunks))
    } else {
        let whole: Vec<u8> = chunks.by_ref().flatten().collect();
        Content::Whole(Bytes::from(whole))
    };
    Answer { status: 200, headers: vec![("content-type".to_owned(), content_type.to_owned())], body: content }
}
