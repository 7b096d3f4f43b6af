//! What a run is watched by: one line in CloudWatch's embedded metric format
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>).

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use eks_rules::{Report, RuleName};
use serde_json::{Value, json};

/// The namespace of the metrics in CloudWatch.
const NAMESPACE: &str = "EksConfigRules";

/// The numbers of one run, counted while it goes on.
#[derive(Debug, Default)]
pub struct Metrics {
    /// The account that is evaluated, once the event has told it.
    account: OnceLock<String>,
    clusters_judged: AtomicU64,
    clusters_not_judged: AtomicU64,
    findings: AtomicU64,
    pods: AtomicU64,
    pages: AtomicU64,
    retries: AtomicU64,
    /// One more than the age, so that zero says that there is none.
    oldest_verdict_seconds: AtomicU64,
}

impl Metrics {
    /// Says which account the run is about.
    pub(crate) fn of_account(&self, account: &str) {
        let _ = self.account.set(account.to_owned());
    }

    /// The account that the run is about; none where the event did not tell.
    pub(crate) fn account(&self) -> Option<&str> {
        self.account.get().map(String::as_str)
    }

    /// Counts a cluster that was judged.
    pub(crate) fn judged(&self, report: &Report) {
        add(&self.clusters_judged, 1);
        add(&self.findings, report.counts.findings);
        add(&self.pods, report.counts.pods);
    }

    /// Counts a cluster that was not.
    pub(crate) fn not_judged(&self) {
        add(&self.clusters_not_judged, 1);
    }

    /// Counts a page of a list.
    pub(crate) fn page(&self) {
        add(&self.pages, 1);
    }

    /// Counts requests to a cluster that had to be sent again.
    pub(crate) fn retried(&self, requests: u64) {
        add(&self.retries, requests);
    }

    /// Remembers how long ago a cluster was judged of which AWS Config goes on showing something; the oldest counts.
    pub(crate) fn oldest_verdict(&self, age: Duration) {
        self.oldest_verdict_seconds.fetch_max(age.as_secs() + 1, Ordering::Relaxed);
    }

    /// The metrics as one JSON object, of a run of `seconds` that ended at `now`.
    pub(crate) fn line(&self, rule: RuleName, seconds: f64, now: SystemTime) -> Value {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let mut values = vec![
            ("ClustersJudged", "Count", json!(read(&self.clusters_judged))),
            ("ClustersNotJudged", "Count", json!(read(&self.clusters_not_judged))),
            ("Findings", "Count", json!(read(&self.findings))),
            ("Pods", "Count", json!(read(&self.pods))),
            ("Pages", "Count", json!(read(&self.pages))),
            ("Retries", "Count", json!(read(&self.retries))),
            ("Seconds", "Seconds", json!(seconds)),
        ];
        if let Some(age) = read(&self.oldest_verdict_seconds).checked_sub(1) {
            values.push(("OldestVerdictSeconds", "Seconds", json!(age)));
        }
        let metrics: Vec<Value> = values.iter().map(|(name, unit, _)| json!({"Name": name, "Unit": unit})).collect();
        let milliseconds = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_millis());
        let mut line = json!({
            "_aws": {
                "Timestamp": u64::try_from(milliseconds).unwrap_or(u64::MAX),
                "CloudWatchMetrics": [{"Namespace": NAMESPACE, "Dimensions": [["Rule"]], "Metrics": metrics}],
            },
            "Rule": rule,
            // A property and not a dimension: every account of an organization would be eight metrics more to pay for.
            "account": self.account(),
        });
        for (name, _, value) in values {
            line[name] = value;
        }
        line
    }
}

fn add(counter: &AtomicU64, number: u64) {
    counter.fetch_add(number, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(metrics: &Metrics) -> Value {
        metrics.line(RuleName::NetPolCheck, 1.5, SystemTime::UNIX_EPOCH + Duration::from_millis(1_767_323_045_678))
    }

    #[test]
    fn every_metric_that_the_line_declares_has_its_value_beside_it() {
        let metrics = Metrics::default();
        metrics.not_judged();
        metrics.oldest_verdict(Duration::from_secs(7200));
        let line = line(&metrics);
        let declared = line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap();
        assert_eq!(declared.len(), 8);
        for metric in declared {
            assert!(line[metric["Name"].as_str().unwrap()].is_number(), "{metric}");
        }
        assert_eq!(line["Rule"], "netPolCheck");
        assert_eq!(line["_aws"]["Timestamp"], 1_767_323_045_678_u64);
        assert_eq!((&line["ClustersNotJudged"], &line["OldestVerdictSeconds"]), (&json!(1), &json!(7200)));
    }

    #[test]
    fn the_line_tells_the_account_and_makes_no_metric_of_it() {
        let metrics = Metrics::default();
        assert_eq!(line(&metrics)["account"], Value::Null);
        metrics.of_account("111122223333");
        let line = line(&metrics);
        assert_eq!(line["account"], "111122223333");
        assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([["Rule"]]));
    }

    #[test]
    fn the_age_of_verdicts_is_left_out_where_aws_config_was_not_asked() {
        assert_eq!(line(&Metrics::default()).get("OldestVerdictSeconds"), None);
    }

    #[test]
    fn the_oldest_verdict_is_the_one_that_counts() {
        let metrics = Metrics::default();
        for seconds in [60, 0, 30] {
            metrics.oldest_verdict(Duration::from_secs(seconds));
        }
        assert_eq!(line(&metrics)["OldestVerdictSeconds"], 60);
    }
}
