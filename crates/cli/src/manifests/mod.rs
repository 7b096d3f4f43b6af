//! Manifests: Kubernetes objects in YAML and JSON, from files, directories and standard input.
//!
//! Everything is read before anything is said: one object that cannot be read means that no verdict is given. What is
//! in memory at a time is one document, or one item of a list; beside it, what folding needs ([`intake`]).

mod document;
mod error;
mod files;
mod intake;
mod json;
mod kinds;
mod locations;
mod node;
mod parsers;
mod places;
mod text;
mod yaml;

use std::io::Read;
use std::path::PathBuf;

use eks_rules::Judge;
use indicatif::ProgressBar;

use self::error::Errors;
use self::files::Input;
use self::intake::Intake;
pub(crate) use self::locations::{Location, Locations};
use self::text::{Format, Text};
use crate::failure::{Failure, Status};
use crate::output::Judged;
use crate::progress::Progress;
use crate::tell;

/// Whether the places of the findings are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Locate {
    /// Each finding's place is wanted.
    Findings,
    /// No place is.
    Nothing,
}

/// Judges all that the files hold, and looks for the places of what is found.
///
/// # Errors
/// A file that cannot be read, a document that is no Kubernetes object, an object that does not decode, or no object
/// of a kind that any rule reads.
pub(crate) fn judge(
    paths: &[PathBuf],
    judges: Vec<Judge>,
    locate: Locate,
    progress: Progress,
) -> Result<(Vec<Judged>, Locations), Failure> {
    let mut inputs = files::find(paths)?;
    if locate == Locate::Findings {
        inputs = inputs.into_iter().map(repeatable).collect::<Result<_, Failure>>()?;
    }
    let bar = progress.bytes(inputs.iter().map(Input::size).sum());
    let mut intake = Intake::new(judges);
    for input in &inputs {
        bar.set_message(input.name());
        read(input, &bar, &mut intake);
    }
    bar.finish_and_clear();
    let (reports, notes) = intake.finish().map_err(|errors| failure(&errors))?;
    for note in notes {
        tell(&format!("note: {note}"));
    }
    let judged = |report: eks_rules::Report| Judged { rule: report.rule, cluster: None, outcome: Ok(report) };
    let judged: Vec<Judged> = reports.into_iter().map(judged).collect();
    let locations = match locate {
        Locate::Findings => locations::find(&inputs, &judged),
        Locate::Nothing => Locations::default(),
    };
    Ok((judged, locations))
}

fn repeatable(input: Input) -> Result<Input, Failure> {
    let name = input.name();
    input.repeatable().map_err(|error| Failure::wrong_use(format!("{name}: cannot read: {error}")))
}

fn read(input: &Input, bar: &ProgressBar, intake: &mut Intake) {
    let file = input.name();
    match input.open().and_then(|reader| Text::new(bar.wrap_read(reader))) {
        Ok(text) => read_text(&file, text, intake),
        Err(error) => intake.errors.add(&file, None, format!("cannot read: {error}")),
    }
}

fn read_text<R: Read>(file: &str, text: Text<R>, intake: &mut Intake) {
    match text.format {
        Format::Json => json::read(file, text, intake),
        Format::Yaml => yaml::read(file, text, intake),
        Format::Utf16 => {
            intake.errors.add(file, None, "this is UTF-16, as PowerShell's > writes it: save it as UTF-8".to_owned());
        }
    }
}

fn failure(errors: &Errors) -> Failure {
    Failure { status: Status::WrongUse, messages: errors.messages() }
}
