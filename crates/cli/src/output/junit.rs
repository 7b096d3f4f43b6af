//! JUnit: a suite for each rule and cluster, in which each finding is a test that failed.

use eks_rules::{Finding, Report};
use quick_junit::{NonSuccessKind, Property, Report as JUnit, TestCase, TestCaseStatus, TestSuite};

use super::subject::{reasons, sentence, words};
use super::text::printable;
use super::{Judged, NotJudged};
use crate::failure::Failure;

/// The suites, with a line feed at their end.
pub(super) fn render(judged: &[Judged]) -> Result<String, Failure> {
    let mut report = JUnit::new("eks-config-rules");
    report.add_test_suites(judged.iter().map(suite));
    report.to_string().map_err(|error| Failure::not_judged(format!("cannot write the verdicts as XML: {error}")))
}

fn suite(judged: &Judged) -> TestSuite {
    let name = match &judged.cluster {
        Some(cluster) => format!("{} on {}", judged.rule, printable(cluster)),
        None => judged.rule.to_string(),
    };
    let mut suite = TestSuite::new(name);
    match &judged.outcome {
        Ok(report) => {
            suite.add_property(Property::new("complianceType", verdict(report)));
            suite.add_property(Property::new("annotation", printable(&report.annotation)));
            for (name, count) in [
                ("namespaces", report.counts.namespaces),
                ("pods", report.counts.pods),
                ("containers", report.counts.containers),
                ("exempted", report.counts.exempted),
            ] {
                suite.add_property(Property::new(name, count.to_string()));
            }
            if !report.notes.is_empty() {
                let notes: Vec<String> = report.notes.iter().map(|note| format!("note: {}", printable(note))).collect();
                suite.set_system_out(notes.join("\n"));
            }
            if report.findings.is_empty() {
                let mut passed = TestCase::new(printable(&report.annotation), TestCaseStatus::success());
                passed.set_classname(judged.rule.as_str());
                suite.add_test_case(passed);
            }
            suite.add_test_cases(report.findings.iter().map(|finding| failed(judged, finding)));
        }
        Err(NotJudged { step, cause, advice }) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_type("NotJudged").set_message(format!("{}: {}", printable(step), printable(cause)));
            status.set_description(advice.as_deref().map(printable).unwrap_or_default());
            let mut error = TestCase::new("could not be judged", status);
            error.set_classname(judged.rule.as_str());
            suite.add_test_case(error);
        }
    }
    suite
}

fn failed(judged: &Judged, finding: &Finding) -> TestCase {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type(reasons(finding).join(",")).set_message(reasons(finding).join(", "));
    status.set_description(sentence(finding));
    let mut case = TestCase::new(words(finding), status);
    let namespace = finding.namespace.as_deref().map(|namespace| format!(".{}", printable(namespace)));
    case.set_classname(format!("{}{}", judged.rule, namespace.unwrap_or_default()));
    case
}

const fn verdict(report: &Report) -> &'static str {
    match report.compliance_type {
        eks_rules::ComplianceType::Compliant => "COMPLIANT",
        eks_rules::ComplianceType::NonCompliant => "NON_COMPLIANT",
    }
}
