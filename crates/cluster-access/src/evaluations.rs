//! What is told to AWS Config: PutEvaluations in chunks, and the clean-up of results of clusters that are gone.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_config::Client;
use aws_sdk_config::primitives::DateTime;
use aws_sdk_config::types::{ComplianceType, Evaluation};
use eks_rules::not_judged_since;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::error::{Cause, InvocationError, chain};
use crate::event::ResultToken;

/// How often evaluations that AWS Config failed to store are put in all.
const TRIES: u32 = 3;

/// The first wait before they are put again; it doubles.
const FIRST_BACKOFF: Duration = Duration::from_millis(200);

/// What is said of one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    /// Type of the resource, such as `AWS::EKS::Cluster`.
    pub(crate) resource_type: String,
    /// Id of the resource: of a cluster, its name.
    pub(crate) resource_id: String,
    /// The verdict.
    pub(crate) compliance_type: ComplianceType,
    /// The annotation, of 1 to 256 characters.
    pub(crate) annotation: String,
}

/// How the evaluations are put.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Put<'a> {
    /// The token of the event.
    pub(crate) result_token: &'a ResultToken,
    /// The time of the event, the same on every evaluation.
    pub(crate) ordering_timestamp: DateTime,
    /// Whether AWS Config is to store nothing.
    pub(crate) test_mode: bool,
    /// How many evaluations one call takes.
    pub(crate) most: usize,
}

impl Put<'_> {
    /// Puts all evaluations, until `last` at the latest. An empty list is put too: it records that the rule answered.
    ///
    /// A chunk that is not taken keeps none after it back, unless it is for a reason that all have in common.
    ///
    /// # Errors
    /// Evaluations that were not taken, each by the id of its resource.
    pub(crate) async fn all(self, client: &Client, said: &[Said], last: Instant) -> Result<(), InvocationError> {
        let evaluations =
            said.iter().map(|said| self.evaluation(said)).collect::<Result<Vec<_>, _>>().map_err(|cause| {
                InvocationError::PutEvaluations { doing: "building".to_owned(), source: Some(cause.into()) }
            })?;
        if evaluations.is_empty() {
            return self.chunk(client, Vec::new(), last).await.map_err(|refusal| refusal.error(Vec::new()));
        }
        let mut refusals: Option<(Refusal, Vec<String>)> = None;
        let mut chunks = evaluations.chunks(self.most);
        while let Some(chunk) = chunks.next() {
            let Err(refusal) = self.chunk(client, chunk.to_vec(), last).await else { continue };
            tracing::error!(error = refusal.told(), evaluations = chunk.len(), "PutEvaluations failed");
            let mut names = refusal.names(chunk);
            if refusal.of_all() {
                names.extend(chunks.by_ref().flatten().map(name));
            }
            match &mut refusals {
                Some((_, all)) => all.extend(names),
                None => refusals = Some((refusal, names)),
            }
        }
        refusals.map_or(Ok(()), |(refusal, names)| Err(refusal.error(names)))
    }

    fn evaluation(self, said: &Said) -> Result<Evaluation, aws_sdk_config::error::BuildError> {
        Evaluation::builder()
            .compliance_resource_type(&said.resource_type)
            .compliance_resource_id(&said.resource_id)
            .compliance_type(said.compliance_type.clone())
            .annotation(&said.annotation)
            .ordering_timestamp(self.ordering_timestamp)
            .build()
    }

    /// Puts one chunk, and again what AWS Config failed to store of it.
    async fn chunk(self, client: &Client, evaluations: Vec<Evaluation>, last: Instant) -> Result<(), Refusal> {
        tokio::time::timeout_at(last, self.until_stored(client, evaluations)).await.unwrap_or(Err(Refusal::Late))
    }

    async fn until_stored(self, client: &Client, mut evaluations: Vec<Evaluation>) -> Result<(), Refusal> {
        let mut tries = 1;
        loop {
            let answer = client
                .put_evaluations()
                .result_token(self.result_token.reveal())
                .set_evaluations(Some(evaluations))
                .test_mode(self.test_mode)
                .send()
                .await
                .map_err(|cause| Refusal::Call {
                    of_all: cause.as_service_error().is_some_and(|error| {
                        error.is_invalid_result_token_exception() || error.is_no_such_config_rule_exception()
                    }),
                    source: cause.into(),
                })?;
            evaluations = answer.failed_evaluations.unwrap_or_default();
            if evaluations.is_empty() {
                return Ok(());
            }
            if tries == TRIES {
                return Err(Refusal::NotStored(evaluations.iter().map(name).collect()));
            }
            tracing::warn!(failed = evaluations.len(), tries, "AWS Config failed to store some evaluations");
            tokio::time::sleep(FIRST_BACKOFF * 2_u32.pow(tries)).await;
            tries += 1;
        }
    }
}

fn name(evaluation: &Evaluation) -> String {
    evaluation.compliance_resource_id().to_owned()
}

/// Why a chunk was not taken.
enum Refusal {
    /// The call failed.
    Call {
        /// Whether it would with any other evaluations.
        of_all: bool,
        source: Cause,
    },
    /// AWS Config failed to store these, time and again.
    NotStored(Vec<String>),
    /// The time ran out.
    Late,
}

impl Refusal {
    fn of_all(&self) -> bool {
        matches!(self, Self::Late | Self::Call { of_all: true, .. })
    }

    fn told(&self) -> String {
        match self {
            Self::Call { source, .. } => chain(source.as_ref()),
            Self::NotStored(names) => format!("not stored: {}", names.join(", ")),
            Self::Late => "the time ran out".to_owned(),
        }
    }

    /// What was not taken of a chunk.
    fn names(&self, chunk: &[Evaluation]) -> Vec<String> {
        match self {
            Self::NotStored(names) => names.clone(),
            Self::Call { .. } | Self::Late => chunk.iter().map(name).collect(),
        }
    }

    /// The error of all that was not taken, of which this was the first reason.
    fn error(self, names: Vec<String>) -> InvocationError {
        let of = if names.is_empty() { String::new() } else { format!(" of {}", names.join(", ")) };
        match self {
            Self::Late => InvocationError::Deadline { doing: format!("reporting to AWS Config the evaluations{of}") },
            Self::NotStored(_) => InvocationError::PutEvaluations {
                doing: format!("AWS Config failed to store, {TRIES} times, the evaluations{of}"),
                source: None,
            },
            Self::Call { source, .. } => InvocationError::PutEvaluations {
                doing: format!("the evaluations{of} were not taken; allow config:PutEvaluations to the role"),
                source: Some(source),
            },
        }
    }
}

/// What AWS Config shows of a rule: (type, id), and when that was judged, where AWS Config says so.
pub(crate) type Stored = BTreeMap<(String, String), Option<Timestamp>>;

/// Every resource that the rule has a stored result for. What was reported of a cluster that could not be judged says
/// itself since when.
///
/// # Errors
/// A page that failed, or that leads to an earlier one.
pub(crate) async fn stored(client: &Client, rule: &str) -> Result<Stored, InvocationError> {
    let mut resources = Stored::new();
    let request = client.get_compliance_details_by_config_rule().config_rule_name(rule).limit(100);
    let mut tokens = BTreeSet::new();
    let mut pages = request.into_paginator().stop_on_duplicate_token(false).send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|cause| InvocationError::CleanUp { source: cause.into() })?;
        if page.next_token.is_some_and(|token| !tokens.insert(token)) {
            return Err(InvocationError::CleanUp { source: "the token of a page came twice".into() });
        }
        for result in page.evaluation_results.unwrap_or_default() {
            let qualifier =
                result.evaluation_result_identifier.and_then(|identifier| identifier.evaluation_result_qualifier);
            if let Some(qualifier) = qualifier
                && let (Some(resource_type), Some(resource_id)) = (qualifier.resource_type, qualifier.resource_id)
            {
                let since = result.annotation.as_deref().and_then(not_judged_since);
                let recorded = || result.result_recorded_time.and_then(timestamp);
                resources.insert((resource_type, resource_id), since.or_else(recorded));
            }
        }
    }
    Ok(resources)
}

fn timestamp(time: DateTime) -> Option<Timestamp> {
    Timestamp::from_second(time.secs()).ok()
}
