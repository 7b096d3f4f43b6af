//! Faults: what goes wrong on the wire, when, and how often.

use std::time::Duration;

/// Something that goes wrong. Faults can be scripted before and while requests are made ([`crate::World::script`]).
///
/// Every request that matches `target` is counted by each fault on its own; the first fault in the order of scripting that is due acts.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Which requests it concerns.
    pub target: FaultTarget,
    /// How many matching requests are answered properly first.
    pub after: usize,
    /// How many matching requests it then spoils; `usize::MAX` for all of them.
    pub times: usize,
    /// What happens instead of the proper answer.
    pub action: FaultAction,
}

impl Fault {
    /// The next request to an AWS operation is spoiled, once.
    #[must_use]
    pub fn aws(service: &str, operation: &str, action: FaultAction) -> Self {
        let target = FaultTarget::Aws { service: service.to_owned(), operation: operation.to_owned() };
        Self { target, after: 0, times: 1, action }
    }

    /// The next request for a Kubernetes resource is spoiled, once.
    #[must_use]
    pub fn kubernetes(cluster: &str, resource: &str, action: FaultAction) -> Self {
        let target = FaultTarget::Kubernetes { cluster: cluster.to_owned(), resource: resource.to_owned() };
        Self { target, after: 0, times: 1, action }
    }

    /// The same fault after that many proper answers.
    #[must_use]
    pub fn after(self, after: usize) -> Self {
        Self { after, ..self }
    }

    /// The same fault, that many times.
    #[must_use]
    pub fn times(self, times: usize) -> Self {
        Self { times, ..self }
    }
}

/// Which requests a fault concerns. `*` in any field stands for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultTarget {
    /// Requests to an AWS endpoint.
    Aws {
        /// The signing name: `eks`, `config`, `sts`.
        service: String,
        /// The operation, e.g. `DescribeCluster`.
        operation: String,
    },
    /// Requests to a cluster's API server that were authenticated.
    Kubernetes {
        /// The cluster's name.
        cluster: String,
        /// The resource's plural (`pods`), or the path of a request without one (`/apis`).
        resource: String,
    },
}

impl FaultTarget {
    /// Whether a request to `request`, which has no wildcards, is meant.
    fn covers(&self, request: &Self) -> bool {
        let one = |pattern: &str, name: &str| pattern == "*" || pattern == name;
        match (self, request) {
            (Self::Aws { service, operation }, Self::Aws { service: s, operation: o }) => {
                one(service, s) && one(operation, o)
            }
            (Self::Kubernetes { cluster, resource }, Self::Kubernetes { cluster: c, resource: r }) => {
                one(cluster, c) && one(resource, r)
            }
            _ => false,
        }
    }
}

/// What happens instead of the proper answer.
///
/// A service that answers with `Status`, `AwsError`, `ResetConnection`, `Stall` or `Redirect` has not done what it was asked to; with the
/// others it has, and its answer goes wrong on the way: a PutEvaluations whose answer is cut has stored its evaluations.
#[derive(Clone, Debug)]
pub enum FaultAction {
    /// This answer and no other.
    Status {
        /// The HTTP status.
        code: u16,
        /// Header names and values.
        headers: Vec<(String, String)>,
        /// The body, sent as it is.
        body: String,
    },
    /// An AWS error in the wire form of the service's protocol (the HTTP status, the error's name, its message).
    AwsError {
        /// The HTTP status, e.g. 400.
        code: u16,
        /// The error's name, e.g. `ThrottlingException`.
        name: String,
        /// The message.
        message: String,
    },
    /// The connection is reset without an answer.
    ResetConnection,
    /// The proper head and half of the proper body, then the connection is lost.
    TruncateBody,
    /// Nothing is answered until the client gives up.
    Stall,
    /// The proper head and the first half of the proper body, then silence until the client gives up.
    StallBody,
    /// The proper answer, later.
    Delay(Duration),
    /// The proper answer, with which the server ends the connection (`Connection: close`), as one that is being drained does.
    Close,
    /// Status 200 and a body that is no JSON (or XML).
    InvalidJson,
    /// 302 to this address.
    Redirect {
        /// The `Location` header.
        location: String,
    },
    /// Kubernetes: 410 with a Status of reason `Expired` whose `metadata.continue` holds a token for an inconsistent rest.
    Expired410,
    /// A paged listing: the proper page, with a token that leads to this very page again.
    RepeatPage,
    /// Kubernetes: a page with at most so many items (0 is allowed) and a proper token for the rest, as real servers may send.
    ShortPage(usize),
    /// PutEvaluations: the first so many evaluations come back in `FailedEvaluations` and are not stored.
    FailEvaluations(usize),
}

impl FaultAction {
    /// 429 as an overloaded API server answers it: plain text, no Status, and `Retry-After` in seconds.
    #[must_use]
    pub fn overloaded(retry_after: u32) -> Self {
        let headers =
            [("content-type", "text/plain; charset=utf-8".to_owned()), ("retry-after", retry_after.to_string())];
        Self::Status {
            code: 429,
            headers: headers.map(|(name, value)| (name.to_owned(), value)).to_vec(),
            body: "Too many requests, please try again later.\n".to_owned(),
        }
    }

    /// A Kubernetes error as a Status object, e.g. (401, `Unauthorized`, `Unauthorized`) for a token that is refused of a sudden.
    #[must_use]
    pub fn kubernetes_status(code: u16, reason: &str, message: &str) -> Self {
        let body = serde_json::json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": message, "reason": reason, "code": code,
        });
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Self::Status { code, headers, body: body.to_string() }
    }

    /// Whether the service does not do what it was asked to. After the other actions it has done it, and only its answer suffers.
    pub(crate) fn prevents(&self) -> bool {
        matches!(
            self,
            Self::Status { .. } | Self::AwsError { .. } | Self::ResetConnection | Self::Stall | Self::Redirect { .. }
        )
    }

    /// Any AWS service's throttling, which its SDK tries again.
    #[must_use]
    pub fn throttled() -> Self {
        Self::AwsError { code: 400, name: "ThrottlingException".to_owned(), message: "Rate exceeded".to_owned() }
    }
}

/// The faults still to come.
#[derive(Debug, Default)]
pub(crate) struct Script {
    faults: Vec<Fault>,
}

impl Script {
    pub(crate) fn add(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    /// Counts a request, and says what goes wrong with it.
    pub(crate) fn strike(&mut self, request: &FaultTarget) -> Option<FaultAction> {
        let mut action = None;
        for fault in self.faults.iter_mut().filter(|fault| fault.target.covers(request)) {
            if fault.after > 0 {
                fault.after -= 1;
            } else if fault.times > 0 && action.is_none() {
                fault.times = if fault.times == usize::MAX { usize::MAX } else { fault.times - 1 };
                action = Some(fault.action.clone());
            }
        }
        action
    }
}
