//! SARIF 2.1.0: a run of one tool, whose rules are the reasons, with one result for each finding.

use std::path::{Component, Path};

use eks_rules::{ComplianceType, Counts, Finding, Reason, RuleName, reasons};
use serde::Serialize;

use super::subject::{self, fingerprint, plain, severity};
use super::text::printable;
use super::{Judged, NotJudged, Setting};
use crate::failure::Failure;
use crate::manifests::Location;

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool,
    #[serde(skip_serializing_if = "Option::is_none")]
    automation_details: Option<AutomationDetails>,
    column_kind: &'static str,
    invocations: [Invocation; 1],
    results: Vec<SarifResult>,
    properties: RunProperties<'a>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
struct Driver {
    name: &'static str,
    version: &'static str,
    rules: Vec<Descriptor>,
    notifications: [Descriptor; 2],
}

/// A rule of the log, or a kind of notification.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    short_description: Message,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<Message>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help_uri: Option<&'static str>,
    default_configuration: Level,
    #[serde(skip_serializing_if = "Option::is_none")]
    properties: Option<DescriptorProperties>,
}

#[derive(Serialize)]
struct DescriptorProperties {
    tags: [&'static str; 3],
    #[serde(rename = "security-severity")]
    security_severity: &'static str,
}

#[derive(Serialize)]
struct Level {
    level: &'static str,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

#[derive(Serialize)]
struct AutomationDetails {
    id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct Notification {
    descriptor: DescriptorReference,
    level: &'static str,
    message: Message,
}

#[derive(Serialize)]
struct DescriptorReference {
    id: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult {
    rule_id: String,
    rule_index: usize,
    kind: &'static str,
    level: &'static str,
    message: Message,
    locations: [SarifLocation; 1],
    partial_fingerprints: Fingerprints,
    properties: ResultProperties,
}

#[derive(Serialize)]
struct Fingerprints {
    #[serde(rename = "subject/v1")]
    subject: String,
}

#[derive(Serialize)]
struct ResultProperties {
    rule: RuleName,
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster: Option<String>,
    reasons: Vec<Reason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pods: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pod: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifLocation {
    #[serde(skip_serializing_if = "Option::is_none")]
    physical_location: Option<PhysicalLocation>,
    logical_locations: Vec<LogicalLocation>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    region: Region,
}

#[derive(Serialize)]
struct ArtifactLocation {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u64,
    start_column: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogicalLocation {
    name: String,
    fully_qualified_name: String,
    kind: &'static str,
}

#[derive(Serialize)]
struct RunProperties<'a> {
    verdicts: Vec<Verdict<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Verdict<'a> {
    rule: RuleName,
    cluster: Option<String>,
    compliance_type: Option<ComplianceType>,
    annotation: Option<String>,
    counts: Option<&'a Counts>,
}

/// The log, with a line feed at its end.
pub(super) fn render(judged: &[Judged], setting: &Setting) -> Result<String, Failure> {
    let rules = Rules::of(judged);
    let mut results = Vec::new();
    for (verdict, one) in judged.iter().enumerate() {
        let findings = one.outcome.as_ref().map_or(&[][..], |report| &report.findings);
        for (number, finding) in findings.iter().enumerate() {
            results.extend(rules.result(one, finding, setting.locations.of(verdict, number)));
        }
    }
    let log = Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "eks-config-rules",
                    version: env!("CARGO_PKG_VERSION"),
                    rules: rules.descriptors(),
                    notifications: [
                        notification("notJudged", "a rule that could not be judged", "error"),
                        notification("note", "what a reader should know besides the findings", "note"),
                    ],
                },
            },
            automation_details: judged
                .iter()
                .find_map(|one| one.cluster.as_deref())
                .map(|cluster| AutomationDetails { id: format!("eks-config-rules/{}/", printable(cluster)) }),
            column_kind: "unicodeCodePoints",
            invocations: [Invocation {
                execution_successful: judged.iter().all(|one| one.outcome.is_ok()),
                tool_execution_notifications: judged.iter().flat_map(notifications).collect(),
            }],
            results,
            properties: RunProperties { verdicts: judged.iter().map(verdict).collect() },
        }],
    };
    super::json_text(&log)
}

/// The reasons that the judged rules can give; a result names one by its place among them.
struct Rules(Vec<(RuleName, Reason)>);

impl Rules {
    fn of(judged: &[Judged]) -> Self {
        let judged = |rule: &RuleName| judged.iter().any(|one| one.rule == *rule);
        let rules = RuleName::ALL.into_iter().filter(judged);
        Self(rules.flat_map(|rule| reasons(rule).iter().map(move |reason| (rule, *reason))).collect())
    }

    fn descriptors(&self) -> Vec<Descriptor> {
        let descriptor = |(rule, reason): &(RuleName, Reason)| {
            let (what, remedy) = reason.explained();
            Descriptor {
                id: rule_id(*rule, *reason),
                name: Some(format!("{reason:?}")),
                short_description: message(&plain(what)),
                help: Some(message(&plain(remedy))),
                help_uri: Some(help_uri(*rule)),
                default_configuration: Level { level: level(reason.severity()) },
                properties: Some(DescriptorProperties {
                    tags: ["security", "kubernetes", rule.as_str()],
                    security_severity: security_severity(reason.severity()),
                }),
            }
        };
        self.0.iter().map(descriptor).collect()
    }

    /// The result of a finding: its worst reason is the rule, the first of several that are as bad.
    fn result(&self, judged: &Judged, finding: &Finding, location: Option<Location>) -> Option<SarifResult> {
        let worst = severity(finding);
        let reason = *finding.reasons.iter().find(|reason| reason.severity() == worst)?;
        Some(SarifResult {
            rule_id: rule_id(judged.rule, reason),
            rule_index: self.0.iter().position(|known| *known == (judged.rule, reason))?,
            kind: "fail",
            level: level(worst),
            message: message(&subject::sentence(finding)),
            locations: [SarifLocation {
                physical_location: location.map(physical),
                logical_locations: logical(judged.cluster.as_deref(), finding),
            }],
            partial_fingerprints: Fingerprints {
                subject: fingerprint(judged.rule, judged.cluster.as_deref(), finding),
            },
            properties: ResultProperties {
                rule: judged.rule,
                cluster: judged.cluster.as_deref().map(printable),
                reasons: finding.reasons.clone(),
                pods: finding.pods,
                pod: finding.pod.as_deref().map(printable),
                image: finding.image.as_deref().map(printable),
                source: finding.source.as_deref().map(printable),
            },
        })
    }
}

fn rule_id(rule: RuleName, reason: Reason) -> String {
    format!("{rule}/{reason:?}")
}

const fn level(severity: u8) -> &'static str {
    if severity >= 2 { "error" } else { "warning" }
}

/// A number in the bands in which code scanning reads it: critical from 9.0, high from 7.0, medium from 4.0.
const fn security_severity(severity: u8) -> &'static str {
    match severity {
        0 => "3.0",
        1 => "5.5",
        2 => "8.0",
        _ => "9.5",
    }
}

const fn help_uri(rule: RuleName) -> &'static str {
    match rule {
        RuleName::NetPolCheck => "https://kubernetes.io/docs/concepts/services-networking/network-policies/",
        RuleName::PrivEscalation => "https://kubernetes.io/docs/concepts/security/pod-security-standards/",
        RuleName::TrustedRegCheck => "https://kubernetes.io/docs/concepts/containers/images/",
    }
}

fn notification(id: &str, what: &str, level: &'static str) -> Descriptor {
    Descriptor {
        id: id.to_owned(),
        name: None,
        short_description: message(what),
        help: None,
        help_uri: None,
        default_configuration: Level { level },
        properties: None,
    }
}

/// Why a rule was not judged, or the notes of its report.
fn notifications(judged: &Judged) -> Vec<Notification> {
    let subject = match &judged.cluster {
        Some(cluster) => format!("{} on {cluster}", judged.rule),
        None => judged.rule.to_string(),
    };
    match &judged.outcome {
        Err(NotJudged { step, cause, advice }) => {
            let advice = advice.as_deref().map(|advice| format!(". {advice}")).unwrap_or_default();
            vec![Notification {
                descriptor: DescriptorReference { id: "notJudged" },
                level: "error",
                message: message(&format!("{subject} was not judged: {step}: {cause}{advice}")),
            }]
        }
        Ok(report) => {
            let note = |note: &String| Notification {
                descriptor: DescriptorReference { id: "note" },
                level: "note",
                message: message(&format!("{subject}: {note}")),
            };
            report.notes.iter().map(note).collect()
        }
    }
}

fn verdict(judged: &Judged) -> Verdict<'_> {
    let report = judged.outcome.as_ref().ok();
    Verdict {
        rule: judged.rule,
        cluster: judged.cluster.as_deref().map(printable),
        compliance_type: report.map(|report| report.compliance_type),
        annotation: report.map(|report| printable(&report.annotation)),
        counts: report.map(|report| &report.counts),
    }
}

/// A message in which brackets make no link and braces no placeholder.
fn message(text: &str) -> Message {
    let text = printable(text);
    let link = text.contains("](");
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '[' | ']' if link => escaped.extend(['\\', character]),
            '{' | '}' => escaped.extend([character, character]),
            _ => escaped.push(character),
        }
    }
    Message { text: escaped }
}

fn physical(location: Location) -> PhysicalLocation {
    let uri = location.file.as_deref().map_or_else(|| "stdin".to_owned(), uri);
    PhysicalLocation {
        artifact_location: ArtifactLocation { uri },
        region: Region { start_line: location.line, start_column: location.column },
    }
}

/// A path as a URI: a relative one stays relative to where the program ran.
fn uri(path: &Path) -> String {
    let mut text = String::from(if path.is_absolute() { "file://" } else { "" });
    for component in path.components() {
        match component {
            Component::CurDir | Component::RootDir => continue,
            Component::Normal(name) => separate_and_encode(&mut text, name.as_encoded_bytes()),
            Component::ParentDir => separate_and_encode(&mut text, b".."),
            Component::Prefix(prefix) => separate_and_encode(&mut text, prefix.as_os_str().as_encoded_bytes()),
        }
    }
    text
}

fn separate_and_encode(text: &mut String, name: &[u8]) {
    if !text.is_empty() {
        text.push('/');
    }
    for byte in name {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => text.push(char::from(*byte)),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
}

/// Namespace, owner and container of a finding, each within the one before.
fn logical(cluster: Option<&str>, finding: &Finding) -> Vec<LogicalLocation> {
    let mut locations: Vec<LogicalLocation> = Vec::new();
    let mut add = |name: String, kind: &'static str| {
        let within = locations.last().map(|outer| format!("{}/", outer.fully_qualified_name)).unwrap_or_default();
        locations.push(LogicalLocation { fully_qualified_name: format!("{within}{name}"), name, kind });
    };
    if let Some(cluster) = cluster {
        add(printable(cluster), "module");
    }
    if let Some(namespace) = &finding.namespace {
        add(printable(namespace), "namespace");
    }
    if let Some(owner) = subject::owner(finding) {
        add(owner, "resource");
    }
    if let Some(container) = &finding.container {
        add(printable(container), "object");
    }
    locations
}
