use eks_rules::{ComplianceType, Counts, Finding, RuleName};
use serde::Serialize;

use super::{Judged, NotJudged};
use crate::failure::Failure;

/// One rule and cluster. Every key is always there, null where it does not apply: without a verdict there is no
/// annotation, no count, no list of findings (an empty one would read as a clean one) and no note.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct JudgedJson<'a> {
    rule: RuleName,
    cluster: Option<&'a str>,
    compliance_type: Option<ComplianceType>,
    annotation: Option<&'a str>,
    counts: Option<&'a Counts>,
    findings: Option<&'a [Finding]>,
    notes: Option<&'a [String]>,
    not_judged: Option<NotJudgedJson<'a>>,
}

#[derive(Debug, Serialize)]
struct NotJudgedJson<'a> {
    step: &'a str,
    cause: &'a str,
}

impl<'a> From<&'a Judged> for JudgedJson<'a> {
    fn from(judged: &'a Judged) -> Self {
        let report = judged.outcome.as_ref().ok();
        let not_judged = judged.outcome.as_ref().err();
        Self {
            rule: judged.rule,
            cluster: judged.cluster.as_deref(),
            compliance_type: report.map(|report| report.compliance_type),
            annotation: report.map(|report| report.annotation.as_str()),
            counts: report.map(|report| &report.counts),
            findings: report.map(|report| report.findings.as_slice()),
            notes: report.map(|report| report.notes.as_slice()),
            not_judged: not_judged.map(|NotJudged { step, cause, .. }| NotJudgedJson { step, cause }),
        }
    }
}

/// The array of `--output json`, with a line feed at its end.
pub(super) fn render(judged: &[Judged]) -> Result<String, Failure> {
    let judged: Vec<JudgedJson<'_>> = judged.iter().map(JudgedJson::from).collect();
    super::json_text(&judged)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_that_was_not_judged_has_every_key_and_no_verdict() {
        let judged = Judged {
            rule: RuleName::PrivEscalation,
            cluster: Some("prod".to_owned()),
            outcome: Err(NotJudged { step: "list pods".to_owned(), cause: "403".to_owned(), advice: None }),
        };
        let text = render(&[judged]).unwrap();
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&text).unwrap(),
            serde_json::json!([{
                "rule": "privEscalation", "cluster": "prod", "complianceType": null, "annotation": null, "counts": null,
                "findings": null, "notes": null, "notJudged": {"step": "list pods", "cause": "403"}
            }])
        );
    }
}
