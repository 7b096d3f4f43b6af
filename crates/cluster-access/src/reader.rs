//! Reads a cluster for one or several judgements: each kind once, page by page, in the order that the rules ask for, and
//! then what the registries of its images say.

use std::sync::Arc;

use eks_rules::{Judge, Kind, Need, Object, Read, Report, decode_list, decode_object};
use futures_util::future::join_all;
use serde_json::Value;

use crate::addon::Addons;
use crate::discovery::Discovery;
use crate::ecr::Ecr;
use crate::error::NotJudged;
use crate::kubernetes::KubernetesClient;
use crate::listing::{Listing, PageBudget, hash, list_path};

/// How often a cluster is read from the start when a list expires under the reading.
const READINGS: u32 = 3;

/// Told of every page, for a progress bar: the kind, how many objects it had, and how many the server says are left.
pub type OnPage<'a> = &'a (dyn Fn(Kind, u64, Option<u64>) + Sync);

/// What came of one judgement. A failure may concern several judgements at once.
pub type Outcome = Result<Report, Arc<NotJudged>>;

/// Where a cluster is read from.
#[derive(Debug)]
pub struct ClusterSource {
    /// Its Kubernetes API.
    client: Arc<KubernetesClient>,
    /// Its add-ons, as the EKS API knows them; none where only a kubeconfig leads to the cluster.
    addons: Option<Addons>,
    /// The registries of its images; none where only a kubeconfig leads to the cluster.
    ecr: Option<Ecr>,
    /// The memory for pages.
    budget: PageBudget,
}

impl ClusterSource {
    pub(crate) fn new(client: KubernetesClient, addons: Option<Addons>, ecr: Option<Ecr>) -> Self {
        Self { client: Arc::new(client), addons, ecr, budget: PageBudget::default() }
    }

    /// How many requests had to be sent again so far.
    pub(crate) fn retries(&self) -> u64 {
        self.client.retries()
    }

    /// The same source, sharing the memory for pages with others.
    #[must_use]
    pub fn with_budget(self, budget: &PageBudget) -> Self {
        Self { budget: budget.clone(), ..self }
    }
}

impl From<KubernetesClient> for ClusterSource {
    fn from(client: KubernetesClient) -> Self {
        Self::new(client, None, None)
    }
}

/// Reads the cluster and judges it, with one outcome for each judgement that `start` begins. `start` is called again
/// where a list expires and the reading must begin anew, since a fold cannot take back what it observed.
///
/// A judgement fails by anything that keeps one of the objects that it needs from being read and decoded; the others
/// go on where that says nothing about the objects that they need.
///
/// # Errors
/// Those of `start`.
pub async fn read_cluster<E>(
    source: &ClusterSource,
    start: &(dyn Fn() -> Result<Vec<Judge>, E> + Sync),
    on_page: OnPage<'_>,
) -> Result<Vec<Outcome>, E> {
    let mut reading = 1;
    loop {
        let mut judges: Vec<Judging> =
            start()?.into_iter().map(|judge| Judging::new(judge).with_registries_of(source)).collect();
        let ended = Reading { source, judges: &mut judges, discovery: None, on_page }.all().await;
        let error = match ended {
            Ok(()) => {
                if let Some(ecr) = &source.ecr {
                    join_all(judges.iter_mut().map(|judging| judging.ask(ecr))).await;
                }
                return Ok(judges.into_iter().map(Judging::outcome).collect());
            }
            Err(NotJudged::Expired { resource, .. }) if reading < READINGS => {
                tracing::warn!(resource, reading, "the list expired; the cluster is read again from the start");
                reading += 1;
                continue;
            }
            Err(NotJudged::Expired { resource, .. }) => NotJudged::Expired { resource, tries: reading },
            Err(error) => error,
        };
        let error = Arc::new(error);
        let outcomes = judges.into_iter().map(|judging| Err(judging.failure.unwrap_or_else(|| Arc::clone(&error))));
        return Ok(outcomes.collect());
    }
}

/// How much of a kind is read.
#[derive(Clone, Copy)]
enum Extent {
    /// Every object.
    Whole,
    /// One object, to see whether the others could be read.
    One,
}

/// Whether one of the requests of a reading can be made.
pub(crate) struct Probed {
    /// The kind that it reads; none for the API groups.
    pub(crate) kind: Option<Kind>,
    /// Whether the judgements go on without, where it may not be read.
    pub(crate) dispensable: bool,
    /// Whether there is something to read; none where the API groups, on which that depends, cannot be read.
    pub(crate) readable: Option<Result<bool, NotJudged>>,
}

/// Makes the requests by which the judgements read the cluster, one of each sort, and tells what came of each: first the
/// API groups, which any authenticated user may read, then the kinds.
pub(crate) async fn probe(source: &ClusterSource, judges: Vec<Judge>, tell: &mut (dyn FnMut(Probed) -> bool + Send)) {
    let mut judges: Vec<Judging> = judges.into_iter().map(Judging::new).collect();
    let mut reading = Reading { source, judges: &mut judges, discovery: None, on_page: &|_, _, _| {} };
    let kinds = reading.kinds();
    let groups = reading.discovery().await.map(|_| true);
    let known = groups.is_ok();
    let dispensable = !kinds.iter().any(|kind| reading.discovered(*kind));
    if !tell(Probed { kind: None, dispensable, readable: Some(groups) }) {
        return;
    }
    for kind in kinds {
        let needs: Vec<Need> = reading.judges.iter().filter_map(|judging| judging.need(kind)).collect();
        let dispensable = needs.iter().all(|need| *need == Need::IfReadable);
        let readable = match known || !reading.discovered(kind) {
            true => Some(reading.kind(kind, Extent::One).await),
            false => None,
        };
        tell(Probed { kind: Some(kind), dispensable, readable });
    }
}

/// One judgement under way.
struct Judging {
    judge: Judge,
    reads: Vec<Read>,
    failure: Option<Arc<NotJudged>>,
}

impl Judging {
    fn new(judge: Judge) -> Self {
        Self { reads: judge.reads(), judge, failure: None }
    }

    /// The same; it fails at once where it will ask registries and there is none to ask.
    fn with_registries_of(mut self, source: &ClusterSource) -> Self {
        if self.judge.asks_registry() && source.ecr.is_none() {
            self.failure = Some(Arc::new(NotJudged::NoRegistry));
        }
        self
    }

    /// Asks ECR what the judgement must know of the images that it observed.
    async fn ask(&mut self, ecr: &Ecr) {
        if self.failure.is_some() {
            return;
        }
        match ecr.answers(self.judge.registry_questions()).await {
            Ok(answers) => {
                answers.into_iter().for_each(|(question, answer)| self.judge.registry_answer(question, answer));
            }
            Err(error) => self.failure = Some(Arc::new(error)),
        }
    }

    /// How badly the judgement needs a kind; none where it does not read it, or has failed already.
    fn need(&self, kind: Kind) -> Option<Need> {
        if self.failure.is_some() {
            return None;
        }
        self.reads.iter().find(|read| read.kind == kind).map(|read| read.need)
    }

    fn outcome(self) -> Outcome {
        self.failure.map_or_else(|| Ok(self.judge.report()), Err)
    }
}

/// One reading of a cluster.
struct Reading<'a> {
    source: &'a ClusterSource,
    judges: &'a mut [Judging],
    /// What the server serves, once somebody asked.
    discovery: Option<Discovery>,
    on_page: OnPage<'a>,
}

impl Reading<'_> {
    /// Reads every kind that one of the judgements needs. An error concerns all judgements.
    async fn all(mut self) -> Result<(), NotJudged> {
        for kind in self.kinds() {
            if !self.judges.iter().any(|judging| judging.need(kind).is_some()) {
                continue;
            }
            match self.kind(kind, Extent::Whole).await {
                Ok(_) => {}
                Err(error) if error.of_one_resource() => self.fail(kind, error),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The kinds that the judgements read together, in their order. Pods come last: a rule that knows all policies by
    /// then has less to remember of the pods.
    fn kinds(&self) -> Vec<Kind> {
        let mut kinds: Vec<Kind> = Vec::new();
        for read in self.judges.iter().flat_map(|judging| &judging.reads) {
            if !kinds.contains(&read.kind) {
                kinds.push(read.kind);
            }
        }
        kinds.sort_by_key(|kind| *kind == Kind::Pod);
        kinds
    }

    /// Reads one kind, wherever it is kept, or asks for one object of it, and says whether it is there.
    async fn kind(&mut self, kind: Kind, extent: Extent) -> Result<bool, NotJudged> {
        if !kind.kubernetes() {
            return self.addon().await;
        }
        let versions = if self.discovered(kind) {
            self.discovery().await?.versions(kind)
        } else {
            vec![kind.version().to_owned()]
        };
        for version in versions {
            let read = match (kind.single(), extent) {
                (Some((namespace, name)), _) => self.single(kind, namespace, name).await,
                (None, Extent::Whole) => self.list(kind, &version).await,
                (None, Extent::One) => self.one(kind, &version).await,
            };
            match read {
                // A group can be served without this kind of it in this version, and a single object need not be there.
                Err(NotJudged::Answer { code: 404, .. }) if !self.required(kind) => {}
                read => return read.map(|()| true),
            }
        }
        Ok(false)
    }

    /// Whether it depends on the API groups of the cluster that, and how, the kind is read.
    fn discovered(&self, kind: Kind) -> bool {
        kind.kubernetes() && !self.required(kind) && !kind.group().is_empty()
    }

    /// Whether one of the judgements cannot do without the kind, which every cluster serves.
    fn required(&self, kind: Kind) -> bool {
        self.judges.iter().any(|judging| judging.need(kind) == Some(Need::Required))
    }

    async fn discovery(&mut self) -> Result<&Discovery, NotJudged> {
        if self.discovery.is_none() {
            self.discovery = Some(Discovery::read(&self.source.client).await?);
        }
        Ok(self.discovery.get_or_insert_default())
    }

    /// Lists one kind, page by page, and lets the judgements that read it observe each object.
    async fn list(&mut self, kind: Kind, version: &str) -> Result<(), NotJudged> {
        let mut listing = Listing::new(&self.source.client, &self.source.budget, kind, version);
        let (optional, mut begun) = (!self.required(kind), false);
        while let Some(page) = listing.next().await.map_err(|error| gone_midway(error, optional && begun, kind))? {
            begun = true;
            let mut count = 0;
            let mut first = None;
            let judges = &mut *self.judges;
            let metadata = decode_list(kind, page.body.encoding, &page.body.bytes, &mut |object| {
                count += 1;
                first.get_or_insert_with(|| hash(&object.identity()));
                observe(judges, kind, object);
            });
            let metadata = metadata.map_err(NotJudged::Decode)?;
            (self.on_page)(kind, count, metadata.remaining_item_count.and_then(|left| u64::try_from(left).ok()));
            listing.turn(page, &metadata, first, count)?;
        }
        Ok(())
    }

    /// Asks for a list of one object at most, of which nothing is observed.
    async fn one(&self, kind: Kind, version: &str) -> Result<(), NotJudged> {
        let path = format!("{}?limit=1", list_path(kind, version));
        let body = self.source.client.list_page(&path, kind, Vec::new(), |_, _| {}).await?;
        decode_list(kind, body.encoding, &body.bytes, &mut |_| {}).map(|_| ()).map_err(NotJudged::Decode)
    }

    async fn single(&mut self, kind: Kind, namespace: &str, name: &str) -> Result<(), NotJudged> {
        let path = format!("/api/{}/namespaces/{namespace}/{}/{name}", kind.version(), kind.plural());
        let body = self.source.client.get(&path, "get", &kind.resource()).await?;
        let value: Value =
            serde_json::from_slice(&body).map_err(|cause| NotJudged::Body { path, source: cause.into() })?;
        let judges = &mut *self.judges;
        decode_object(kind, &value, &mut |object| observe(judges, kind, object)).map_err(NotJudged::Decode)
    }

    async fn addon(&mut self) -> Result<bool, NotJudged> {
        let Some(addons) = &self.source.addons else { return Ok(false) };
        let values = addons.vpc_cni().await?;
        if let Some(values) = &values {
            observe(self.judges, Kind::VpcCniAddon, Object::VpcCniAddon(values));
        }
        Ok(values.is_some())
    }

    /// Ends the judgements that need a kind which cannot be read, and notes it in those that can do without.
    fn fail(&mut self, kind: Kind, error: NotJudged) {
        let forbidden = error.forbidden();
        let error = Arc::new(error);
        for judging in self.judges.iter_mut() {
            match judging.need(kind) {
                None => {}
                Some(Need::IfReadable) if forbidden => judging.judge.forbidden(kind),
                Some(_) => judging.failure = Some(Arc::clone(&error)),
            }
        }
    }
}

/// An optional list that is not there is nothing; one that is gone after its first page was only read in part.
fn gone_midway(error: NotJudged, begun: bool, kind: Kind) -> NotJudged {
    match error {
        NotJudged::Answer { code: 404, .. } if begun => {
            NotJudged::Pages { resource: kind.resource(), what: "it was gone before its last page" }
        }
        error => error,
    }
}

/// Lets every judgement that reads the kind observe an object of it.
fn observe(judges: &mut [Judging], kind: Kind, object: Object<'_>) {
    for judging in judges.iter_mut().filter(|judging| judging.need(kind).is_some()) {
        judging.judge.observe(object);
    }
}
