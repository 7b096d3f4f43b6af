//! What the acceptance tests share: worlds, events, and what became of them.
//!
//! Each test starts the built binaries against a loopback world of its own. A helper panics where it cannot do what it
//! is asked to: in a test that is a failure.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod binary;
mod event;
mod run;
mod said;
mod schedule;
mod worlds;

pub use binary::{binary, command_line, workspace};
pub use event::{Event, ORDERED_AT};
pub use run::{Run, committed, options};
pub use said::{annotations, asked, evaluations, seeded, verdicts};
pub use schedule::{Outcome, Schedule, broken_promise, number_from_environment};
pub use worlds::{clean_pod, compliant, escalating_pod, pods_in_pages, start, violating, world};
