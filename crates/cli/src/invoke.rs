//! `invoke`: the function's own code path on an event.

use crate::command_line::InvokeArguments;
use crate::failure::{Failure, Status};

/// Runs a rule's function on an event and prints what AWS Config is told.
///
/// # Errors
/// An event that cannot be read, and whatever makes the function fail.
pub(crate) async fn invoke(_arguments: &InvokeArguments) -> Result<Status, Failure> {
    Err(Failure::not_judged("invoke is not wired"))
}
