use std::collections::BTreeMap;

use loopback::{PutCall, StoredEvaluation, World};

use super::Schedule;
use crate::event::ORDERED_AT;

/// What became of a schedule.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The error's type and message, where the function failed.
    pub error: Option<(String, String)>,
    calls: Vec<PutCall>,
    held: Vec<StoredEvaluation>,
    /// Requests that were answered with other than what was asked for: how much of the schedule struck.
    pub struck: usize,
}

impl Outcome {
    /// What a world remembers after a function ended with this error, or none.
    #[must_use]
    pub fn of(world: &World, error: Option<(String, String)>) -> Self {
        let aws = world.aws_requests().into_iter().filter(|request| request.status != 200).count();
        let kubernetes = world.kubernetes_requests().into_iter().filter(|request| request.status != 200).count();
        Self { error, calls: world.put_calls(), held: world.evaluations(), struck: aws + kubernetes }
    }

    /// What was delivered and taken of each resource: compliance type and annotation.
    fn delivered(&self) -> BTreeMap<&str, (&str, Option<&str>)> {
        let taken = self.calls.iter().flat_map(|call| call.evaluations.iter().skip(call.failed));
        taken
            .map(|said| (said.resource_id.as_str(), (said.compliance_type.as_str(), said.annotation.as_deref())))
            .collect()
    }
}

/// What a function promises whatever goes wrong, and did not keep: `calm` is what became of the schedule without its
/// faults. Nothing where it kept all.
#[must_use]
pub fn broken_promise(schedule: &Schedule, calm: &Outcome, struck: &Outcome) -> Option<String> {
    if let Some(error) = &calm.error {
        return Some(format!("without a fault it fails: {error:?}"));
    }
    let (expected, delivered) = (calm.delivered(), struck.delivered());
    // What is delivered is what the run without faults delivers: no verdict is another one, and nothing is erased.
    for (id, said) in struck.calls.iter().flat_map(|call| &call.evaluations).map(|said| (&said.resource_id, said)) {
        let told = (said.compliance_type.as_str(), said.annotation.as_deref());
        if expected.get(id.as_str()) != Some(&told) {
            return Some(format!("{id}: told {told:?} instead of {:?}", expected.get(id.as_str())));
        }
        if said.ordering_timestamp.to_bits() != ORDERED_AT.to_bits() {
            return Some(format!("{id}: ordered at {}", said.ordering_timestamp));
        }
    }
    let tokens: std::collections::BTreeSet<_> = struck.calls.iter().map(|call| &call.result_token).collect();
    if tokens.len() > 1 {
        return Some("several result tokens".to_owned());
    }
    // What is not delivered is named, and what was said of it earlier stays.
    let missing: Vec<&str> = expected.keys().filter(|id| !delivered.contains_key(**id)).copied().collect();
    let Some((error_type, message)) = &struck.error else {
        return (!missing.is_empty()).then(|| format!("success without a word of {missing:?}"));
    };
    for id in missing {
        if !told_of(schedule, id, error_type, message, &delivered) {
            return Some(format!("{id} is neither reported nor named: {error_type}: {message}"));
        }
        if schedule.earlier.iter().any(|(_, earlier)| earlier == id)
            && !struck
                .held
                .iter()
                .any(|held| held.resource_id == id && held.annotation.as_deref() == Some("said earlier"))
        {
            return Some(format!("{id}: what was said earlier is lost"));
        }
    }
    None
}

/// Whether the error tells of a resource of which nothing was said. Before the clusters are listed there is no name to tell,
/// and nothing is reported at all; what the clean-up would have found, nobody knows.
fn told_of(
    schedule: &Schedule,
    id: &str,
    error_type: &str,
    message: &str,
    delivered: &BTreeMap<&str, (&str, Option<&str>)>,
) -> bool {
    let before = ["InvalidParameter", "CredentialsFailed", "ListClustersFailed", "DeadlineExceeded"];
    if message.contains(id) || delivered.is_empty() && before.contains(&error_type) && !message.contains("reporting") {
        return true;
    }
    !schedule.clusters().any(|cluster| cluster == id)
        && (message.contains("clean-up") || message.contains("looking up earlier results"))
}
