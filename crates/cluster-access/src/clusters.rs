//! The clusters of an account and region, as the EKS API knows them.

use std::collections::BTreeSet;

use aws_sdk_eks::types::{Cluster, ClusterStatus};

use crate::addon::Addons;
use crate::aws::Aws;
use crate::ecr::Ecr;
use crate::error::{InvocationError, NotJudged};
use crate::kubernetes::KubernetesClient;
use crate::reader::ClusterSource;
use crate::token::TokenSource;

/// The names of every cluster, from all pages of ListClusters.
///
/// # Errors
/// A page that failed, or that leads to an earlier one: the names are complete, or there are none.
pub(crate) async fn list(aws: &Aws) -> Result<Vec<String>, InvocationError> {
    let error = |source| InvocationError::ListClusters { region: aws.region().unwrap_or_default().to_owned(), source };
    let mut names = Vec::new();
    let mut tokens = BTreeSet::new();
    // The paginator itself takes a repeated token for the end, and clusters would be missing without a word.
    let mut pages = aws.eks().list_clusters().into_paginator().stop_on_duplicate_token(false).send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|cause| error(cause.into()))?;
        names.extend(page.clusters.unwrap_or_default());
        if page.next_token.is_some_and(|token| !tokens.insert(token)) {
            return Err(error("the token of a page came twice".into()));
        }
    }
    Ok(names)
}

/// What DescribeCluster says of a cluster.
#[derive(Debug)]
pub enum Described {
    /// It can be read.
    Reachable(Box<Reached>),
    /// It is being made: its earlier result is kept.
    NotYet(String),
    /// It is being deleted, or is not there.
    Gone(String),
}

/// A cluster that can be read.
#[derive(Debug)]
pub struct Reached {
    /// Where it is read from.
    pub source: ClusterSource,
    /// The account that owns it, as its ARN says.
    pub account: Option<String>,
    /// What DescribeCluster says of it, in words: status, version, who reaches its endpoint, and how it authenticates.
    pub summary: String,
}

/// Describes a cluster and makes the client of its Kubernetes API. `account`, where it is given, must own the cluster.
///
/// # Errors
/// A cluster that cannot be described or has no endpoint for this token.
pub async fn describe(aws: &Aws, name: &str, account: Option<&str>) -> Result<Described, NotJudged> {
    let answer = match aws.eks().describe_cluster().name(name).send().await {
        Ok(answer) => answer,
        Err(error) => {
            if error.as_service_error().is_some_and(|service| service.is_resource_not_found_exception()) {
                return Ok(Described::Gone("The cluster is gone.".to_owned()));
            }
            return Err(NotJudged::DescribeCluster { source: error.into() });
        }
    };
    let cluster = answer.cluster.ok_or(NotJudged::Endpoint("cluster"))?;
    check_account(&cluster, account)?;
    match cluster.status.as_ref() {
        Some(ClusterStatus::Creating | ClusterStatus::Pending) => return Ok(Described::NotYet(status(&cluster))),
        Some(ClusterStatus::Deleting) => return Ok(Described::Gone("The cluster is being deleted.".to_owned())),
        _ => {}
    }
    if cluster.connector_config.is_some() {
        return Err(NotJudged::Connector);
    }
    match cluster.status.as_ref() {
        Some(ClusterStatus::Active | ClusterStatus::Updating) => {
            reachable(aws, name, &cluster).map(|reached| Described::Reachable(Box::new(reached)))
        }
        _ => Err(NotJudged::Status(status(&cluster))),
    }
}

fn status(cluster: &Cluster) -> String {
    cluster.status.as_ref().map_or("unknown", ClusterStatus::as_str).to_owned()
}

/// The account in the cluster's ARN.
fn owner(cluster: &Cluster) -> Option<&str> {
    cluster.arn.as_deref().and_then(|arn| arn.split(':').nth(4))
}

fn check_account(cluster: &Cluster, expected: Option<&str>) -> Result<(), NotJudged> {
    match (expected, owner(cluster)) {
        (Some(expected), Some(actual)) if expected != actual => {
            Err(NotJudged::Account { expected: expected.to_owned(), actual: actual.to_owned() })
        }
        _ => Ok(()),
    }
}

fn reachable(aws: &Aws, name: &str, cluster: &Cluster) -> Result<Reached, NotJudged> {
    let endpoint = cluster.endpoint.as_deref().ok_or(NotJudged::Endpoint("endpoint"))?;
    let authority = cluster.certificate_authority.as_ref().and_then(|authority| authority.data.as_deref());
    let authority = authority.ok_or(NotJudged::Endpoint("certificateAuthority"))?;
    let region = aws.region().ok_or_else(|| NotJudged::Token { source: "there is no region".into() })?;
    let tokens = TokenSource::new(aws.sdk_config(), region, name, aws.network().limits.token);
    let client = KubernetesClient::new(endpoint, authority, tokens, aws.network())?;
    let source = ClusterSource::new(client, Some(Addons::new(aws, name)), Some(Ecr::new(aws)));
    Ok(Reached { source, account: owner(cluster).map(str::to_owned), summary: summary(cluster) })
}

fn summary(cluster: &Cluster) -> String {
    let mut words = vec![status(cluster)];
    words.extend(cluster.version.as_ref().map(|version| format!("Kubernetes {version}")));
    if let Some(vpc) = &cluster.resources_vpc_config {
        let cidrs = vpc.public_access_cidrs().join(", ");
        let public = if cidrs.is_empty() { "public".to_owned() } else { format!("public to {cidrs}") };
        words.push(match (vpc.endpoint_public_access, vpc.endpoint_private_access) {
            (true, false) => format!("endpoint {public}"),
            (true, true) => format!("endpoint {public} and private in its VPC"),
            (false, _) => "endpoint private in its VPC".to_owned(),
        });
    }
    let mode = cluster.access_config.as_ref().and_then(|access| access.authentication_mode.as_ref());
    words.extend(mode.map(|mode| format!("authentication by {}", mode.as_str())));
    words.join(", ")
}
