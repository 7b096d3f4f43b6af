//! What is told to AWS Config: PutEvaluations in chunks, and the clean-up of results of clusters that are gone.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_config::Client;
use aws_sdk_config::primitives::DateTime;
use aws_sdk_config::types::{ComplianceType, Evaluation};
use eks_rules::not_judged_since;
use jiff::Timestamp;

use crate::error::InvocationError;
use crate::event::ResultToken;

/// The most evaluations that one call takes (PutEvaluations, `Evaluations`).
const CHUNK: usize = 100;

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
}

impl Put<'_> {
    /// Puts all evaluations. An empty list is put too: it records that the rule answered.
    pub(crate) async fn all(self, client: &Client, said: &[Said]) -> Result<(), InvocationError> {
        let evaluations =
            said.iter().map(|said| self.evaluation(said)).collect::<Result<Vec<_>, _>>().map_err(|cause| {
                InvocationError::PutEvaluations { doing: "building".to_owned(), source: Some(cause.into()) }
            })?;
        if evaluations.is_empty() {
            return self.chunk(client, Vec::new()).await;
        }
        for chunk in evaluations.chunks(CHUNK) {
            self.chunk(client, chunk.to_vec()).await?;
        }
        Ok(())
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
    async fn chunk(self, client: &Client, mut evaluations: Vec<Evaluation>) -> Result<(), InvocationError> {
        let mut tries = 1;
        loop {
            let count = evaluations.len();
            let answer = client
                .put_evaluations()
                .result_token(self.result_token.reveal())
                .set_evaluations(Some(evaluations))
                .test_mode(self.test_mode)
                .send()
                .await
                .map_err(|cause| InvocationError::PutEvaluations {
                    doing: format!("{count} evaluations were not taken; allow config:PutEvaluations to the role"),
                    source: Some(cause.into()),
                })?;
            evaluations = answer.failed_evaluations.unwrap_or_default();
            if evaluations.is_empty() {
                return Ok(());
            }
            if tries == TRIES {
                let names: Vec<&str> = evaluations.iter().map(Evaluation::compliance_resource_id).collect();
                let doing =
                    format!("AWS Config failed to store, {tries} times, the evaluations of {}", names.join(", "));
                return Err(InvocationError::PutEvaluations { doing, source: None });
            }
            tracing::warn!(failed = evaluations.len(), tries, "AWS Config failed to store some evaluations");
            tokio::time::sleep(FIRST_BACKOFF * 2_u32.pow(tries)).await;
            tries += 1;
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
