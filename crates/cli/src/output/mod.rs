//! The verdicts, and the forms in which they are printed.

mod asff;
mod doctor;
mod html;
mod json;
mod junit;
mod ocsf;
mod received;
mod sarif;
mod setting;
mod subject;
mod table;
mod text;

use std::io::{ErrorKind, Write};

use eks_rules::{ComplianceType, Report, RuleName};
use serde::{Serialize, Serializer};

use crate::command_line::OutputForm;
use crate::failure::{Failure, Status};

pub(crate) use self::asff::NO_PLACE;
pub(crate) use self::doctor::{json as steps_json, table as steps_table};
pub(crate) use self::received::{Received, received};
pub(crate) use self::setting::{Parameters, Setting};

/// What came of one rule on one cluster, or on one set of manifests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Judged {
    /// The rule.
    pub(crate) rule: RuleName,
    /// The cluster; none for manifests.
    pub(crate) cluster: Option<String>,
    /// The report, or why there is none.
    pub(crate) outcome: Result<Report, NotJudged>,
}

/// Why a rule could not be judged. It is not a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NotJudged {
    /// The step that failed, in a few words.
    pub(crate) step: String,
    /// What went wrong.
    pub(crate) cause: String,
    /// What may help; told to people only.
    pub(crate) advice: Option<String>,
}

/// How the program ends on these verdicts.
pub(crate) fn status(judged: &[Judged]) -> Status {
    let one = |judged: &Judged| match &judged.outcome {
        Err(_) => Status::NotJudged,
        Ok(report) if report.compliance_type == ComplianceType::NonCompliant => Status::NonCompliant,
        Ok(_) => Status::Compliant,
    };
    judged.iter().map(one).max().unwrap_or(Status::Compliant)
}

/// Prints the verdicts on standard output.
///
/// # Errors
/// What a form needs and the setting does not say, and an output that cannot be written.
pub(crate) fn write(form: OutputForm, judged: &[Judged], setting: &Setting) -> Result<(), Failure> {
    let text = match form {
        OutputForm::Table => table::render(judged),
        OutputForm::Json => json::render(judged)?,
        OutputForm::Sarif => sarif::render(judged, setting)?,
        OutputForm::Junit => junit::render(judged)?,
        OutputForm::Ocsf => ocsf::render(judged, setting)?,
        OutputForm::Asff => asff::render(judged, setting)?,
        OutputForm::Html => html::render(judged, setting)?,
    };
    print(text.as_bytes())
}

/// What a rule asserts.
const fn sentence_of(rule: RuleName) -> &'static str {
    match rule {
        RuleName::NetPolCheck => "every namespace has a network policy",
        RuleName::PrivEscalation => "no running container may escalate privileges",
        RuleName::TrustedRegCheck => "images come only from trusted registries",
    }
}

/// Indented JSON with a line feed at its end.
fn json_text(value: &impl Serialize) -> Result<String, Failure> {
    let mut text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::not_judged(format!("cannot write the verdicts as JSON: {error}")))?;
    text.push('\n');
    Ok(text)
}

/// An array of indented JSON whose elements are made as they are written.
fn json_array<T: Serialize>(elements: impl Iterator<Item = T>) -> Result<String, Failure> {
    let mut text = Vec::new();
    let mut serializer = serde_json::Serializer::pretty(&mut text);
    let written = serializer.collect_seq(elements).map_err(|error| error.to_string());
    text.push(b'\n');
    written
        .and_then(|()| String::from_utf8(text).map_err(|error| error.to_string()))
        .map_err(|error| Failure::not_judged(format!("cannot write the verdicts as JSON: {error}")))
}

/// Writes to standard output. A reader that has gone away, as `head` does, has read enough.
///
/// # Errors
/// An output that cannot be written.
pub(crate) fn print(text: &[u8]) -> Result<(), Failure> {
    let mut output = std::io::stdout().lock();
    match output.write_all(text).and_then(|()| output.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::not_judged(format!("cannot write the verdicts: {error}")))
        }
        _ => Ok(()),
    }
}
