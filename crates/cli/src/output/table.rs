use std::collections::BTreeSet;

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Attribute, Cell, Color, ContentArrangement, Table};
use eks_rules::{ComplianceType, ContainerKind, Finding, Report};

use super::text::printable;
use super::{Judged, NotJudged};

/// The verdicts for people: one row for each rule and cluster; then, under each rule's name, the annotation and what
/// was found.
pub(super) fn render(judged: &[Judged]) -> String {
    let mut text = summary(judged);
    for one in judged {
        text.push('\n');
        let cluster = one.cluster.as_ref().map(|cluster| format!(" on {}", printable(cluster))).unwrap_or_default();
        match &one.outcome {
            Ok(report) => {
                text.push_str(&format!("{}{cluster}: {}\n", one.rule, printable(&report.annotation)));
                for note in &report.notes {
                    text.push_str(&format!("  note: {}\n", printable(note)));
                }
                if !report.findings.is_empty() {
                    text.push_str(&findings(report));
                }
            }
            Err(NotJudged { step, cause, advice }) => {
                text.push_str(&format!(
                    "{}{cluster}: NOT JUDGED: {}: {}\n",
                    one.rule,
                    printable(step),
                    printable(cause)
                ));
                if let Some(advice) = advice {
                    text.push_str(&format!("  {}\n", printable(advice)));
                }
            }
        }
    }
    text
}

fn summary(judged: &[Judged]) -> String {
    let with_cluster = judged.iter().any(|one| one.cluster.is_some());
    let mut header = vec!["RULE"];
    if with_cluster {
        header.push("CLUSTER");
    }
    header.extend(["VERDICT", "NAMESPACES", "PODS", "CONTAINERS", "EXEMPTED", "FINDINGS"]);
    let mut table = new_table(header);
    for one in judged {
        let mut row = vec![Cell::new(one.rule.as_str())];
        if with_cluster {
            row.push(Cell::new(printable(one.cluster.as_deref().unwrap_or_default())));
        }
        row.push(verdict(one));
        let counts = one.outcome.as_ref().ok().map(|report| &report.counts);
        let numbers = [
            counts.map(|counts| counts.namespaces),
            counts.map(|counts| counts.pods),
            counts.map(|counts| counts.containers),
            counts.map(|counts| counts.exempted),
            counts.map(|counts| counts.findings),
        ];
        row.extend(numbers.map(|number| Cell::new(number.map_or("-".to_owned(), |number| number.to_string()))));
        table.add_row(row);
    }
    finish(&table)
}

fn verdict(judged: &Judged) -> Cell {
    let (word, colour) = match &judged.outcome {
        Ok(report) if report.compliance_type == ComplianceType::Compliant => ("COMPLIANT", Color::Green),
        Ok(_) => ("NON_COMPLIANT", Color::Red),
        Err(_) => ("NOT JUDGED", Color::Yellow),
    };
    // The table itself leaves colours out where the output is no terminal.
    if std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) {
        return Cell::new(word);
    }
    Cell::new(word).fg(colour).add_attribute(Attribute::Bold)
}

/// A column of the findings: its name, and what stands in it.
type Column = (&'static str, fn(&Finding) -> String);

/// The findings, with only those columns in which something stands, and under them each advice once.
fn findings(report: &Report) -> String {
    let findings = &report.findings;
    let columns: Vec<Column> = [
        ("NAMESPACE", (|finding| finding.namespace.clone().unwrap_or_default()) as fn(&Finding) -> String),
        ("OWNER", owner),
        ("PODS", |finding| finding.pods.map(|pods| pods.to_string()).unwrap_or_default()),
        ("CONTAINER", container),
        ("IMAGE", |finding| finding.image.clone().unwrap_or_default()),
        ("SOURCE", |finding| finding.source.clone().unwrap_or_default()),
        ("REASONS", reasons),
        ("UNCOVERED", uncovered),
    ]
    .into_iter()
    .filter(|(_, cell)| findings.iter().any(|finding| !cell(finding).is_empty()))
    .collect();
    let mut table = new_table(columns.iter().map(|(name, _)| *name).collect());
    for finding in findings {
        table.add_row(columns.iter().map(|(_, cell)| Cell::new(printable(&cell(finding)))));
    }
    let mut text = finish(&table);
    let mut told = BTreeSet::new();
    for finding in findings.iter().filter(|finding| told.insert(&finding.advice)) {
        text.push_str(&format!("  - {}\n", printable(&finding.advice)));
    }
    text
}

fn owner(finding: &Finding) -> String {
    finding.owner.as_ref().map(|owner| format!("{}/{}", owner.kind, owner.name)).unwrap_or_default()
}

fn container(finding: &Finding) -> String {
    let name = finding.container.clone().unwrap_or_default();
    match finding.container_kind {
        None | Some(ContainerKind::Container) => name,
        Some(ContainerKind::InitContainer) => format!("{name} (init)"),
        Some(ContainerKind::EphemeralContainer) => format!("{name} (ephemeral)"),
        Some(ContainerKind::ImageVolume) => format!("{name} (image volume)"),
    }
}

fn reasons(finding: &Finding) -> String {
    finding.reasons.iter().map(|reason| format!("{reason:?}")).collect::<Vec<_>>().join(", ")
}

fn uncovered(finding: &Finding) -> String {
    let workloads = finding.workloads.iter().flatten();
    workloads
        .map(|workload| format!("{}/{} ({})", workload.kind, workload.name, workload.pods))
        .collect::<Vec<_>>()
        .join(", ")
}

pub(super) fn new_table(header: Vec<&str>) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic).set_header(header);
    table
}

pub(super) fn finish(table: &Table) -> String {
    let mut text = String::new();
    for line in table.lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
