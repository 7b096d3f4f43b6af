//! `demo`: everything on loopback.

use crate::command_line::DemoArguments;
use crate::failure::{Failure, Status};

/// Runs the demo.
///
/// # Errors
/// Whatever keeps the loopback world from starting.
pub(crate) async fn demo(_arguments: &DemoArguments) -> Result<Status, Failure> {
    Err(Failure::not_judged("demo is not wired"))
}
