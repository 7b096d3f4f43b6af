use std::collections::BTreeMap;

use loopback::{OWN_ACCOUNT, StoredEvaluation, World};

use crate::event::{Event, ORDERED_AT};

/// Every evaluation that AWS Config received, in order.
#[must_use]
pub fn evaluations(world: &World) -> Vec<StoredEvaluation> {
    world.put_calls().into_iter().flat_map(|call| call.evaluations).collect()
}

/// The last compliance type that AWS Config received of each resource, by its id.
#[must_use]
pub fn verdicts(world: &World) -> BTreeMap<String, String> {
    evaluations(world).into_iter().map(|said| (said.resource_id, said.compliance_type)).collect()
}

/// The last annotation that AWS Config received of each resource, by its id.
#[must_use]
pub fn annotations(world: &World) -> BTreeMap<String, String> {
    let annotated = |said: StoredEvaluation| (said.resource_id, said.annotation.unwrap_or_default());
    evaluations(world).into_iter().map(annotated).collect()
}

/// How often an AWS operation was asked for.
#[must_use]
pub fn asked(world: &World, operation: &str) -> usize {
    world.aws_requests().iter().filter(|request| request.operation == operation).count()
}

/// A result that the event's rule stored a day earlier.
#[must_use]
pub fn seeded(event: &Event, resource_type: &str, resource_id: &str) -> StoredEvaluation {
    StoredEvaluation {
        rule: event.config_rule(),
        account: OWN_ACCOUNT.to_owned(),
        resource_type: resource_type.to_owned(),
        resource_id: resource_id.to_owned(),
        compliance_type: "NON_COMPLIANT".to_owned(),
        annotation: Some("said earlier".to_owned()),
        ordering_timestamp: ORDERED_AT - 86_400.0,
    }
}
