//! What can go wrong, one variant for each step. The cause is in `source()`; [`chain`] tells it once, at the top.

use std::error::Error as StdError;

use std::sync::Arc;

use eks_rules::{DecodeError, ParameterError, bounded};
use thiserror::Error;

use crate::event::EventError;

/// A cause of any type.
pub(crate) type Cause = Box<dyn StdError + Send + Sync>;

const LOOK_AT_THE_ENDPOINTS: &str = "look at the function's way to the AWS endpoints, and at its timeout";
const ALLOW_LIST_CLUSTERS: &str = "allow eks:ListClusters to the role";
const ALLOW_COMPLIANCE_DETAILS: &str = "allow config:GetComplianceDetailsByConfigRule to the role";

/// Why an invocation failed. Nothing was reported where the event, the parameters, the role or the listing of clusters
/// failed; otherwise what could be judged was reported before.
#[derive(Debug, Error)]
pub enum InvocationError {
    /// The event cannot be used.
    #[error(transparent)]
    Event(#[from] EventError),
    /// A rule parameter cannot be used.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// There are no credentials, or they are of another account.
    #[error("credentials: {doing}; {advice}")]
    Credentials {
        /// What was being done.
        doing: String,
        /// What to do about it.
        advice: String,
        /// Why it failed.
        #[source]
        source: Option<Cause>,
    },
    /// The time ran out before there was anything to report, or while it was reported.
    #[error("the time ran out while {doing}; {LOOK_AT_THE_ENDPOINTS}")]
    Deadline {
        /// What was being done.
        doing: String,
    },
    /// The clusters could not be listed.
    #[error("ListClusters in {region} failed; {ALLOW_LIST_CLUSTERS}")]
    ListClusters {
        /// The region.
        region: String,
        /// Why it failed.
        #[source]
        source: Cause,
    },
    /// Some clusters could not be judged; the others were reported.
    #[error("{} of {total} clusters not judged: {}", failures.len(), told(failures))]
    ClustersNotJudged {
        /// How many clusters were in scope.
        total: usize,
        /// Each cluster that was not judged, and why.
        failures: Vec<(String, Arc<NotJudged>)>,
    },
    /// AWS Config did not take the evaluations.
    #[error("PutEvaluations: {doing}")]
    PutEvaluations {
        /// What was being done.
        doing: String,
        /// Why it failed.
        #[source]
        source: Option<Cause>,
    },
    /// The results of clusters that are gone could not be looked up; everything else was reported.
    #[error(
        "clean-up of results of clusters that are gone: GetComplianceDetailsByConfigRule failed; \
             {ALLOW_COMPLIANCE_DETAILS}"
    )]
    CleanUp {
        /// Why it failed.
        #[source]
        source: Cause,
    },
    /// Two of the others at once.
    #[error("{}; besides, {}", chain(first.as_ref()), chain(second.as_ref()))]
    Both {
        /// The one that an alarm goes by.
        first: Box<InvocationError>,
        /// The other.
        second: Box<InvocationError>,
    },
}

impl InvocationError {
    /// This error, and another that came after it, if any.
    pub(crate) fn and(self, other: Option<Self>) -> Self {
        match other {
            Some(second) => Self::Both { first: Box::new(self), second: Box::new(second) },
            None => self,
        }
    }

    /// Whether something is not known to have been taken by AWS Config.
    pub(crate) fn of_reporting(&self) -> bool {
        match self {
            Self::Both { first, .. } => first.of_reporting(),
            other => matches!(other, Self::PutEvaluations { .. } | Self::Deadline { .. }),
        }
    }

    /// The stable name by which an alarm can match the error: Lambda's `errorType`.
    #[must_use]
    pub fn error_type(&self) -> &'static str {
        match self {
            Self::Both { first, .. } => first.error_type(),
            Self::Event(EventError::Field { .. }) => "InvalidEvent",
            Self::Event(EventError::UnknownMessageType { .. }) => "UnknownMessageType",
            Self::Parameter(_) => "InvalidParameter",
            Self::Credentials { .. } => "CredentialsFailed",
            Self::Deadline { .. } => "DeadlineExceeded",
            Self::ListClusters { .. } => "ListClustersFailed",
            Self::ClustersNotJudged { .. } => "ClustersNotJudged",
            Self::PutEvaluations { .. } => "PutEvaluationsFailed",
            Self::CleanUp { .. } => "CleanUpFailed",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> &str {
        match self {
            Self::Both { first, .. } => first.advice(),
            Self::Event(_) => "invoke the function as AWS Config does: events/ has an event of each message type",
            Self::Parameter(_) => "correct the rule parameter",
            Self::Credentials { advice, .. } => advice,
            Self::Deadline { .. } => LOOK_AT_THE_ENDPOINTS,
            Self::ListClusters { .. } => ALLOW_LIST_CLUSTERS,
            Self::ClustersNotJudged { .. } => "do for each cluster what its step asks for",
            Self::PutEvaluations { .. } => {
                "allow config:PutEvaluations to the role; a result token is good for one event, and only for a while"
            }
            Self::CleanUp { .. } => ALLOW_COMPLIANCE_DETAILS,
        }
    }
}

fn told(failures: &[(String, Arc<NotJudged>)]) -> String {
    let tell = |(cluster, why): &(String, Arc<NotJudged>)| {
        format!("{cluster}: {}: {}. {}", why.step(), why.told(), why.advice())
    };
    failures.iter().map(tell).collect::<Vec<_>>().join("; ")
}

/// Why one cluster could not be judged.
#[derive(Debug, Error)]
pub enum NotJudged {
    /// DescribeCluster failed.
    #[error("DescribeCluster failed")]
    DescribeCluster {
        /// Why it failed.
        #[source]
        source: Cause,
    },
    /// DescribeAddon failed.
    #[error("DescribeAddon of vpc-cni failed")]
    DescribeAddon {
        /// Why it failed.
        #[source]
        source: Cause,
        /// Whether it is for want of a right.
        forbidden: bool,
    },
    /// The cluster's status does not let it be judged.
    #[error("the cluster's status is {0}")]
    Status(String),
    /// A cluster that is registered through the EKS Connector.
    #[error("the cluster is registered through the EKS Connector")]
    Connector,
    /// The cluster belongs to another account than the event says.
    #[error("the cluster belongs to account {actual}, the event is about account {expected}")]
    Account {
        /// The account of the event.
        expected: String,
        /// The account of the cluster's ARN.
        actual: String,
    },
    /// DescribeCluster gave no usable endpoint or certificate authority.
    #[error("DescribeCluster gave no usable {0}")]
    Endpoint(&'static str),
    /// The bearer token could not be signed.
    #[error("the bearer token could not be signed")]
    Token {
        /// Why it failed.
        #[source]
        source: Cause,
    },
    /// A parameter cannot be used on this cluster.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// The kubeconfig or its context cannot be used.
    #[error("the kubeconfig cannot be used")]
    Kubeconfig {
        /// Why it failed.
        #[source]
        source: Cause,
    },
    /// No connection.
    #[error("no connection to the Kubernetes API")]
    Connect {
        /// Why it failed.
        #[source]
        source: Cause,
    },
    /// The server's certificate is not signed by the cluster's certificate authority, or TLS failed otherwise.
    #[error("TLS with the Kubernetes API failed")]
    Tls {
        /// Why it failed.
        #[source]
        source: Cause,
    },
    /// 401.
    #[error("the Kubernetes API refused the token (401)")]
    Unauthorized,
    /// 403.
    #[error("may not {verb} {resource} (403): {message}")]
    Forbidden {
        /// The verb of RBAC.
        verb: &'static str,
        /// The resource of RBAC, with its group.
        resource: String,
        /// What the server said.
        message: String,
    },
    /// Any other answer than 200.
    #[error("the Kubernetes API answered {code} to {path}: {message}")]
    Answer {
        /// The status code.
        code: u16,
        /// The path that was asked for.
        path: String,
        /// What the server said.
        message: String,
    },
    /// The body of an answer broke off or is too large.
    #[error("the answer to {path} could not be read")]
    Body {
        /// The path that was asked for.
        path: String,
        /// Why it failed.
        #[source]
        source: Cause,
    },
    /// An object does not decode.
    #[error("an object does not decode")]
    Decode(#[source] DecodeError),
    /// The list's continue token expired, time and again.
    #[error("the list of {resource} expired before it was read, {tries} times")]
    Expired {
        /// What was listed.
        resource: String,
        /// How often it was begun.
        tries: u32,
    },
    /// The pages of a list do not make a whole.
    #[error("the pages of the list of {resource} do not make a whole: {what}")]
    Pages {
        /// What was listed.
        resource: String,
        /// What is wrong.
        what: &'static str,
    },
    /// ECR did not say what a parameter asks of it.
    #[error("ecr:{operation} of repository {repository} failed")]
    Registry {
        /// The action, as it stands in a policy after `ecr:`.
        operation: &'static str,
        /// The repository, or the first of several, with account and region.
        repository: String,
        /// Whether it is for want of a right.
        forbidden: bool,
        /// Why it failed.
        #[source]
        source: Cause,
    },
    /// A parameter asks ECR, and only a kubeconfig leads to the cluster.
    #[error("the parameters ask ECR, and a kubeconfig leads to no AWS account")]
    NoRegistry,
    /// The time of the invocation ran out.
    #[error("the time ran out while the cluster was being read")]
    Deadline,
}

impl NotJudged {
    /// The step that failed: a stable word for logs and for `notJudged.step` of the command line's output.
    #[must_use]
    pub const fn step(&self) -> &'static str {
        match self {
            Self::DescribeAddon { .. } => "DescribeAddon",
            Self::DescribeCluster { .. }
            | Self::Status(_)
            | Self::Connector
            | Self::Account { .. }
            | Self::Endpoint(_) => "DescribeCluster",
            Self::Token { .. } => "token",
            Self::Parameter(_) => "parameters",
            Self::Kubeconfig { .. } => "kubeconfig",
            Self::Connect { .. } => "connect",
            Self::Tls { .. } => "TLS",
            Self::Unauthorized => "authenticate",
            Self::Forbidden { .. } => "authorize",
            Self::Answer { .. } | Self::Body { .. } | Self::Expired { .. } | Self::Pages { .. } => "list",
            Self::Decode(_) => "decode",
            Self::Registry { .. } | Self::NoRegistry => "ECR",
            Self::Deadline => "deadline",
        }
    }

    /// What went wrong, with its causes, cut where an object or a server made it longer than anybody reads.
    #[must_use]
    pub fn told(&self) -> String {
        bounded(&chain(self))
    }

    /// Whether the failure says nothing about the other kinds of object of the cluster.
    pub(crate) const fn of_one_resource(&self) -> bool {
        matches!(self, Self::Forbidden { .. } | Self::Answer { .. } | Self::Decode(_) | Self::DescribeAddon { .. })
    }

    /// Whether it is for want of a right that something could not be read.
    pub(crate) const fn forbidden(&self) -> bool {
        matches!(self, Self::Forbidden { .. } | Self::DescribeAddon { forbidden: true, .. })
    }

    /// What to do about it.
    #[must_use]
    pub const fn advice(&self) -> &'static str {
        match self {
            Self::DescribeCluster { .. } => "Allow eks:DescribeCluster on the cluster to the role",
            Self::DescribeAddon { .. } => "Allow eks:DescribeAddon on the add-on vpc-cni of the cluster to the role",
            Self::Status(_) => "Mend or delete the cluster; it is judged when its status is ACTIVE",
            Self::Connector => "Exclude it with excludedClusters: it has no endpoint that EKS signs tokens for",
            Self::Account { .. } => "Set executionRoleName to a role of the event's account",
            Self::Endpoint(_) => "Look at the cluster with `aws eks describe-cluster`",
            Self::Token { .. } => "Look at the function's credentials",
            Self::Parameter(_) => "Correct the rule parameter",
            Self::Kubeconfig { .. } => "Look at `kubectl config get-contexts`",
            Self::Connect { .. } => {
                "For a private endpoint give the function a VpcConfig whose security group the cluster's admits on 443; \
                 for a public one list the function's address in publicAccessCidrs"
            }
            Self::Tls { .. } => {
                "The answer did not come from the cluster's API server, or a proxy opens TLS: let the connection through unopened"
            }
            Self::Unauthorized => {
                "Make an access entry for the function's role (infra/access-entry.yaml), or an aws-auth line with the role ARN without its path"
            }
            Self::Forbidden { .. } => {
                "Apply infra/kubernetes/cluster-role.yaml and give the access entry its group eks-config-rules"
            }
            Self::Answer { .. } | Self::Body { .. } | Self::Expired { .. } => {
                "The API server may be overloaded or restarting; the next run tries again"
            }
            Self::Pages { .. } => "A proxy or cache between function and API server may repeat answers",
            Self::Decode(_) => "Report it with the object's name: the API server sent what its own API does not allow",
            Self::Registry { forbidden: true, .. } => {
                "Allow the action on the repository to the role; where the repository is of another account, let its repository policy allow it too, or take the account out of scanAccounts"
            }
            Self::Registry { forbidden: false, .. } => {
                "ECR may be throttling or out of reach (a VPC needs an endpoint or NAT for it); the next run tries again"
            }
            Self::NoRegistry => "Judge it with --cluster NAME, or leave the parameters that ask ECR out",
            Self::Deadline => "Give the function more memory (CPU follows it) or judge fewer clusters with `clusters`",
        }
    }
}

/// An error and all its causes, outermost first.
#[must_use]
pub fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let told = error.to_string();
        if !told.is_empty() && !text.ends_with(&told) {
            text.push_str(": ");
            text.push_str(&told);
        }
        cause = error.source();
    }
    text
}
