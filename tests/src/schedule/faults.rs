use std::time::Duration;

use eks_rules::RuleName;
use fastrand::Rng;
use loopback::{Fault, FaultAction, FaultTarget};

/// What faults can strike.
pub(super) struct Reach<'a> {
    pub(super) rule: RuleName,
    pub(super) clusters: &'a [String],
    pub(super) patient: bool,
}

/// What a rule may do without, so that it is right to judge where it is missing or may not be read: no fault says that.
const OPTIONAL: [&str; 4] = ["/apis", "daemonsets", "configmaps", "ciliumnetworkpolicies"];

const CALLS: [(&str, &str); 8] = [
    ("ssm", "GetParameter"),
    ("sts", "AssumeRole"),
    ("sts", "GetCallerIdentity"),
    ("eks", "ListClusters"),
    ("eks", "DescribeCluster"),
    ("eks", "DescribeAddon"),
    ("config", "GetComplianceDetailsByConfigRule"),
    ("config", "PutEvaluations"),
];

pub(super) fn generate(random: &mut Rng, reach: &Reach<'_>) -> Fault {
    let (target, action) = if random.u8(..3) == 0 { aws(random, reach) } else { kubernetes(random, reach) };
    let after = [0, 0, 0, 0, 1, 1, 2, 3][random.usize(..8)];
    // Once or twice passes; more than any number of tries stays.
    let times = [1, 1, 2, 3, 4, 5, 9, usize::MAX][random.usize(..8)];
    Fault { target, after, times, action }
}

fn kubernetes(random: &mut Rng, reach: &Reach<'_>) -> (FaultTarget, FaultAction) {
    let cluster = match random.usize(..=reach.clusters.len()) {
        all if all == reach.clusters.len() => "*".to_owned(),
        one => reach.clusters[one].clone(),
    };
    let required: &[&str] = match reach.rule {
        RuleName::NetPolCheck => &["namespaces", "networkpolicies", "pods", "pods"],
        RuleName::PrivEscalation | RuleName::TrustedRegCheck => &["pods"],
    };
    let resource = match random.u8(..4) {
        0 if reach.rule == RuleName::NetPolCheck => OPTIONAL[random.usize(..OPTIONAL.len())],
        1 => "*",
        _ => required[random.usize(..required.len())],
    };
    let action = kubernetes_action(random, reach.patient, required.contains(&resource));
    (FaultTarget::Kubernetes { cluster, resource: resource.to_owned() }, action)
}

fn kubernetes_action(random: &mut Rng, patient: bool, required: bool) -> FaultAction {
    let status = FaultAction::kubernetes_status;
    let answered = |code, body: &str| FaultAction::Status { code, headers: Vec::new(), body: body.to_owned() };
    match random.u8(..22) {
        0 => FaultAction::overloaded(if patient { random.u32(..30) } else { 0 }),
        1 => status(500, "InternalError", "etcdserver: leader changed"),
        2 => answered(502, "<html>bad gateway</html>"),
        3 => status(503, "ServiceUnavailable", "apiserver is shutting down"),
        4 => answered(504, ""),
        5 | 6 => FaultAction::ResetConnection,
        7 | 8 => FaultAction::TruncateBody,
        9 if patient => FaultAction::Stall,
        10 if patient => FaultAction::StallBody,
        11 => FaultAction::Delay(Duration::from_millis(if patient { random.u64(..40_000) } else { random.u64(..200) })),
        12 => status(401, "Unauthorized", "Unauthorized"),
        13 => FaultAction::InvalidJson,
        14 => FaultAction::RepeatPage,
        15 => FaultAction::Redirect { location: "https://elsewhere.example/".to_owned() },
        16 => FaultAction::Close,
        17 => answered(200, "{}"),
        18 if required => status(403, "Forbidden", "forbidden: User cannot list"),
        19 if required => status(404, "NotFound", "the server could not find the requested resource"),
        20 => status(410, "Gone", "too old resource version"),
        _ => FaultAction::Expired410,
    }
}

fn aws(random: &mut Rng, reach: &Reach<'_>) -> (FaultTarget, FaultAction) {
    let (service, operation) = CALLS[random.usize(..CALLS.len())];
    let error = |code, name: &str| FaultAction::AwsError {
        code,
        name: name.to_owned(),
        message: format!("{name} of this schedule"),
    };
    let action = match random.u8(..14) {
        0 => error(500, "InternalFailure"),
        1 => error(503, "ServiceUnavailable"),
        2 => FaultAction::ResetConnection,
        3 => FaultAction::TruncateBody,
        4 if reach.patient => FaultAction::Stall,
        5 if reach.patient => FaultAction::StallBody,
        6 => FaultAction::InvalidJson,
        7 => FaultAction::Close,
        // That the add-on may not be read is for some rules a note.
        8 if operation != "DescribeAddon" => error(400, "AccessDeniedException"),
        9 if operation != "DescribeAddon" => error(403, "ExpiredTokenException"),
        10 if operation == "PutEvaluations" => error(400, "InvalidResultTokenException"),
        10 | 11 if operation == "PutEvaluations" => FaultAction::FailEvaluations(random.usize(1..4)),
        10 => FaultAction::RepeatPage,
        _ => FaultAction::throttled(),
    };
    (FaultTarget::Aws { service: service.to_owned(), operation: operation.to_owned() }, action)
}
