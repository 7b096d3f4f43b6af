//! `judge --context` and `judge --cluster`: a live cluster.

use std::path::{Path, PathBuf};

use cluster_access::{Aws, ClusterSource, Described, KubernetesClient, NotJudged, chain, describe, read_cluster};
use eks_rules::{Configuration, Judge, ParameterError, RuleName, Scene, Source};
use indicatif::ProgressBar;
use jiff::Timestamp;

use crate::failure::Failure;
use crate::output::{self, Judged};
use crate::parameters::wrong;
use crate::progress::Progress;

/// The cluster to judge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A context of the kubeconfig.
    Context {
        /// The context's name.
        name: String,
        /// The kubeconfig, where it is not the usual one.
        kubeconfig: Option<PathBuf>,
    },
    /// An EKS cluster, reached as the functions reach it.
    Cluster {
        /// The cluster's name.
        name: String,
        /// The role to assume, where it is not the caller's own.
        role_arn: Option<String>,
    },
}

/// What the caller says of the cluster's place; found out where it is not said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// The account that owns it.
    pub(crate) account: Option<String>,
    /// Its region.
    pub(crate) region: Option<String>,
}

/// Judges a live cluster by each configuration, and says where it is. A step that fails is a [`Judged`] whose outcome is *not judged*.
///
/// # Errors
/// A context, cluster or parameter that does not exist or cannot be used.
pub(crate) async fn judge(
    target: Target,
    mut place: Place,
    configurations: &[Configuration],
    now: Timestamp,
    progress: Progress,
) -> Result<(Vec<Judged>, Place), Failure> {
    let (name, source) = match target {
        Target::Context { name, kubeconfig } => {
            let source = context(&name, kubeconfig.as_deref()).await?;
            (name, Ok(source))
        }
        Target::Cluster { name, role_arn } => {
            let aws = caller(place.region.take(), role_arn).await?;
            place.region = aws.region().map(str::to_owned);
            let source = reach(&aws, &name, &mut place).await?;
            (name, source)
        }
    };
    let source = match source {
        Ok(source) => source,
        Err(why) => {
            return Ok((configurations.iter().map(|one| not_judged(one.rule(), &name, &why)).collect(), place));
        }
    };
    let scene = Scene {
        source: Source::Cluster,
        account: place.account.clone(),
        region: place.region.clone(),
        now,
        default_grace_seconds: 0,
    };
    Ok((read(&name, &source, configurations, &scene, progress).await?, place))
}

/// Reads the cluster once for all rules.
async fn read(
    name: &str,
    source: &ClusterSource,
    configurations: &[Configuration],
    scene: &Scene,
    progress: Progress,
) -> Result<Vec<Judged>, Failure> {
    let start = || -> Result<Vec<Judge>, (RuleName, ParameterError)> {
        configurations.iter().map(|one| one.judge(scene).map_err(|error| (one.rule(), error))).collect()
    };
    let bar = progress.bar(None, "{spinner} {pos} {msg}");
    let outcomes = read_cluster(source, &start, &|kind, count, left| show(&bar, kind.plural(), count, left)).await;
    bar.finish_and_clear();
    let outcomes = outcomes.map_err(|(rule, error)| wrong(rule, &error))?;
    let judged = configurations.iter().zip(outcomes).map(|(one, outcome)| match outcome {
        Ok(report) => Judged { rule: one.rule(), cluster: Some(name.to_owned()), outcome: Ok(report) },
        Err(why) => not_judged(one.rule(), name, &why),
    });
    Ok(judged.collect())
}

fn show(bar: &ProgressBar, resource: &'static str, count: u64, left: Option<u64>) {
    bar.inc(count);
    bar.set_message(match left {
        Some(left) => format!("objects read; {left} more {resource}"),
        None => format!("objects read; {resource}"),
    });
}

/// The cluster of a context.
///
/// # Errors
/// A kubeconfig or context that cannot be used.
pub(crate) async fn context(name: &str, kubeconfig: Option<&Path>) -> Result<ClusterSource, Failure> {
    let client = KubernetesClient::from_kubeconfig(kubeconfig, name).await;
    client
        .map(ClusterSource::from)
        .map_err(|why| Failure::wrong_use(format!("--context {name}: {}. {}", chain(&why), why.advice())))
}

/// The caller, if it knows its region.
///
/// # Errors
/// No region.
pub(crate) fn region_known(aws: Aws) -> Result<Aws, Failure> {
    match aws.region() {
        Some(_) => Ok(aws),
        None => Err(Failure::wrong_use("--cluster: no region is known; give --region or set AWS_REGION")),
    }
}

async fn caller(region: Option<String>, role_arn: Option<String>) -> Result<Aws, Failure> {
    let aws = region_known(Aws::load(region).await)?;
    let Some(arn) = role_arn else { return Ok(aws) };
    aws.assume_arn(&arn).await.map_err(|error| Failure::not_judged(chain(&error)))
}

/// Describes the cluster; what the caller did not say of its place is taken from its ARN.
async fn reach(aws: &Aws, name: &str, place: &mut Place) -> Result<Result<ClusterSource, NotJudged>, Failure> {
    match describe(aws, name, place.account.as_deref()).await {
        Ok(Described::Reachable(reached)) => {
            place.account = place.account.take().or(reached.account);
            Ok(Ok(reached.source))
        }
        Ok(Described::NotYet(status)) => Ok(Err(NotJudged::Status(status))),
        Ok(Described::Gone(why)) => {
            let region = aws.region().unwrap_or_default();
            Err(Failure::wrong_use(format!(
                "--cluster {name}: {why} Look at `aws eks list-clusters --region {region}`"
            )))
        }
        Err(why) => Ok(Err(why)),
    }
}

fn not_judged(rule: RuleName, cluster: &str, why: &NotJudged) -> Judged {
    let told = output::NotJudged {
        step: why.step().to_owned(),
        cause: why.told(),
        advice: Some(format!("{}.", why.advice().trim_end_matches('.'))),
    };
    Judged { rule, cluster: Some(cluster.to_owned()), outcome: Err(told) }
}
