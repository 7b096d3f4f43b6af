//! One event, from its JSON to PutEvaluations: read, judge, report, once and in that order.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_config::types::ComplianceType;
use eks_rules::{Configuration, Report, RuleName, Scene, Source, not_judged_annotation};
use futures_util::StreamExt;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

use crate::aws::{AssumedRole, Aws};
use crate::clusters::{self, Described};
use crate::error::{InvocationError, NotJudged, chain};
use crate::evaluations::{Put, Said, Stored, stored};
use crate::event::{CLUSTER_TYPE, Event, Request};
use crate::listing::PageBudget;
use crate::metrics::Metrics;
use crate::parameters::{AccessParameters, NotJudgedPolicy, parse};
use crate::reader::read_cluster;
use crate::{log, ssm};

/// How many clusters are read at once.
const CLUSTERS_AT_ONCE: usize = 4;

/// The time that is kept for reporting, at most; a quarter of what was given where that is less.
const REPORTING_TIME: Duration = Duration::from_secs(10);

/// How long a namespace may be without a policy after it was made, where the parameter does not say.
const GRACE_SECONDS: u32 = 60;

/// What surrounds an event.
#[derive(Debug)]
pub struct Invocation {
    /// Lambda's id of the invocation, for the log.
    pub request_id: String,
    /// When Lambda ends the function.
    pub deadline: Instant,
    /// Whether AWS Config is to store nothing, whatever the token says.
    pub test_mode: bool,
    /// What the run is watched by.
    pub metrics: Metrics,
}

/// What was said to AWS Config, and what was not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// The rule.
    pub rule: String,
    /// What was put, in the order of the resources' ids.
    pub evaluations: Vec<Stated>,
    /// Clusters that are being made: nothing was said of them.
    pub not_yet: Vec<String>,
    /// Whether AWS Config was asked to store nothing.
    pub test_mode: bool,
}

/// One evaluation of a [`Summary`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stated {
    /// Type of the resource.
    pub resource_type: String,
    /// Id of the resource.
    pub resource_id: String,
    /// AWS Config's compliance type.
    pub compliance_type: String,
    /// The annotation.
    pub annotation: String,
}

/// What became of one cluster.
enum Outcome {
    Judged(Report),
    Gone(String),
    NotYet(String),
    NotJudged(Arc<NotJudged>),
}

impl Outcome {
    /// Whether this run says of the cluster what is true now.
    const fn settled(&self) -> bool {
        matches!(self, Self::Judged(_) | Self::Gone(_))
    }
}

/// Handles one event: evaluates what it asks for and reports it.
///
/// # Errors
/// See [`InvocationError`]: nothing is reported on a bad event, bad parameters, or a failed listing of clusters; where
/// single clusters fail, the others are reported first.
pub async fn handle(
    rule: RuleName,
    aws: &Aws,
    event: Value,
    invocation: &Invocation,
) -> Result<Summary, InvocationError> {
    let given = invocation.deadline.saturating_duration_since(Instant::now());
    let stop = invocation.deadline - REPORTING_TIME.min(given / 4);
    let mut event = Event::parse(event)?;
    invocation.metrics.of_account(&event.account);
    within(stop, "reading ssm: parameters", async { Ok(ssm::resolve(aws, &mut event.rule_parameters).await?) }).await?;
    let (access, configuration) = parse(rule, &event.rule_parameters)?;
    let aws = within(stop, "getting credentials", caller(rule, aws, &event, &access)).await?;
    let (event, access, configuration, budget) = (&event, &access, &configuration, PageBudget::default());
    Evaluation { rule, aws: &aws, event, access, configuration, invocation, stop, budget }.run().await
}

/// Does something until a time, which ends it.
async fn within<T>(
    time: Instant,
    doing: &'static str,
    work: impl Future<Output = Result<T, InvocationError>>,
) -> Result<T, InvocationError> {
    tokio::time::timeout_at(time, work).await.unwrap_or(Err(InvocationError::Deadline { doing: doing.to_owned() }))
}

/// The caller for the event's account: a role assumed there, or the function's own role if it is of that account.
async fn caller(rule: RuleName, aws: &Aws, event: &Event, access: &AccessParameters) -> Result<Aws, InvocationError> {
    if let Some(name) = &access.execution_role_name {
        let (partition, account) = (event.partition.as_str(), event.account.as_str());
        let role = AssumedRole { partition, account, name, external_id: access.external_id.as_deref(), rule };
        return aws.assume(&role).await;
    }
    let own = aws.account().await?;
    if own == event.account {
        return Ok(aws.clone());
    }
    Err(InvocationError::Credentials {
        doing: format!("the function's role is of account {own}, the event is about account {}", event.account),
        advice: "set the rule parameter executionRoleName to a role of that account (infra/member-role.yaml)"
            .to_owned(),
        source: None,
    })
}

/// One evaluation under way.
struct Evaluation<'a> {
    rule: RuleName,
    aws: &'a Aws,
    event: &'a Event,
    access: &'a AccessParameters,
    configuration: &'a Configuration,
    invocation: &'a Invocation,
    /// When judging stops, so that there is time to report.
    stop: Instant,
    /// The memory for pages, which all clusters share.
    budget: PageBudget,
}

impl Evaluation<'_> {
    async fn run(&self) -> Result<Summary, InvocationError> {
        match &self.event.request {
            Request::NotApplicable { resource_type, resource_id, why } => {
                self.finish(vec![not_applicable(resource_type, resource_id, why)], Vec::new(), Ok(())).await
            }
            Request::Cluster { name } if !self.access.includes(name) => {
                let why = "The cluster is out of the rule's scope (parameters clusters, excludedClusters).";
                self.finish(vec![not_applicable(CLUSTER_TYPE, name, why)], Vec::new(), Ok(())).await
            }
            Request::Cluster { name } => {
                let outcomes = self.judge_all(vec![name.clone()]).await;
                let stored = self.stored_of_failures(&outcomes).await;
                let Sorted { said, not_yet, failures } = self.sort(outcomes, &stored);
                self.finish(said, not_yet, failed(1, failures)).await
            }
            Request::EveryCluster => self.every_cluster().await,
        }
    }

    async fn every_cluster(&self) -> Result<Summary, InvocationError> {
        let listed = within(self.stop, "listing the clusters", clusters::list(self.aws)).await;
        let stored = within(self.stop, "looking up earlier results", self.stored());
        let mut names = match listed {
            Ok(names) => names,
            Err(error) => {
                // Without a list, whatever AWS Config shows goes on ageing.
                if let Ok(stored) = stored.await {
                    self.measure_age(&stored, |name| self.access.includes(name));
                }
                return Err(error);
            }
        };
        names.retain(|name| self.access.includes(name));
        names.sort_unstable();
        // At the same time, so that a lookup that stalls takes none of the time for judging.
        let (stored, outcomes) = tokio::join!(stored, self.judge_all(names.clone()));
        let settled: Vec<String> =
            outcomes.iter().filter(|(_, outcome)| outcome.settled()).map(|(name, _)| name.clone()).collect();
        let known = stored.as_ref().ok();
        let Sorted { mut said, not_yet, failures } = self.sort(outcomes, known.unwrap_or(&Stored::new()));
        if names.is_empty() {
            let why = "The account has no EKS cluster in the rule's scope in this region.";
            said.push(not_applicable("AWS::::Account", &self.event.account, why));
        }
        let mut result = failed(names.len(), failures);
        let mut shown = None;
        match stored {
            Ok(stored) => {
                let stale = stale(stored.keys(), &names).filter(|stale| !names_resource(&said, stale));
                let stale: Vec<Said> = stale.collect();
                said.extend(stale);
                shown = Some(stored);
            }
            Err(error) => {
                result = Err(match result {
                    Ok(()) => error,
                    Err(first) => first.and(Some(error)),
                });
            }
        }
        let ended = self.finish(said, not_yet, result).await;
        if let Some(shown) = shown {
            // What AWS Config did not take goes on ageing there.
            let taken = !ended.as_ref().is_err_and(InvocationError::of_reporting);
            self.measure_age(&shown, |name| names.contains(name) && !(taken && settled.contains(name)));
        }
        ended
    }

    /// Judges clusters, several at once, until the time to report has come.
    async fn judge_all(&self, names: Vec<String>) -> Vec<(String, Outcome)> {
        let judged = futures_util::stream::iter(names).map(|name| async move {
            let outcome = match tokio::time::timeout_at(self.stop, self.judge(&name)).await {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(error)) => Outcome::NotJudged(Arc::new(error)),
                Err(_) => Outcome::NotJudged(Arc::new(NotJudged::Deadline)),
            };
            (name, outcome)
        });
        let mut outcomes: Vec<_> = judged.buffer_unordered(CLUSTERS_AT_ONCE).collect().await;
        outcomes.sort_by(|(one, _), (other, _)| one.cmp(other));
        outcomes
    }

    async fn judge(&self, name: &str) -> Result<Outcome, NotJudged> {
        let source = match clusters::describe(self.aws, name, Some(&self.event.account)).await? {
            Described::Reachable(reached) => reached.source.with_budget(&self.budget),
            Described::NotYet(status) => return Ok(Outcome::NotYet(status)),
            Described::Gone(why) => return Ok(Outcome::Gone(why)),
        };
        let scene = Scene {
            source: Source::Cluster,
            account: Some(self.event.account.clone()),
            region: self.aws.region().map(str::to_owned),
            now: Timestamp::now(),
            default_grace_seconds: GRACE_SECONDS,
        };
        let start = || Ok::<_, NotJudged>(vec![self.configuration.judge(&scene)?]);
        let outcomes = read_cluster(&source, &start, &|_, _, _| self.invocation.metrics.page()).await;
        self.invocation.metrics.retried(source.retries());
        match outcomes?.into_iter().next() {
            Some(Ok(report)) => {
                log::report(&report, &self.event.account, name, &self.invocation.request_id);
                self.invocation.metrics.judged(&report);
                Ok(Outcome::Judged(report))
            }
            Some(Err(why)) => Ok(Outcome::NotJudged(why)),
            None => Err(NotJudged::Deadline),
        }
    }

    /// Sorts the outcomes into what is said, what is not said yet, and what failed.
    fn sort(&self, outcomes: Vec<(String, Outcome)>, stored: &Stored) -> Sorted {
        let Sorted { mut said, mut not_yet, mut failures } = Sorted::default();
        for (name, outcome) in outcomes {
            match outcome {
                Outcome::Judged(report) => said.push(judged(&name, report)),
                Outcome::Gone(why) => said.push(not_applicable(CLUSTER_TYPE, &name, &why)),
                Outcome::NotYet(status) => {
                    tracing::info!(cluster = name, status, "the cluster is being made: its earlier result is kept");
                    not_yet.push(name);
                }
                Outcome::NotJudged(why) => {
                    self.log_failure(&name, &why);
                    self.invocation.metrics.not_judged();
                    if self.access.not_judged == NotJudgedPolicy::NonCompliant {
                        said.push(Said {
                            resource_type: CLUSTER_TYPE.to_owned(),
                            resource_id: name.clone(),
                            compliance_type: ComplianceType::NonCompliant,
                            annotation: not_judged_annotation(
                                why.step(),
                                &why.told(),
                                judged_at(stored, &name).unwrap_or_else(Timestamp::now),
                            ),
                        });
                    }
                    failures.push((name, why));
                }
            }
        }
        Sorted { said, not_yet, failures }
    }

    fn log_failure(&self, cluster: &str, why: &NotJudged) {
        tracing::error!(
            rule = self.rule.as_str(),
            account = self.event.account,
            cluster,
            requestId = self.invocation.request_id,
            step = why.step(),
            cause = why.told(),
            advice = why.advice(),
            "not judged"
        );
    }

    /// What AWS Config shows of the rule from earlier runs. Nothing is stored in TestMode, so nothing is looked up there.
    async fn stored(&self) -> Result<Stored, InvocationError> {
        if self.test_mode() {
            return Ok(Stored::new());
        }
        stored(&self.aws.config_service(), &self.event.config_rule_name).await
    }

    /// The same where single clusters failed and are to be reported all the same, which says since when.
    async fn stored_of_failures(&self, outcomes: &[(String, Outcome)]) -> Stored {
        let failed = outcomes.iter().any(|(_, outcome)| matches!(outcome, Outcome::NotJudged(_)));
        if !failed || self.access.not_judged == NotJudgedPolicy::Keep {
            return Stored::new();
        }
        let stored = within(self.stop, "looking up earlier results", self.stored()).await;
        stored.unwrap_or_else(|error| {
            tracing::warn!(error = chain(&error), "since when the cluster was not judged is not known");
            Stored::new()
        })
    }

    /// Measures how long ago the clusters were judged that AWS Config shows, and that this run did not judge.
    fn measure_age(&self, stored: &Stored, unjudged: impl Fn(&String) -> bool) {
        let now = Timestamp::now();
        self.invocation.metrics.oldest_verdict(Duration::ZERO);
        for judged in stored.iter().filter(|((kind, id), _)| kind == CLUSTER_TYPE && unjudged(id)) {
            let age = judged.1.and_then(|judged| Duration::try_from(now.duration_since(judged)).ok());
            self.invocation.metrics.oldest_verdict(age.unwrap_or_default());
        }
    }

    /// Reports, and ends with `result` if reporting went well.
    async fn finish(
        &self,
        mut said: Vec<Said>,
        not_yet: Vec<String>,
        result: Result<(), InvocationError>,
    ) -> Result<Summary, InvocationError> {
        said.sort_by(|one, other| {
            (&one.resource_type, &one.resource_id).cmp(&(&other.resource_type, &other.resource_id))
        });
        // With nothing to say because all clusters failed, an empty list would record an answer that was none.
        let mut put = Ok(());
        if result.is_ok() || !said.is_empty() {
            let how = Put {
                result_token: &self.event.result_token,
                ordering_timestamp: self.event.ordering_timestamp,
                test_mode: self.test_mode(),
                most: self.aws.network().limits.evaluations,
            };
            let last = self.stop + (self.invocation.deadline - self.stop).mul_f64(0.9);
            put = how.all(&self.aws.config_service(), &said, last).await;
        }
        match (put, result) {
            (Err(first), result) => return Err(first.and(result.err())),
            (Ok(()), result) => result?,
        }
        let evaluations = said.into_iter().map(stated).collect();
        Ok(Summary { rule: self.rule.to_string(), evaluations, not_yet, test_mode: self.test_mode() })
    }

    fn test_mode(&self) -> bool {
        self.invocation.test_mode || self.event.result_token.test_mode()
    }
}

/// When a cluster was judged last, as far as AWS Config shows it.
fn judged_at(stored: &Stored, name: &str) -> Option<Timestamp> {
    stored.get(&(CLUSTER_TYPE.to_owned(), name.to_owned())).copied().flatten()
}

/// The results of resources that are not among `names` any more.
fn stale<'a>(
    stored: impl Iterator<Item = &'a (String, String)> + 'a,
    names: &'a [String],
) -> impl Iterator<Item = Said> + 'a {
    stored
        .filter(|(kind, id)| kind != CLUSTER_TYPE || !names.contains(id))
        .map(|(kind, id)| not_applicable(kind, id, "The cluster is gone or out of the rule's scope."))
}

/// What is said of the clusters, and what is not.
#[derive(Default)]
struct Sorted {
    said: Vec<Said>,
    not_yet: Vec<String>,
    failures: Vec<(String, Arc<NotJudged>)>,
}

/// Ok where no cluster failed.
fn failed(total: usize, failures: Vec<(String, Arc<NotJudged>)>) -> Result<(), InvocationError> {
    if failures.is_empty() { Ok(()) } else { Err(InvocationError::ClustersNotJudged { total, failures }) }
}

fn names_resource(said: &[Said], other: &Said) -> bool {
    said.iter().any(|said| said.resource_type == other.resource_type && said.resource_id == other.resource_id)
}

fn judged(name: &str, report: Report) -> Said {
    let compliance_type = match report.compliance_type {
        eks_rules::ComplianceType::Compliant => ComplianceType::Compliant,
        eks_rules::ComplianceType::NonCompliant => ComplianceType::NonCompliant,
    };
    Said {
        resource_type: CLUSTER_TYPE.to_owned(),
        resource_id: name.to_owned(),
        compliance_type,
        annotation: report.annotation,
    }
}

fn not_applicable(resource_type: &str, resource_id: &str, why: &str) -> Said {
    Said {
        resource_type: resource_type.to_owned(),
        resource_id: resource_id.to_owned(),
        compliance_type: ComplianceType::NotApplicable,
        annotation: eks_rules::annotation(why.trim_end_matches('.'), &[], &[]),
    }
}

fn stated(said: Said) -> Stated {
    Stated {
        resource_type: said.resource_type,
        resource_id: said.resource_id,
        compliance_type: said.compliance_type.as_str().to_owned(),
        annotation: said.annotation,
    }
}
