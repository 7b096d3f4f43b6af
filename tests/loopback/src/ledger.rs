//! What the world knows and remembers: credentials, result tokens, evaluations, requests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::fault::Script;
use crate::kubernetes::cluster::RunningCluster;
use crate::spec::{AccountSpec, WorldSpec};

/// A request that an AWS endpoint received.
#[derive(Clone, Debug, PartialEq)]
pub struct AwsRequest {
    /// The signing name: `eks`, `config`, `sts`.
    pub service: String,
    /// The operation, e.g. `DescribeCluster`; empty where it is not known.
    pub operation: String,
    /// The account whose credentials signed it; empty where they were refused.
    pub account: String,
    /// The role whose credentials signed it; the own account's is `FUNCTION_ROLE`.
    pub role: String,
    /// The access key id that signed it.
    pub access_key: String,
    /// The path as sent.
    pub path: String,
    /// The query as sent.
    pub query: String,
    /// The `user-agent` header.
    pub user_agent: String,
    /// The `host` header, without a scheme.
    pub host: String,
    /// The decoded body: a JSON body as it is, a form body as an object of strings, none as null. Result tokens are in it.
    pub body: Value,
    /// The status of the answer; 0 where a fault sent none.
    pub status: u16,
}

/// A request that a cluster's API server received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubernetesRequest {
    /// The cluster's name.
    pub cluster: String,
    /// The account that owns the cluster.
    pub account: String,
    /// The HTTP method.
    pub method: String,
    /// The path as sent.
    pub path: String,
    /// The decoded query, in order.
    pub query: Vec<(String, String)>,
    /// The status of the answer; 0 where a fault sent none.
    pub status: u16,
    /// The `accept` header.
    pub accept: String,
    /// The `user-agent` header.
    pub user_agent: String,
    /// Who asked, as the API server names the user; `None` where the token was refused.
    pub user: Option<String>,
    /// Why the bearer token was refused.
    pub refusal: Option<String>,
}

/// What AWS Config holds for one rule and resource.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredEvaluation {
    /// The rule's name in AWS Config.
    pub rule: String,
    /// The account the result belongs to.
    pub account: String,
    /// E.g. `AWS::EKS::Cluster`.
    pub resource_type: String,
    /// E.g. the cluster's name.
    pub resource_id: String,
    /// `COMPLIANT` or `NON_COMPLIANT`; in a [`PutCall`] also `NOT_APPLICABLE`, which erases.
    pub compliance_type: String,
    /// The annotation, where one was given.
    pub annotation: Option<String>,
    /// Seconds since 1970.
    pub ordering_timestamp: f64,
}

/// One accepted PutEvaluations call.
#[derive(Clone, Debug, PartialEq)]
pub struct PutCall {
    /// The rule that the result token was issued for; empty in test mode with a token nobody issued.
    pub rule: String,
    /// The account of the caller.
    pub account: String,
    /// The access key id that signed the call.
    pub access_key: String,
    /// The result token sent.
    pub result_token: String,
    /// Whether nothing was stored.
    pub test_mode: bool,
    /// The evaluations in the order sent, failed ones included.
    pub evaluations: Vec<StoredEvaluation>,
    /// How many of them, from the first, were answered in `FailedEvaluations`.
    pub failed: usize,
}

/// Credentials that sign requests in this world.
#[derive(Clone, Debug)]
pub(crate) struct Credential {
    pub(crate) access_key: String,
    pub(crate) secret: String,
    pub(crate) session_token: String,
    pub(crate) account: String,
    pub(crate) role: String,
    pub(crate) session_name: String,
}

impl Credential {
    /// The ARN of the session, the form in which both STS and EKS name the caller.
    pub(crate) fn arn(&self) -> String {
        format!("arn:aws:sts::{}:assumed-role/{}/{}", self.account, self.role, self.session_name)
    }
}

/// A result stored under (rule, account, resource type, resource id).
pub(crate) type EvaluationKey = (String, String, String, String);

/// What changes while the world runs.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) script: Script,
    pub(crate) credentials: Vec<Credential>,
    pub(crate) assumed: usize,
    /// Token to (rule, account).
    pub(crate) result_tokens: BTreeMap<String, (String, String)>,
    /// (rule, account)
    pub(crate) rules: BTreeSet<(String, String)>,
    pub(crate) evaluations: BTreeMap<EvaluationKey, StoredEvaluation>,
    pub(crate) put_calls: Vec<PutCall>,
    pub(crate) aws_requests: Vec<AwsRequest>,
    pub(crate) kubernetes_requests: Vec<KubernetesRequest>,
}

impl Ledger {
    /// Replaces, or for NOT_APPLICABLE erases, what is held for the resource.
    pub(crate) fn store(&mut self, evaluation: StoredEvaluation) {
        let key = (
            evaluation.rule.clone(),
            evaluation.account.clone(),
            evaluation.resource_type.clone(),
            evaluation.resource_id.clone(),
        );
        if evaluation.compliance_type == "NOT_APPLICABLE" {
            self.evaluations.remove(&key);
        } else {
            self.evaluations.insert(key, evaluation);
        }
    }

    pub(crate) fn credential(&self, access_key: &str) -> Option<Credential> {
        self.credentials.iter().find(|credential| credential.access_key == access_key).cloned()
    }
}

/// All that the listeners share.
pub(crate) struct Shared {
    pub(crate) spec: WorldSpec,
    /// `127.0.0.1:port` of the AWS endpoint.
    pub(crate) aws_host: String,
    pub(crate) clusters: Vec<Arc<RunningCluster>>,
    ledger: Mutex<Ledger>,
}

impl Shared {
    pub(crate) fn new(spec: WorldSpec, aws_host: String, clusters: Vec<Arc<RunningCluster>>, ledger: Ledger) -> Self {
        Self { spec, aws_host, clusters, ledger: Mutex::new(ledger) }
    }

    /// The ledger, locked. A panic elsewhere leaves it as it was, which is good enough for a test world.
    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn account(&self, id: &str) -> Option<&AccountSpec> {
        self.spec.accounts.iter().find(|account| account.id == id)
    }

    pub(crate) fn cluster(&self, account: &str, name: &str) -> Option<&Arc<RunningCluster>> {
        self.clusters.iter().find(|cluster| cluster.account == account && cluster.spec.name == name)
    }
}
