//! One page for an auditor: it needs nothing from elsewhere, and works without its script.

mod plot;

use std::collections::BTreeSet;

use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use eks_rules::{ComplianceType, Finding, Reason, Report, RuleName};
use jiff::Unit;
use ring::digest::{SHA256, digest};

use self::plot::Plot;
use super::subject::{self, plain, severity, uncovered};
use super::text::{printable, shortened};
use super::{Judged, NotJudged, Setting};
use crate::failure::Failure;
use crate::manifests::Location;

const STYLE: &str = include_str!("../../../templates/report.css");
const SCRIPT: &str = include_str!("../../../templates/report.js");

/// The severities, worst first.
const SEVERITIES: [(u8, &str); 4] = [(3, "Critical"), (2, "High"), (1, "Medium"), (0, "Low")];

/// How much of a name is shown; none that Kubernetes takes is as long.
const SHOWN: usize = 512;

#[derive(Template)]
#[template(path = "report.html")]
struct Page {
    title: String,
    policy: String,
    style: &'static str,
    script: &'static str,
    version: &'static str,
    facts: Vec<(&'static str, String)>,
    summary: String,
    totals: Vec<Total>,
    not_judged: Vec<Unjudged>,
    plots: Vec<Plot>,
    severities: [(u8, &'static str); 4],
    rules: Vec<RuleName>,
    /// The head of the column of images, chart sources and uncovered workloads.
    detail: String,
    rows: Vec<Row>,
    left_out: Vec<String>,
    notes: Vec<(RuleName, String)>,
    parameters: Vec<ParameterRow>,
    reasons: Vec<ReasonRow>,
}

/// A rule's line of the totals.
struct Total {
    rule: RuleName,
    asserts: &'static str,
    verdict: &'static str,
    class: &'static str,
    numbers: [String; 5],
}

/// A rule that was not judged.
struct Unjudged {
    rule: RuleName,
    why: String,
    advice: String,
}

/// A finding.
struct Row {
    severity: u8,
    severity_name: &'static str,
    rule: RuleName,
    namespace: String,
    subject: String,
    container: String,
    place: String,
    pods: String,
    image: String,
    workloads: String,
    reasons: Vec<String>,
    advice: String,
}

/// A parameter of a rule.
struct ParameterRow {
    rule: RuleName,
    name: &'static str,
    value: String,
    given: bool,
}

/// A reason that was given.
struct ReasonRow {
    severity: u8,
    severity_name: &'static str,
    name: String,
    what: String,
    remedy: String,
}

/// The page.
pub(super) fn render(judged: &[Judged], setting: &Setting) -> Result<String, Failure> {
    let page = page(judged, setting).render();
    let mut page = page.map_err(|error| Failure::not_judged(format!("cannot write the verdicts as HTML: {error}")))?;
    page.push('\n');
    Ok(page)
}

fn page(judged: &[Judged], setting: &Setting) -> Page {
    let mut rows = Vec::new();
    for (verdict, one) in judged.iter().enumerate() {
        for (number, finding) in findings(one).iter().enumerate() {
            rows.push(row(one.rule, finding, setting.locations.of(verdict, number)));
        }
    }
    // The worst first; what is as bad stays in the order of the report.
    rows.sort_by_key(|row| std::cmp::Reverse(row.severity));
    let cluster = judged.iter().find_map(|one| one.cluster.as_deref()).map(shown);
    Page {
        title: match &cluster {
            Some(cluster) => format!("EKS configuration rules: {cluster}"),
            None => "EKS configuration rules: manifests".to_owned(),
        },
        policy: policy(),
        style: STYLE,
        script: SCRIPT,
        version: env!("CARGO_PKG_VERSION"),
        facts: facts(cluster, setting),
        summary: summary(judged),
        totals: judged.iter().map(total).collect(),
        not_judged: judged.iter().filter_map(unjudged).collect(),
        plots: vec![plot::by_namespace(judged), plot::by_reason(judged)],
        severities: SEVERITIES,
        rules: judged.iter().map(|one| one.rule).collect(),
        detail: detail(judged),
        rows,
        left_out: judged.iter().filter_map(left_out).collect(),
        notes: judged.iter().flat_map(notes).collect(),
        parameters: parameters(setting),
        reasons: reason_rows(judged),
    }
}

/// What stands in the column of images, chart sources and uncovered workloads.
fn detail(judged: &[Judged]) -> String {
    let has = |field: fn(&Finding) -> bool| judged.iter().flat_map(findings).any(field);
    let kinds = [
        ("image", has(|finding| finding.image.is_some())),
        ("chart source", has(|finding| finding.source.is_some())),
        ("uncovered", has(|finding| finding.workloads.is_some())),
    ];
    let kinds: Vec<&str> = kinds.into_iter().filter_map(|(kind, there)| there.then_some(kind)).collect();
    subject::capital(if kinds.is_empty() { "image".to_owned() } else { kinds.join(" or ") }.as_str())
}

/// Nothing is loaded, and only this style and this script are obeyed, whatever the names in the page say.
fn policy() -> String {
    let hash = |text: &str| STANDARD.encode(digest(&SHA256, text.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

fn findings(judged: &Judged) -> &[Finding] {
    judged.outcome.as_ref().map_or(&[], |report| &report.findings)
}

fn shown(text: &str) -> String {
    shortened(&printable(text), SHOWN)
}

fn facts(cluster: Option<String>, setting: &Setting) -> Vec<(&'static str, String)> {
    let now = setting.now.round(Unit::Second).unwrap_or(setting.now);
    let mut facts = vec![("Judged", now.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())];
    facts.push(cluster.map_or(("Read", "manifests".to_owned()), |cluster| ("Cluster", cluster)));
    facts.extend(setting.account.as_deref().map(|account| ("Account", shown(account))));
    facts.extend(setting.region.as_deref().map(|region| ("Region", shown(region))));
    facts
}

fn summary(judged: &[Judged]) -> String {
    let number = |wanted: &str| judged.iter().filter(|one| verdict(one).0 == wanted).count();
    let plural = if judged.len() == 1 { "" } else { "s" };
    format!(
        "{} rule{plural}: {} COMPLIANT, {} NON_COMPLIANT, {} not judged",
        judged.len(),
        number("COMPLIANT"),
        number("NON_COMPLIANT"),
        number("not judged")
    )
}

/// The verdict in words, and the class of its badge.
fn verdict(judged: &Judged) -> (&'static str, &'static str) {
    match &judged.outcome {
        Ok(report) if report.compliance_type == ComplianceType::Compliant => ("COMPLIANT", "COMPLIANT"),
        Ok(_) => ("NON_COMPLIANT", "NON_COMPLIANT"),
        Err(_) => ("not judged", "NOT_JUDGED"),
    }
}

fn total(judged: &Judged) -> Total {
    let (verdict, class) = verdict(judged);
    let counts = judged.outcome.as_ref().ok().map(|report| &report.counts);
    let number = |number: Option<u64>| number.map_or("–".to_owned(), |number| number.to_string());
    Total {
        rule: judged.rule,
        asserts: super::sentence_of(judged.rule),
        verdict,
        class,
        numbers: [
            number(counts.map(|counts| counts.namespaces)),
            number(counts.map(|counts| counts.pods)),
            number(counts.map(|counts| counts.containers)),
            number(counts.map(|counts| counts.exempted)),
            number(counts.map(|counts| counts.findings)),
        ],
    }
}

fn unjudged(judged: &Judged) -> Option<Unjudged> {
    let NotJudged { step, cause, advice } = judged.outcome.as_ref().err()?;
    Some(Unjudged {
        rule: judged.rule,
        why: format!("{}: {}", shown(step), shown(cause)),
        advice: advice.as_deref().map(shown).unwrap_or_default(),
    })
}

fn row(rule: RuleName, finding: &Finding, location: Option<Location>) -> Row {
    let worst = severity(finding);
    let container =
        finding.container.as_ref().map(|name| format!("{} {}", subject::kind(finding.container_kind), shown(name)));
    let whole = if finding.namespace.is_some() { "the namespace" } else { "the cluster" };
    Row {
        severity: worst,
        severity_name: severity_name(worst),
        rule,
        namespace: finding.namespace.as_deref().map(shown).unwrap_or_default(),
        subject: subject::owner(finding).map_or_else(|| whole.to_owned(), |owner| shortened(&owner, SHOWN)),
        container: container.unwrap_or_default(),
        place: location.map(place).unwrap_or_default(),
        pods: finding.pods.map(|pods| pods.to_string()).unwrap_or_default(),
        image: match finding.image.as_deref() {
            Some("") => "(empty)".to_owned(),
            image => image.or(finding.source.as_deref()).map(shown).unwrap_or_default(),
        },
        workloads: uncovered(finding).join(", "),
        reasons: subject::reasons(finding),
        advice: printable(&finding.advice),
    }
}

fn place(location: Location) -> String {
    let file = location.file.map_or_else(|| "standard input".to_owned(), |file| shown(&file.to_string_lossy()));
    format!("{file}:{}:{}", location.line, location.column)
}

fn severity_name(severity: u8) -> &'static str {
    SEVERITIES.iter().find(|(number, _)| *number == severity).map_or("Critical", |(_, name)| name)
}

/// What a verdict says nothing of, although it is there.
fn left_out(judged: &Judged) -> Option<String> {
    let report = judged.outcome.as_ref().ok()?;
    let Report { counts, .. } = report;
    Some(format!(
        "{}: namespaces excluded {}, finished pods {}, subjects exempted {}",
        judged.rule, counts.excluded_namespaces, counts.finished_pods, counts.exempted
    ))
}

fn notes(judged: &Judged) -> Vec<(RuleName, String)> {
    let notes = judged.outcome.as_ref().map_or(&[][..], |report| &report.notes);
    notes.iter().map(|note| (judged.rule, printable(note))).collect()
}

fn parameters(setting: &Setting) -> Vec<ParameterRow> {
    let rows = setting.parameters.iter().flat_map(|parameters| {
        parameters.values.iter().map(|parameter| ParameterRow {
            rule: parameters.rule,
            name: parameter.name,
            value: printable(&parameter.value),
            given: parameter.given,
        })
    });
    rows.collect()
}

/// The reasons that stand in the page, each once, worst first.
fn reason_rows(judged: &[Judged]) -> Vec<ReasonRow> {
    let given: BTreeSet<Reason> =
        judged.iter().flat_map(findings).flat_map(|finding| finding.reasons.iter().copied()).collect();
    let mut given: Vec<Reason> = given.into_iter().collect();
    given.sort_by_key(|reason| std::cmp::Reverse(reason.severity()));
    let row = |reason: Reason| {
        let (what, remedy) = reason.explained();
        ReasonRow {
            severity: reason.severity(),
            severity_name: severity_name(reason.severity()),
            name: format!("{reason:?}"),
            what: plain(what),
            remedy: plain(remedy),
        }
    };
    given.into_iter().map(row).collect()
}
