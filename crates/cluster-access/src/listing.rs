//! One list, page by page. The next page is asked for as soon as its continue token is known, which stands before the
//! items, so that it is under way while this one arrives and is judged. There is never more than one page ahead.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use eks_rules::{Encoding, Kind, ListMetadata, peek_list_metadata};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::JoinHandle;

use crate::error::NotJudged;
use crate::kubernetes::{Body, KubernetesClient};

/// How many objects a page has at most, and how many the first ones have, before their size is known.
const LONGEST_LIMIT: usize = 500;

/// How large a page should be, in bytes. Larger pages save requests, smaller ones memory: this is 500 pods of common size.
const PAGE_BYTES: usize = 19 * 256 * 1024;

/// How many bytes of pages may be held at once, over all clusters that are read together.
const BUDGET_BYTES: usize = 32 * 1024 * 1024;

/// The unit of the budget, in bytes: a semaphore counts in 32 bits, and pages are not counted to the byte.
const BUDGET_UNIT: usize = 64 * 1024;

/// The memory for pages, shared by all clusters that are read together.
#[derive(Clone, Debug)]
pub struct PageBudget(Arc<Semaphore>);

impl Default for PageBudget {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(BUDGET_BYTES / BUDGET_UNIT)))
    }
}

impl PageBudget {
    /// Takes the memory of a page that must be read, as soon as there is enough. Who waits holds no other page, so that
    /// two never wait for each other.
    async fn take(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0).acquire_many_owned(Self::units(bytes)).await.ok()
    }

    /// Takes the memory of a page that would be read ahead, if there is enough.
    fn try_take(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0).try_acquire_many_owned(Self::units(bytes)).ok()
    }

    fn units(bytes: usize) -> u32 {
        u32::try_from(bytes.clamp(BUDGET_UNIT, BUDGET_BYTES) / BUDGET_UNIT).unwrap_or(1)
    }
}

/// The pages of one list.
pub(crate) struct Listing<'a> {
    client: &'a Arc<KubernetesClient>,
    budget: &'a PageBudget,
    kind: Kind,
    path: String,
    limit: usize,
    /// The token of the next page; empty before the first.
    token: String,
    seen: HashSet<u64>,
    /// The first object of the page before, hashed.
    first: Option<u64>,
    ahead: Option<Fetch>,
    /// The memory of a page that was judged, for the page after the next: fresh memory costs a page fault every 4 KiB.
    spare: Option<Vec<u8>>,
    ended: bool,
}

/// A page that was read.
pub(crate) struct Page {
    /// Its body.
    pub(crate) body: Body,
    /// Its memory, given back when the page is dropped.
    _permit: Option<OwnedSemaphorePermit>,
}

impl<'a> Listing<'a> {
    /// A list of a kind over all namespaces.
    pub(crate) fn new(client: &'a Arc<KubernetesClient>, budget: &'a PageBudget, kind: Kind, version: &str) -> Self {
        let (path, token, seen) = (list_path(kind, version), String::new(), HashSet::new());
        Self {
            client,
            budget,
            kind,
            path,
            limit: LONGEST_LIMIT,
            token,
            seen,
            first: None,
            ahead: None,
            spare: None,
            ended: false,
        }
    }

    /// The next page; none after the last. [`Listing::turn`] is called with its metadata before the next one.
    pub(crate) async fn next(&mut self) -> Result<Option<Page>, NotJudged> {
        if self.ended {
            return Ok(None);
        }
        let mut fetch = match self.ahead.take() {
            // A page whose first try broke off may have been asked for again, and begun another list.
            Some(ahead) if ahead.token == self.token => ahead,
            _ => {
                let permit = self.budget.take(PAGE_BYTES).await;
                self.fetch(self.token.clone(), permit)
            }
        };
        if let Some(head) = fetch.head().await
            && !head.continue_token.is_empty()
            && let Some(permit) = self.budget.try_take(PAGE_BYTES)
        {
            self.ahead = Some(self.fetch(head.continue_token, Some(permit)));
        }
        let page = fetch.page().await?;
        // The request for the page ahead is on its way before this page is judged, which takes the only thread.
        tokio::task::yield_now().await;
        Ok(Some(page))
    }

    /// Goes on to the page after `page`, which `metadata`, its `first` object (hashed) and `items` are of.
    pub(crate) fn turn(
        &mut self,
        page: Page,
        metadata: &ListMetadata,
        first: Option<u64>,
        items: u64,
    ) -> Result<(), NotJudged> {
        let mut buffer = page.body.bytes;
        let bytes = buffer.len();
        buffer.clear();
        self.spare = Some(buffer);
        let broken = |what| Err(NotJudged::Pages { resource: self.kind.resource(), what });
        if first.is_some() && first == self.first {
            return broken("a page came twice");
        }
        self.first = first.or(self.first);
        if metadata.continue_token.is_empty() {
            self.ended = true;
            return Ok(());
        }
        if !self.seen.insert(hash(&metadata.continue_token)) {
            return broken("a continue token came twice");
        }
        self.token.clone_from(&metadata.continue_token);
        if let Some(average) = usize::try_from(items).ok().and_then(|items| bytes.checked_div(items)) {
            self.limit = (PAGE_BYTES / average.max(1)).clamp(1, LONGEST_LIMIT);
        }
        Ok(())
    }

    fn fetch(&mut self, token: String, permit: Option<OwnedSemaphorePermit>) -> Fetch {
        let mut url = format!("{}?limit={}", self.path, self.limit);
        if !token.is_empty() {
            url.push_str(&format!("&continue={}", utf8_percent_encode(&token, NON_ALPHANUMERIC)));
        }
        let (client, kind) = (Arc::clone(self.client), self.kind);
        // A page is a little larger than planned where its objects are, and grows without a copy then.
        let buffer = self.spare.take().unwrap_or_else(|| Vec::with_capacity(PAGE_BYTES + PAGE_BYTES / 4));
        let (told, head) = oneshot::channel();
        let task = tokio::spawn(async move {
            let mut told = Some(told);
            let peek = |encoding: Encoding, bytes: &[u8]| {
                if told.is_some()
                    && let Some(metadata) = peek_list_metadata(encoding, bytes)
                    && let Some(told) = told.take()
                {
                    let _ = told.send(metadata);
                }
            };
            client.list_page(&url, kind, buffer, peek).await
        });
        Fetch { token, head, task, permit }
    }
}

/// The path of a list of a kind over all namespaces.
pub(crate) fn list_path(kind: Kind, version: &str) -> String {
    match kind.group() {
        "" => format!("/api/{version}/{}", kind.plural()),
        group => format!("/apis/{group}/{version}/{}", kind.plural()),
    }
}

/// What stands for a token or an object, so that it need not be kept.
pub(crate) fn hash(of: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

/// A page that is on its way. Nobody waits for it any more when this is dropped.
struct Fetch {
    token: String,
    head: oneshot::Receiver<ListMetadata>,
    task: JoinHandle<Result<Body, NotJudged>>,
    permit: Option<OwnedSemaphorePermit>,
}

impl Fetch {
    /// The list's metadata, as soon as it is known; none where the page ends, or fails, without it.
    async fn head(&mut self) -> Option<ListMetadata> {
        (&mut self.head).await.ok()
    }

    async fn page(mut self) -> Result<Page, NotJudged> {
        let body = (&mut self.task).await.map_err(|cause| NotJudged::Connect { source: cause.into() })??;
        Ok(Page { body, _permit: self.permit.take() })
    }
}

impl Drop for Fetch {
    fn drop(&mut self) {
        self.task.abort();
    }
}
