//! The log: one JSON object a line, on standard error.

use std::io::Write;

use eks_rules::Report;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts logging. The level of this project's own events comes from `LOG_LEVEL` (or, on Lambda, from the function's
/// logging configuration, `AWS_LAMBDA_LOG_LEVEL`); `INFO` where neither is set. Libraries log warnings and errors only,
/// whatever the level: at lower levels they write requests, and with them tokens.
pub fn start() {
    let level = ["AWS_LAMBDA_LOG_LEVEL", "LOG_LEVEL"].iter().find_map(|name| std::env::var(name).ok());
    let level = level.and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
    let targets = Targets::new().with_target("cluster_access", level).with_default(LevelFilter::WARN.min(level));
    // What kube logs as an error is an error of ours too, which is told with its cluster and step.
    let targets = targets.with_target("kube_client", LevelFilter::OFF);
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_writer(std::io::stderr);
    // A second start in one process, as in a test, keeps the first.
    let _ = tracing_subscriber::registry().with(targets).with(lines).try_init();
}

/// Writes a report: one line for the verdict, one for each finding.
pub(crate) fn report(report: &Report, account: &str, cluster: &str, request_id: &str) {
    let rule = report.rule.as_str();
    let counts = &report.counts;
    tracing::info!(
        rule,
        account,
        cluster,
        requestId = request_id,
        complianceType = ?report.compliance_type,
        annotation = report.annotation,
        pods = counts.pods,
        containers = counts.containers,
        namespaces = counts.namespaces,
        excludedNamespaces = counts.excluded_namespaces,
        finishedPods = counts.finished_pods,
        exempted = counts.exempted,
        findings = counts.findings,
        notes = report.notes.join("; "),
        "verdict"
    );
    for finding in &report.findings {
        let reasons: Vec<String> = finding.reasons.iter().map(|reason| format!("{reason:?}")).collect();
        let workloads: Option<Vec<String>> = finding.workloads.as_ref().map(|workloads| {
            workloads
                .iter()
                .map(|workload| format!("{}/{} ({})", workload.kind, workload.name, workload.pods))
                .collect()
        });
        tracing::info!(
            rule,
            account,
            cluster,
            requestId = request_id,
            namespace = finding.namespace,
            ownerKind = finding.owner.as_ref().map(|owner| owner.kind.as_str()),
            ownerName = finding.owner.as_ref().map(|owner| owner.name.as_str()),
            pod = finding.pod,
            pods = finding.pods,
            container = finding.container,
            containerKind = finding.container_kind.map(|kind| format!("{kind:?}")),
            reasons = reasons.join(","),
            image = finding.image,
            source = finding.source,
            mirror = finding.mirror,
            workloads = workloads.map(|workloads| workloads.join(", ")),
            advice = finding.advice,
            "finding"
        );
    }
}

/// Writes a line that is JSON already, whatever the level. Where nobody reads it, nothing is lost that is kept elsewhere.
pub(crate) fn line(json: &serde_json::Value) {
    let _ = writeln!(std::io::stderr().lock(), "{json}");
}
