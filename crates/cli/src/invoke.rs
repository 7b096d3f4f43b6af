//! `invoke`: the function's own code path on an event.

use std::time::Duration;

use cluster_access::{Aws, Invocation, InvocationError, Metrics, Summary, chain, handle, start_log};
use tokio::time::Instant;

use crate::command_line::InvokeArguments;
use crate::failure::{Failure, Status};
use crate::output;

/// As long as the deployed function has.
const TIMEOUT: Duration = Duration::from_secs(900);

/// Runs a rule's function on an event and prints what AWS Config is told, as JSON. The function's log goes to standard
/// error.
///
/// # Errors
/// An event that cannot be read, and whatever makes the function fail.
pub(crate) async fn invoke(arguments: &InvokeArguments) -> Result<Status, Failure> {
    start_log();
    let path = arguments.event.display();
    let text = std::fs::read_to_string(&arguments.event)
        .map_err(|error| Failure::wrong_use(format!("--event: cannot read {path}: {error}")))?;
    let event = serde_json::from_str(&text)
        .map_err(|error| Failure::wrong_use(format!("--event: {path} is not JSON: {error}")))?;
    let invocation = Invocation {
        request_id: "invoke".to_owned(),
        deadline: Instant::now() + TIMEOUT,
        test_mode: !arguments.put,
        metrics: Metrics::default(),
    };
    let aws = Aws::load(None).await;
    let summary = handle(arguments.rule, &aws, event, &invocation).await.map_err(|error| failure(&error))?;
    let mut text = serde_json::to_string_pretty(&summary)
        .map_err(|error| Failure::not_judged(format!("cannot write the summary: {error}")))?;
    text.push('\n');
    output::print(text.as_bytes())?;
    Ok(status(&summary))
}

fn failure(error: &InvocationError) -> Failure {
    let message = format!("{}: {}", error.error_type(), chain(error));
    match error {
        InvocationError::Event(_) | InvocationError::Parameter(_) => Failure::wrong_use(message),
        _ => Failure::not_judged(message),
    }
}

fn status(summary: &Summary) -> Status {
    let non_compliant = |stated: &cluster_access::Stated| stated.compliance_type == "NON_COMPLIANT";
    if summary.evaluations.iter().any(non_compliant) { Status::NonCompliant } else { Status::Compliant }
}
