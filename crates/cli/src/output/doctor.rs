use cluster_access::{Step, StepOutcome};
use comfy_table::Cell;
use serde::Serialize;

use super::table::{finish, new_table};
use super::text::printable;
use crate::failure::Failure;

/// The steps for people: a table, and what to do under it.
pub(crate) fn table(steps: &[Step]) -> String {
    let mut table = new_table(vec!["STEP", "", "WHAT WAS FOUND"]);
    for step in steps {
        let (word, found) = match &step.outcome {
            StepOutcome::Works(found) => ("ok", found.clone()),
            StepOutcome::Dispensable { cause, .. } => ("NOTE", cause.clone()),
            StepOutcome::Failed { cause, .. } => ("FAILED", cause.clone()),
            StepOutcome::NotTried(after) => ("-", format!("not tried: {after}")),
        };
        table.add_row(vec![Cell::new(printable(&step.name)), Cell::new(word), Cell::new(printable(&found))]);
    }
    let mut text = finish(&table);
    for step in steps {
        if let Some(advice) = advice(&step.outcome) {
            text.push_str(&format!("  - {}: {}.\n", printable(&step.name), printable(advice.trim_end_matches('.'))));
        }
    }
    text
}

#[derive(Debug, Serialize)]
struct StepJson<'a> {
    step: &'a str,
    status: &'static str,
    detail: &'a str,
    advice: Option<&'a str>,
}

/// The array of `--output json`. Every key is always there, null where it does not apply.
pub(crate) fn json(steps: &[Step]) -> Result<String, Failure> {
    let steps = steps.iter().map(|step| {
        let (status, detail) = match &step.outcome {
            StepOutcome::Works(found) => ("ok", found),
            StepOutcome::Dispensable { cause, .. } => ("note", cause),
            StepOutcome::Failed { cause, .. } => ("failed", cause),
            StepOutcome::NotTried(after) => ("notTried", after),
        };
        StepJson { step: &step.name, status, detail, advice: advice(&step.outcome) }
    });
    super::json_array(steps)
}

fn advice(outcome: &StepOutcome) -> Option<&str> {
    match outcome {
        StepOutcome::Dispensable { advice, .. } | StepOutcome::Failed { advice, .. } => Some(advice),
        StepOutcome::Works(_) | StepOutcome::NotTried(_) => None,
    }
}
