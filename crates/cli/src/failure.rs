//! What ends the program early, and how the program ends.

use std::process::ExitCode;

/// How the program ends. The numbers are part of its interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    /// Every judged rule is COMPLIANT.
    Compliant = 0,
    /// Some rule is NON_COMPLIANT.
    NonCompliant = 1,
    /// Arguments, parameters or manifests that cannot be used.
    WrongUse = 2,
    /// Some rule or cluster could not be judged.
    NotJudged = 3,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status as u8)
    }
}

/// What ends the program before any verdict is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// How the program ends.
    pub(crate) status: Status,
    /// What is told on standard error, without the word `error`; each line stands on its own.
    pub(crate) messages: Vec<String>,
}

impl Failure {
    /// The program was used wrongly.
    pub(crate) fn wrong_use(message: impl Into<String>) -> Self {
        Self { status: Status::WrongUse, messages: vec![message.into()] }
    }

    /// The program was used rightly and could not do its work.
    pub(crate) fn not_judged(message: impl Into<String>) -> Self {
        Self { status: Status::NotJudged, messages: vec![message.into()] }
    }
}
