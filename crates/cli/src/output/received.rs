use comfy_table::Cell;
use eks_rules::RuleName;

use super::table::{finish, new_table};

/// What AWS Config holds of one cluster for one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Received {
    /// The rule.
    pub(crate) rule: RuleName,
    /// The cluster.
    pub(crate) cluster: String,
    /// The compliance type, or that there is none.
    pub(crate) verdict: String,
    /// The annotation, or why there is none.
    pub(crate) annotation: String,
}

/// The table of the demo: one row for each rule and cluster, the annotation under each.
pub(crate) fn received(rows: &[Received]) -> String {
    let mut table = new_table(vec!["RULE", "CLUSTER", "COMPLIANCE"]);
    for row in rows {
        table.add_row(vec![Cell::new(row.rule), Cell::new(&row.cluster), Cell::new(&row.verdict)]);
    }
    let mut text = finish(&table);
    for row in rows {
        text.push_str(&format!("\n{} on {}: {}\n  {}\n", row.rule, row.cluster, row.verdict, row.annotation));
    }
    text
}
