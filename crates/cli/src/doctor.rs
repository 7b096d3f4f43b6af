//! `doctor`: each step of a judgement on its own, and what to do about those that fail.

use cluster_access::{Aws, Examination, NotJudged, Step, StepOutcome, is_reference};
use eks_rules::{Configuration, Judge, Scene, Source};
use jiff::Timestamp;
use serde_json::Value;

use crate::command_line::{DoctorArguments, DoctorForm};
use crate::failure::{Failure, Status};
use crate::parameters::{Parameters, Selection, select_from};
use crate::{live, output, tell};

/// What stands for trusted registries that are not known: what is read does not depend on them.
const SOME_REGISTRY: &str = "public.ecr.aws";

/// Examines the way to a cluster and prints what works and what does not.
///
/// # Errors
/// Arguments, parameters and contexts that cannot be used.
pub(crate) async fn doctor(arguments: DoctorArguments) -> Result<Status, Failure> {
    let parameters = Parameters::read(arguments.parameters.as_deref())?;
    let without = select_from(&arguments.rules, &without_references(parameters.clone()), None)?;
    for note in &without.notes {
        tell(&format!("note: {note}"));
    }
    let form = arguments.output;
    let steps = examine(arguments, parameters, without).await?;
    let text = match form {
        DoctorForm::Table => output::steps_table(&steps),
        DoctorForm::Json => output::steps_json(&steps)?,
    };
    output::print(text.as_bytes())?;
    Ok(status(&steps))
}

fn status(steps: &[Step]) -> Status {
    let failed = steps.iter().any(|step| matches!(step.outcome, StepOutcome::Failed { .. }));
    if failed { Status::NotJudged } else { Status::Compliant }
}

/// Takes every step. `without` is what can be selected where a reference cannot be read.
async fn examine(arguments: DoctorArguments, parameters: Parameters, without: Selection) -> Result<Vec<Step>, Failure> {
    let mut examination = Examination::default();
    if let Some(context) = arguments.source.context {
        let source = live::context(&context, arguments.kubeconfig.as_deref()).await?;
        let own = match has_references(parameters.clone()) {
            true => examination.credentials(Aws::load(arguments.region.clone()).await).await,
            false => None,
        };
        let selection = resolve(&mut examination, own.as_ref(), &arguments.rules, parameters, without).await;
        let scene = scene(arguments.region);
        let judges = |account| judges(&selection.configurations, &scene, account);
        examination.context(&source, arguments.account, &judges).await;
        return Ok(examination.steps());
    }
    let aws = live::region_known(Aws::load(arguments.region).await)?;
    let scene = scene(aws.region().map(str::to_owned));
    let own = examination.credentials(aws).await;
    let selection = resolve(&mut examination, own.as_ref(), &arguments.rules, parameters, without).await;
    let caller = match &arguments.role_arn {
        Some(arn) => examination.role(own.as_ref(), arn).await,
        None => own,
    };
    let after = if arguments.role_arn.is_some() { "role" } else { "credentials" };
    let name = arguments.source.cluster.unwrap_or_default();
    let judges = |account| judges(&selection.configurations, &scene, account);
    examination.cluster(caller.as_ref().ok_or(after), &name, arguments.account.as_deref(), &judges).await;
    Ok(examination.steps())
}

/// The rules with what their references stand for; without those, where they cannot be had or used.
async fn resolve(
    examination: &mut Examination,
    own: Option<&Aws>,
    rules: &[eks_rules::RuleName],
    mut parameters: Parameters,
    without: Selection,
) -> Selection {
    let mut all = true;
    for object in parameters.objects_mut() {
        all &= examination.references(own, object).await;
    }
    if !all {
        return without;
    }
    select_from(rules, &parameters, None).unwrap_or_else(|failure| {
        examination.unusable_parameters(failure.messages.join("; "));
        without
    })
}

fn has_references(mut parameters: Parameters) -> bool {
    parameters.objects_mut().into_iter().flatten().any(|(name, value)| is_reference(name, value))
}

fn without_references(mut parameters: Parameters) -> Parameters {
    for object in parameters.objects_mut() {
        object.retain(|name, value| !is_reference(name, value) || registries(name));
        for (_, value) in object.iter_mut().filter(|(name, value)| is_reference(name, value)) {
            *value = Value::String(SOME_REGISTRY.to_owned());
        }
    }
    parameters
}

/// Whether a parameter is the one that a rule cannot do without.
fn registries(name: &str) -> bool {
    ["trustedRegistries", "trusted_registries"].contains(&name)
}

fn scene(region: Option<String>) -> Scene {
    Scene { source: Source::Cluster, account: None, region, now: Timestamp::now(), default_grace_seconds: 0 }
}

fn judges(configurations: &[Configuration], scene: &Scene, account: Option<String>) -> Result<Vec<Judge>, NotJudged> {
    let scene = Scene { account, ..scene.clone() };
    configurations.iter().map(|one| one.judge(&scene).map_err(NotJudged::from)).collect()
}
