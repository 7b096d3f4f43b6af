//! The plots of the page: bars of findings, each divided by severity.

use std::collections::BTreeMap;

use super::{SEVERITIES, findings, shown};
use crate::output::Judged;
use crate::output::subject::severity;
use crate::output::text::shortened;

/// How many bars a plot has; further ones are one together.
const MOST: usize = 12;
const WIDTH: usize = 560;
const ROW: usize = 26;
/// Where bars begin; their labels end before.
const AXIS: usize = 190;
/// How long the longest bar is.
const LONGEST: usize = 310;
/// How much of a label fits.
const LABEL: usize = 26;

/// A plot, in the units of its SVG.
pub(super) struct Plot {
    pub(super) id: &'static str,
    pub(super) caption: &'static str,
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) axis: usize,
    /// Where labels end.
    pub(super) label: usize,
    pub(super) bars: Vec<Bar>,
}

/// A bar and its label.
pub(super) struct Bar {
    pub(super) label: String,
    pub(super) count: usize,
    pub(super) top: usize,
    pub(super) baseline: usize,
    /// Where the number stands.
    pub(super) end: usize,
    pub(super) parts: Vec<Part>,
}

/// The findings of one severity in a bar.
pub(super) struct Part {
    pub(super) severity: u8,
    pub(super) x: usize,
    pub(super) width: usize,
    pub(super) title: String,
}

/// Findings by severity.
type Counts = [usize; SEVERITIES.len()];

/// The findings of each namespace.
pub(super) fn by_namespace(judged: &[Judged]) -> Plot {
    let mut counts: BTreeMap<String, Counts> = BTreeMap::new();
    for finding in judged.iter().flat_map(findings) {
        let namespace = finding.namespace.as_deref().map_or_else(|| "(cluster)".to_owned(), shown);
        count(counts.entry(namespace).or_default(), severity(finding));
    }
    plot("by-namespace", "Findings by namespace", counts)
}

/// The findings of each reason; a finding with several counts for each.
pub(super) fn by_reason(judged: &[Judged]) -> Plot {
    let mut counts: BTreeMap<String, Counts> = BTreeMap::new();
    for reason in judged.iter().flat_map(findings).flat_map(|finding| &finding.reasons) {
        count(counts.entry(format!("{reason:?}")).or_default(), reason.severity());
    }
    plot("by-reason", "Findings by reason (a finding may have several)", counts)
}

fn count(counts: &mut Counts, severity: u8) {
    if let Some(count) = counts.get_mut(usize::from(severity)) {
        *count += 1;
    }
}

fn plot(id: &'static str, caption: &'static str, counts: BTreeMap<String, Counts>) -> Plot {
    let mut groups: Vec<(String, Counts)> = counts.into_iter().collect();
    // Of as many findings, in the order of names.
    groups.sort_by_key(|(_, counts)| std::cmp::Reverse(counts.iter().sum::<usize>()));
    if groups.len() > MOST {
        let rest = groups.split_off(MOST - 1);
        let together = rest.iter().fold(Counts::default(), |sum, (_, counts)| {
            std::array::from_fn(|severity| sum.get(severity).unwrap_or(&0) + counts.get(severity).unwrap_or(&0))
        });
        groups.push((format!("{} more", rest.len()), together));
    }
    let most = groups.iter().map(|(_, counts)| counts.iter().sum()).max().unwrap_or(1);
    let bars: Vec<Bar> =
        groups.iter().enumerate().map(|(row, (label, counts))| bar(row, label, counts, most)).collect();
    Plot { id, caption, width: WIDTH, height: bars.len() * ROW, axis: AXIS, label: AXIS - 8, bars }
}

fn bar(row: usize, label: &str, counts: &Counts, most: usize) -> Bar {
    let mut x = AXIS;
    let mut parts = Vec::new();
    for (severity, name) in SEVERITIES {
        let count = counts.get(usize::from(severity)).copied().unwrap_or(0);
        if count > 0 {
            let width = (count * LONGEST / most.max(1)).max(1);
            parts.push(Part { severity, x, width, title: format!("{label}: {count} {name}") });
            x += width;
        }
    }
    Bar {
        label: shortened(label, LABEL),
        count: counts.iter().sum(),
        top: row * ROW + 5,
        baseline: row * ROW + 18,
        end: x + 6,
        parts,
    }
}
