//! OCSF 1.6: compliance findings (class 2003), one for each finding, and one for each rule and cluster that complies or
//! could not be judged.

use eks_rules::{Finding, RuleName};
use serde_json::{Value, json};

use super::subject::{self, fingerprint, hash, plain, sentence, severity};
use super::text::printable;
use super::{Judged, NotJudged, Setting};
use crate::failure::Failure;

/// What a compliance finding says of its subject.
struct Said {
    uid: String,
    title: String,
    description: String,
    severity: (u8, &'static str),
    status: (u8, &'static str),
    details: Vec<String>,
    resource: Value,
    remediation: Option<String>,
}

/// The array of findings, with a line feed at its end.
pub(super) fn render(judged: &[Judged], setting: &Setting) -> Result<String, Failure> {
    super::json_array(judged.iter().flat_map(|one| said(one, setting).map(|said| complete(one.rule, setting, said))))
}

/// What is said of a rule and cluster: each finding, or that there is none, or no verdict.
fn said<'a>(judged: &'a Judged, setting: &Setting) -> impl Iterator<Item = Said> + use<'a> {
    let (findings, whole) = match &judged.outcome {
        Ok(report) if report.findings.is_empty() => (&[][..], Some(passed(judged, setting, &report.annotation))),
        Ok(report) => (report.findings.as_slice(), None),
        Err(why) => (&[][..], Some(unknown(judged, setting, why))),
    };
    findings.iter().map(|finding| failed(judged, finding)).chain(whole)
}

fn complete(rule: RuleName, setting: &Setting, said: Said) -> Value {
    let time = setting.now.as_millisecond();
    let mut finding = json!({
        "activity_id": 1,
        "activity_name": "Create",
        "category_name": "Findings",
        "category_uid": 2,
        "class_name": "Compliance Finding",
        "class_uid": 2003,
        "type_name": "Compliance Finding: Create",
        "type_uid": 200_301,
        "cloud": {"provider": "AWS"},
        "compliance": {
            "control": rule.as_str(),
            "desc": super::sentence_of(rule),
            "status": said.status.1,
            "status_id": said.status.0,
        },
        "finding_info": {
            "uid": said.uid,
            "title": said.title,
            "desc": said.description,
            "created_time": time,
            "types": [rule.as_str()],
        },
        "message": said.title,
        "metadata": {
            "version": "1.6.0",
            "profiles": ["cloud"],
            "product": {"name": "eks-config-rules", "version": env!("CARGO_PKG_VERSION")},
        },
        "resources": [said.resource],
        "severity": said.severity.1,
        "severity_id": said.severity.0,
        "status": "New",
        "status_id": 1,
        "time": time,
    });
    if let Some(account) = &setting.account {
        finding["cloud"]["account"] = json!({"uid": account, "type": "AWS Account", "type_id": 10});
    }
    if let Some(region) = &setting.region {
        finding["cloud"]["region"] = json!(region);
    }
    if !said.details.is_empty() {
        finding["compliance"]["status_details"] = json!(said.details);
    }
    if let Some(remediation) = said.remediation {
        finding["remediation"] = json!({"desc": remediation});
    }
    finding
}

fn failed(judged: &Judged, finding: &Finding) -> Said {
    let (kind, name) = match (&finding.container, &finding.owner, &finding.namespace) {
        (Some(container), ..) => (subject::kind(finding.container_kind), Some(container)),
        (None, Some(owner), _) => (owner.kind.as_str(), Some(&owner.name)),
        (None, None, Some(namespace)) => ("namespace", Some(namespace)),
        (None, None, None) => ("cluster", judged.cluster.as_ref()),
    };
    let mut resource = json!({
        "type": kind,
        "name": name.map_or_else(|| "cluster".to_owned(), |name| printable(name)),
        "uid": subject::path(judged.cluster.as_deref(), finding),
    });
    if let Some(namespace) = &finding.namespace {
        resource["namespace"] = json!(printable(namespace));
    }
    let mut data = json!({});
    for (key, value) in [
        ("cluster", judged.cluster.as_deref().map(printable)),
        ("owner", subject::owner(finding)),
        ("pod", finding.pod.as_deref().map(printable)),
        ("image", finding.image.as_deref().map(printable)),
        ("source", finding.source.as_deref().map(printable)),
    ] {
        if let Some(value) = value {
            data[key] = json!(value);
        }
    }
    if let Some(pods) = finding.pods {
        data["pods"] = json!(pods);
    }
    let uncovered = subject::uncovered(finding);
    if !uncovered.is_empty() {
        data["uncovered"] = json!(uncovered);
    }
    resource["data"] = data;
    Said {
        uid: fingerprint(judged.rule, judged.cluster.as_deref(), finding),
        title: subject::title(finding),
        description: sentence(finding),
        severity: match severity(finding) {
            0 => (2, "Low"),
            1 => (3, "Medium"),
            2 => (4, "High"),
            _ => (5, "Critical"),
        },
        status: (3, "Fail"),
        details: finding.reasons.iter().map(|reason| format!("{reason:?}: {}", plain(reason.explained().0))).collect(),
        resource,
        remediation: Some(printable(&finding.advice)),
    }
}

fn passed(judged: &Judged, setting: &Setting, annotation: &str) -> Said {
    Said {
        uid: of_rule(judged),
        title: format!("{} complies", judged.rule),
        description: printable(annotation),
        severity: (1, "Informational"),
        status: (1, "Pass"),
        details: Vec::new(),
        resource: whole(judged, setting),
        remediation: None,
    }
}

/// What could not be judged is neither a pass nor a failure.
fn unknown(judged: &Judged, setting: &Setting, NotJudged { step, cause, advice }: &NotJudged) -> Said {
    Said {
        uid: of_rule(judged),
        title: format!("{} could not be judged", judged.rule),
        description: format!("{}: {}", printable(step), printable(cause)),
        severity: (0, "Unknown"),
        status: (0, "Unknown"),
        details: vec![format!("NotJudged: {}: {}", printable(step), printable(cause))],
        resource: whole(judged, setting),
        remediation: advice.as_deref().map(printable),
    }
}

/// The identity of what is said of a rule and cluster as a whole.
fn of_rule(judged: &Judged) -> String {
    hash(&[Some(judged.rule.as_str()), judged.cluster.as_deref()])
}

/// The cluster, by its ARN where that is known; manifests have none.
fn whole(judged: &Judged, setting: &Setting) -> Value {
    let Some(cluster) = &judged.cluster else { return json!({"type": "manifests", "name": "manifests"}) };
    let uid = match (&setting.account, &setting.region) {
        (Some(account), Some(region)) => subject::arn(account, region, cluster),
        _ => subject::named(cluster),
    };
    json!({"type": "AWS::EKS::Cluster", "name": subject::named(cluster), "uid": uid})
}
