//! `judge`: parameters, then the objects, then the verdicts.

use eks_rules::{Scene, Source};
use jiff::Timestamp;

use crate::command_line::{JudgeArguments, OutputForm};
use crate::failure::{Failure, Status};
use crate::live::{Place, Target};
use crate::manifests::{Locate, Locations};
use crate::output::{Judged, Setting, status};
use crate::parameters::{Selection, select, wrong};
use crate::progress::Progress;
use crate::{fix, live, manifests, output, tell, wait_for};

/// Judges, prints the verdicts, and says how the program ends.
///
/// # Errors
/// Whatever keeps it from judging anything.
pub(crate) fn run(arguments: JudgeArguments) -> Result<Status, Failure> {
    require_place(&arguments)?;
    let selection = select(&arguments.rules, arguments.parameters.as_deref(), arguments.exemptions.as_deref())?;
    for note in &selection.notes {
        tell(&format!("note: {note}"));
    }
    let (form, fixing) = (arguments.output, arguments.fix.clone());
    fix::check(&fixing, &arguments.source)?;
    let (judged, setting) = judge(arguments, &selection)?;
    fix::write(&fixing, &judged, &selection.configurations, &setting)?;
    output::write(form, &judged, &setting)?;
    Ok(status(&judged))
}

/// Security Hub files each finding under an account and a region, which a kubeconfig and manifests do not tell.
fn require_place(arguments: &JudgeArguments) -> Result<(), Failure> {
    let told = arguments.source.cluster.is_some() || (arguments.account.is_some() && arguments.region.is_some());
    if arguments.output == OutputForm::Asff && !told {
        return Err(Failure::wrong_use(output::NO_PLACE));
    }
    Ok(())
}

/// The verdicts, and what an output tells besides.
fn judge(arguments: JudgeArguments, selection: &Selection) -> Result<(Vec<Judged>, Setting), Failure> {
    let progress = Progress::new(arguments.no_progress);
    let now = Timestamp::now();
    let place = Place { account: arguments.account, region: arguments.region };
    let source = arguments.source;
    let target = match (source.context, source.cluster) {
        (Some(name), _) => Some(Target::Context { name, kubeconfig: arguments.kubeconfig }),
        (None, Some(name)) => Some(Target::Cluster { name, role_arn: arguments.role_arn }),
        (None, None) => None,
    };
    let (judged, place, locations) = if let Some(target) = target {
        let judging = live::judge(target, place, &selection.configurations, now, progress);
        let (judged, place) = wait_for(judging)?;
        (judged, place, Locations::default())
    } else {
        let scene = Scene {
            source: Source::Manifests,
            account: place.account.clone(),
            region: place.region.clone(),
            now,
            default_grace_seconds: 0,
        };
        let judges = selection
            .configurations
            .iter()
            .map(|configuration| configuration.judge(&scene).map_err(|error| wrong(configuration.rule(), &error)))
            .collect::<Result<Vec<_>, Failure>>()?;
        let locate = match arguments.output {
            OutputForm::Sarif | OutputForm::Html => Locate::Findings,
            _ => Locate::Nothing,
        };
        let (judged, locations) = manifests::judge(&source.files, judges, locate, progress)?;
        (judged, place, locations)
    };
    let parameters = selection.parameters.clone();
    let setting = Setting { now, account: place.account, region: place.region, parameters, locations };
    Ok((judged, setting))
}
