//! The AWS Security Finding Format, as Security Hub's `BatchImportFindings` takes it: one finding for each of the
//! report's, and one for each rule and cluster that complies or could not be judged.

use eks_rules::{Finding, RuleName};
use serde_json::{Value, json};

use super::subject::{self, fingerprint, hash, named, reasons, sentence, severity};
use super::text::{printable, shortened};
use super::{Judged, NotJudged, Setting};
use crate::failure::{Failure, Status};

/// The limits of Security Hub, in characters.
const TITLE: usize = 256;
const DESCRIPTION: usize = 1024;
const RECOMMENDATION: usize = 512;
const RESOURCE: usize = 512;
const NAME: usize = 256;
const PRODUCT_FIELD: usize = 2048;

/// Where a finding of Security Hub belongs.
struct Place<'a> {
    account: &'a str,
    region: &'a str,
    partition: &'static str,
}

/// What a finding says of its subject.
struct Said {
    uid: String,
    title: String,
    description: String,
    severity: &'static str,
    status: &'static str,
    resources: Vec<Value>,
    recommendation: Option<String>,
    fields: Vec<(&'static str, String)>,
}

/// The array of findings, with a line feed at its end.
///
/// # Errors
/// No account or region is known, to which each finding of Security Hub belongs.
pub(super) fn render(judged: &[Judged], setting: &Setting) -> Result<String, Failure> {
    let (Some(account), Some(region)) = (&setting.account, &setting.region) else {
        return Err(no_place(judged));
    };
    let place = Place { account, region, partition: subject::partition(region) };
    let findings = |one| said(one, &place).map(|said| complete(one.rule, setting, &place, said));
    super::json_array(judged.iter().flat_map(findings))
}

/// What is said of a rule and cluster: each finding, or that there is none, or no verdict.
fn said<'a>(judged: &'a Judged, place: &'a Place<'_>) -> impl Iterator<Item = Said> + use<'a> {
    let (findings, whole) = match &judged.outcome {
        Ok(report) if report.findings.is_empty() => (&[][..], Some(passed(judged, place, &report.annotation))),
        Ok(report) => (report.findings.as_slice(), None),
        Err(why) => (&[][..], Some(unknown(judged, place, why))),
    };
    findings.iter().map(|finding| failed(judged, place, finding)).chain(whole)
}

/// What is told where account or region are not known.
pub(crate) const NO_PLACE: &str =
    "--output asff: every finding of Security Hub belongs to an account and a region: give --account and --region";

/// A cluster that could not be described has no known account: why that is has to be told all the same.
fn no_place(judged: &[Judged]) -> Failure {
    let mut failure = Failure::wrong_use(NO_PLACE);
    for one in judged {
        if let Err(NotJudged { step, cause, .. }) = &one.outcome {
            failure.status = Status::NotJudged;
            failure.messages.push(format!("{} was not judged: {}: {}", one.rule, printable(step), printable(cause)));
        }
    }
    failure
}

fn complete(rule: RuleName, setting: &Setting, place: &Place<'_>, said: Said) -> Value {
    let Place { account, region, partition } = place;
    let severity = json!({"Label": said.severity});
    let types = json!(["Software and Configuration Checks/AWS Security Best Practices"]);
    let time = setting.now.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
    let mut finding = json!({
        "SchemaVersion": "2018-10-08",
        "Id": format!("eks-config-rules/{rule}/{}", said.uid),
        "ProductArn": format!("arn:{partition}:securityhub:{region}:{account}:product/{account}/default"),
        "GeneratorId": format!("eks-config-rules/{rule}"),
        "AwsAccountId": account,
        "Types": types,
        "CreatedAt": time,
        "UpdatedAt": time,
        "Severity": severity,
        "Title": shortened(&said.title, TITLE),
        "Description": shortened(&said.description, DESCRIPTION),
        "Resources": said.resources,
        "Compliance": {"Status": said.status},
        "RecordState": "ACTIVE",
        "FindingProviderFields": {"Severity": severity, "Types": types},
    });
    let mut fields = json!({"rule": rule.as_str(), "version": env!("CARGO_PKG_VERSION")});
    for (name, value) in said.fields {
        fields[name] = json!(shortened(&named(&value), PRODUCT_FIELD));
    }
    finding["ProductFields"] = fields;
    if let Some(recommendation) = said.recommendation {
        finding["Remediation"] = json!({"Recommendation": {"Text": shortened(&recommendation, RECOMMENDATION)}});
    }
    finding
}

fn failed(judged: &Judged, place: &Place<'_>, finding: &Finding) -> Said {
    let uid = fingerprint(judged.rule, judged.cluster.as_deref(), finding);
    let mut resources = vec![whole(judged, place)];
    if let Some(container) = &finding.container {
        let mut details = json!({"Name": shortened(&named(container), NAME)});
        if let Some(image) = finding.image.as_deref().filter(|image| !image.is_empty()) {
            details["ImageName"] = json!(shortened(&named(image), NAME));
        }
        resources.push(json!({
            "Type": "Container",
            "Id": within(judged, finding, &uid),
            "Partition": place.partition,
            "Region": place.region,
            "Details": {"Container": details},
        }));
    } else if finding.namespace.is_some() {
        resources.push(json!({
            "Type": "Other",
            "Id": within(judged, finding, &uid),
            "Partition": place.partition,
            "Region": place.region,
        }));
    }
    let mut fields = vec![("reasons", reasons(finding).join(","))];
    for (name, value) in [
        ("namespace", finding.namespace.as_deref().map(printable)),
        ("owner", subject::owner(finding)),
        ("container", finding.container.as_deref().map(printable)),
        ("image", finding.image.as_deref().map(printable)),
        ("source", finding.source.as_deref().map(printable)),
        ("pod", finding.pod.as_deref().map(printable)),
        ("pods", finding.pods.map(|pods| pods.to_string())),
    ] {
        fields.extend(value.map(|value| (name, value)));
    }
    Said {
        uid,
        title: subject::title(finding),
        description: sentence(finding),
        severity: match severity(finding) {
            0 => "LOW",
            1 => "MEDIUM",
            2 => "HIGH",
            _ => "CRITICAL",
        },
        status: "FAILED",
        resources,
        recommendation: Some(printable(&finding.advice)),
        fields,
    }
}

fn passed(judged: &Judged, place: &Place<'_>, annotation: &str) -> Said {
    Said {
        uid: of_rule(judged),
        title: format!("{} complies", judged.rule),
        description: printable(annotation),
        severity: "INFORMATIONAL",
        status: "PASSED",
        resources: vec![whole(judged, place)],
        recommendation: None,
        fields: Vec::new(),
    }
}

/// What could not be judged is neither a pass nor a failure.
fn unknown(judged: &Judged, place: &Place<'_>, NotJudged { step, cause, advice }: &NotJudged) -> Said {
    Said {
        uid: of_rule(judged),
        title: format!("{} could not be judged", judged.rule),
        description: format!("{}: {}", printable(step), printable(cause)),
        severity: "INFORMATIONAL",
        status: "NOT_AVAILABLE",
        resources: vec![whole(judged, place)],
        recommendation: advice.as_deref().map(printable),
        fields: vec![("notJudged", printable(step))],
    }
}

/// The identity of what is said of a rule and cluster as a whole.
fn of_rule(judged: &Judged) -> String {
    hash(&[Some(judged.rule.as_str()), judged.cluster.as_deref()])
}

/// The cluster; manifests have none, and are a resource of their own.
fn whole(judged: &Judged, place: &Place<'_>) -> Value {
    let Place { account, region, partition } = place;
    match &judged.cluster {
        Some(cluster) => {
            let arn = subject::arn(account, region, cluster);
            json!({"Type": "AwsEksCluster", "Id": shortened(&arn, RESOURCE), "Partition": partition, "Region": region})
        }
        None => json!({"Type": "Other", "Id": "manifests", "Partition": partition, "Region": region}),
    }
}

/// The identity of a subject within its cluster: in words where there is room, by its hash where there is not.
fn within(judged: &Judged, finding: &Finding, uid: &str) -> String {
    let path = subject::path(judged.cluster.as_deref(), finding);
    if shortened(&path, RESOURCE) == path { path } else { format!("eks-config-rules/{uid}") }
}
