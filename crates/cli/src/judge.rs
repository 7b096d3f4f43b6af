//! `judge`: parameters, then the objects, then the verdicts.

use eks_rules::{Scene, Source};
use jiff::Timestamp;

use crate::command_line::{JudgeArguments, OutputForm};
use crate::failure::{Failure, Status};
use crate::live::{Place, Target};
use crate::output::{Judged, status};
use crate::parameters::{Selection, select, wrong};
use crate::progress::Progress;
use crate::{live, manifests, output, tell, wait_for};

/// Judges, prints the verdicts, and says how the program ends.
///
/// # Errors
/// Whatever keeps it from judging anything.
pub(crate) fn run(arguments: JudgeArguments) -> Result<Status, Failure> {
    refuse_what_is_missing(&arguments)?;
    let selection = select(&arguments.rules, arguments.parameters.as_deref(), arguments.exemptions.as_deref())?;
    for note in &selection.notes {
        tell(&format!("note: {note}"));
    }
    let form = arguments.output;
    let judged = judge(arguments, &selection)?;
    output::write(form, &judged)?;
    Ok(status(&judged))
}

fn refuse_what_is_missing(arguments: &JudgeArguments) -> Result<(), Failure> {
    let missing = match arguments.output {
        _ if arguments.fix => "--fix",
        OutputForm::Table | OutputForm::Json => return Ok(()),
        OutputForm::Sarif => "--output sarif",
        OutputForm::Junit => "--output junit",
        OutputForm::Ocsf => "--output ocsf",
        OutputForm::Asff => "--output asff",
        OutputForm::Html => "--output html",
    };
    Err(Failure::wrong_use(format!("{missing}: this version does not have it yet")))
}

fn judge(arguments: JudgeArguments, selection: &Selection) -> Result<Vec<Judged>, Failure> {
    let progress = Progress::new(arguments.no_progress);
    let place = Place { account: arguments.account, region: arguments.region };
    let source = arguments.source;
    let target = match (source.context, source.cluster) {
        (Some(name), _) => Target::Context { name, kubeconfig: arguments.kubeconfig },
        (None, Some(name)) => Target::Cluster { name, role_arn: arguments.role_arn },
        (None, None) => {
            let scene = Scene {
                source: Source::Manifests,
                account: place.account,
                region: place.region,
                now: Timestamp::now(),
                default_grace_seconds: 0,
            };
            let judges = selection
                .configurations
                .iter()
                .map(|configuration| configuration.judge(&scene).map_err(|error| wrong(configuration.rule(), &error)))
                .collect::<Result<Vec<_>, Failure>>()?;
            return manifests::judge(&source.files, judges, progress);
        }
    };
    wait_for(live::judge(target, place, &selection.configurations, progress))
}
