use eks_rules::{ContainerKind, Finding, RuleName};
use ring::digest::{Context, SHA256};

use super::text::printable;

/// What a finding is about, in words that need no marks of their own: `container app of Deployment/api in namespace
/// payments`.
pub(super) fn words(finding: &Finding) -> String {
    let mut parts = Vec::new();
    if let Some(container) = &finding.container {
        parts.push(format!("{} {}", kind(finding.container_kind), printable(container)));
    }
    if let Some(owner) = owner(finding) {
        parts.push(owner);
    }
    let place = match &finding.namespace {
        Some(namespace) => format!("namespace {}", printable(namespace)),
        None => "the cluster".to_owned(),
    };
    match parts.as_slice() {
        [] => place,
        parts => format!("{} in {place}", parts.join(" of ")),
    }
}

/// The owner of a finding's pods, as `Deployment/api`.
pub(super) fn owner(finding: &Finding) -> Option<String> {
    finding.owner.as_ref().map(|owner| format!("{}/{}", printable(&owner.kind), printable(&owner.name)))
}

/// What kind of container a finding is about, in words.
pub(super) const fn kind(kind: Option<ContainerKind>) -> &'static str {
    match kind {
        None | Some(ContainerKind::Container) => "container",
        Some(ContainerKind::InitContainer) => "init container",
        Some(ContainerKind::EphemeralContainer) => "ephemeral container",
        Some(ContainerKind::ImageVolume) => "image volume",
    }
}

/// The names of a finding's reasons, as the rule gives them.
pub(super) fn reasons(finding: &Finding) -> Vec<String> {
    finding.reasons.iter().map(|reason| format!("{reason:?}")).collect()
}

/// The workloads that no policy covers, each as `Deployment/api (3 pods)`.
pub(super) fn uncovered(finding: &Finding) -> Vec<String> {
    let workloads = finding.workloads.iter().flatten();
    workloads
        .map(|workload| {
            let plural = if workload.pods == 1 { "" } else { "s" };
            format!("{}/{} ({} pod{plural})", printable(&workload.kind), printable(&workload.name), workload.pods)
        })
        .collect()
}

/// How bad a finding is, from 0 to 3: as bad as the worst of its reasons.
pub(super) fn severity(finding: &Finding) -> u8 {
    finding.reasons.iter().map(|reason| reason.severity()).max().unwrap_or(0)
}

/// A finding in a line: its subject and its reasons.
pub(super) fn title(finding: &Finding) -> String {
    format!("{}: {}", capital(&words(finding)), reasons(finding).join(", "))
}

/// The way from the cluster to a finding's subject, which is the same for every rule.
pub(super) fn path(cluster: Option<&str>, finding: &Finding) -> String {
    let owner = owner(finding);
    let parts = [
        Some(cluster.unwrap_or("manifests")),
        finding.namespace.as_deref(),
        owner.as_deref(),
        finding.container.as_deref(),
    ];
    parts.into_iter().flatten().map(named).collect::<Vec<_>>().join("/")
}

/// A name that is never blank, as services demand of their texts.
pub(super) fn named(text: &str) -> String {
    let text = printable(text);
    if text.trim().is_empty() { "(empty)".to_owned() } else { text }
}

/// The ARN of a cluster.
pub(super) fn arn(account: &str, region: &str, cluster: &str) -> String {
    format!("arn:{}:eks:{region}:{account}:cluster/{}", partition(region), named(cluster))
}

/// The partition of a region.
pub(super) fn partition(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ if region.starts_with("us-isob-") => "aws-iso-b",
        _ if region.starts_with("us-iso-") => "aws-iso",
        _ if region.starts_with("eusc-") => "aws-eusc",
        _ => "aws",
    }
}

/// A finding in two sentences or three: its subject, what is wrong with it, and what to do.
pub(super) fn sentence(finding: &Finding) -> String {
    let mut text = words(finding);
    if let Some(image) = finding.image.as_deref() {
        let image = if image.is_empty() { "(empty)".to_owned() } else { printable(image) };
        text.push_str(&format!(", image {image}"));
    }
    if let Some(source) = &finding.source {
        text.push_str(&format!(", chart source {}", named(source)));
    }
    let explained: Vec<String> = finding.reasons.iter().map(|reason| plain(reason.explained().0)).collect();
    text.push_str(&format!(": {}.", explained.join("; ")));
    let uncovered = uncovered(finding);
    if !uncovered.is_empty() {
        text.push_str(&format!(" Uncovered: {}.", uncovered.join(", ")));
    }
    text.push_str(&format!(" {}", printable(&finding.advice)));
    capital(&text)
}

/// A text that begins with a capital letter.
pub(super) fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + characters.as_str())
}

/// A text of the documentation without its marks for code.
pub(super) fn plain(text: &str) -> String {
    text.replace('`', "")
}

/// What tells a finding from all others and stays the same from run to run: a hash of rule, cluster and subject. A
/// reason that comes or goes leaves it alone.
pub(super) fn fingerprint(rule: RuleName, cluster: Option<&str>, finding: &Finding) -> String {
    let owner = finding.owner.as_ref();
    let mut parts = vec![
        Some(rule.as_str()),
        cluster,
        finding.namespace.as_deref(),
        owner.map(|owner| owner.kind.as_str()),
        owner.map(|owner| owner.name.as_str()),
        finding.container_kind.map(|kind_of| kind(Some(kind_of))),
        finding.container.as_deref(),
        finding.image.as_deref(),
    ];
    parts.extend(finding.source.as_deref().map(Some));
    hash(&parts)
}

/// A hash over texts, each with its length, so that no two lists of them have the same one.
pub(super) fn hash(parts: &[Option<&str>]) -> String {
    let mut context = Context::new(&SHA256);
    for part in parts {
        let (mark, text) = part.map_or(("-", ""), |text| ("+", text));
        context.update(format!("{mark}{}:", text.len()).as_bytes());
        context.update(text.as_bytes());
    }
    context.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
