use std::collections::BTreeSet;

use super::Requires;
use super::isolation::Directions;
use super::namespace::Judgement;
use super::uncounted::NAMED;
use crate::finding::Reason;
use crate::rule::{counted, first_few};

/// How to switch enforcement on.
pub(super) const ENFORCE: &str = "Switch on something that enforces network policies: set enableNetworkPolicy to \
     \"true\" in the configuration of the vpc-cni add-on (in EKS Auto Mode: enable-network-policy-controller in the \
     ConfigMap kube-system/amazon-vpc-cni), or run Cilium or Calico.";

/// What the headline tells.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numbers {
    pub(super) namespaces: u64,
    pub(super) pods: u64,
    /// Namespaces with a finding.
    pub(super) found: u64,
    /// Namespaces that would have one without an exemption.
    pub(super) exempted: u64,
    /// Whether it is a finding that nothing enforces policies.
    pub(super) not_enforced: bool,
}

/// The first sentence of the annotation.
pub(super) fn headline(requires: Requires, numbers: Numbers) -> String {
    let namespaces = counted(numbers.namespaces, "namespace");
    let one = numbers.found == 1;
    let enforced = if numbers.not_enforced { "nothing enforces network policies, and " } else { "" };
    if numbers.found > 0 {
        let lack = match requires {
            Requires::Any => format!("{} no network policy", if one { "has" } else { "have" }),
            Requires::Covered => format!("{} not covered by network policies", if one { "is" } else { "are" }),
            Requires::DefaultDeny(directions) => {
                format!("{} not deny {} by default", if one { "does" } else { "do" }, named(directions))
            }
        };
        return format!("{enforced}{} of {namespaces} {lack}", numbers.found);
    }
    let pods = counted(numbers.pods, "pod");
    if numbers.not_enforced {
        return format!("nothing enforces the network policies of {namespaces} with {pods}");
    }
    let has = match requires {
        Requires::Any => "each has a network policy".to_owned(),
        Requires::Covered => "each has a network policy, and each pod is covered by one".to_owned(),
        Requires::DefaultDeny(directions) => format!("each denies {} by default", named(directions)),
    };
    let exempted = if numbers.exempted > 0 { ", or an exemption" } else { "" };
    format!("{namespaces} with {pods}: {has}{exempted}")
}

fn named(directions: Directions) -> &'static str {
    match (directions.ingress, directions.egress) {
        (true, false) => "ingress",
        (false, true) => "egress",
        _ => "ingress and egress",
    }
}

/// What to do about a namespace.
pub(super) fn advice(judgement: &Judgement) -> String {
    let has = |reason| judgement.reasons.contains(&reason);
    let open = Directions { ingress: has(Reason::IngressNotDenied), egress: has(Reason::EgressNotDenied) };
    let allowed = open.and(judgement.allows_all);
    let undenied = open.and_not(judgement.denies);
    let mut steps = Vec::new();
    if allowed.any() {
        steps.push(format!("Narrow the policy that selects every pod and allows all {}.", named(allowed)));
    }
    if undenied.any() {
        let types = [(undenied.ingress, "Ingress"), (undenied.egress, "Egress")];
        let types: Vec<&str> = types.into_iter().filter_map(|(wanted, name)| wanted.then_some(name)).collect();
        steps.push(format!(
            "Have a NetworkPolicy with podSelector: {{}}, policyTypes: [{}] and no rules, and allow what is needed in \
             others.",
            types.join(", "),
        ));
    }
    if has(Reason::UncoveredPods) {
        steps.push(
            "Add a NetworkPolicy whose podSelector matches the listed workloads; podSelector: {} matches every pod."
                .to_owned(),
        );
    } else if has(Reason::NoPolicy) && !open.any() {
        steps.push("Add a NetworkPolicy to the namespace; podSelector: {} covers every pod in it.".to_owned());
    }
    steps.join(" ")
}

/// The note about namespaces whose policies select no pod.
pub(super) fn idle(namespaces: &BTreeSet<String>) -> String {
    let number = namespaces.len() as u64;
    format!("policies select no pod in {}: {}", counted(number, "namespace"), first_few(namespaces, NAMED))
}

/// The note about namespaces that were not judged.
pub(super) fn skipped(number: u64, grace_seconds: u32) -> String {
    let new = if grace_seconds > 0 { format!(" or younger than {grace_seconds} s") } else { String::new() };
    format!("{} skipped: terminating{new}", counted(number, "namespace"))
}

/// The note about pods on the host's network.
pub(super) fn host_network(number: u64) -> String {
    format!("{} cannot be covered", counted(number, "hostNetwork pod"))
}

/// The note about pods for which nothing enforces policies, although something does for others.
pub(super) fn beyond_enforcement(fargate: u64, windows: u64) -> Option<String> {
    let kinds: Vec<String> = [(fargate, "Fargate pod"), (windows, "Windows pod")]
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, noun)| counted(number, noun))
        .collect();
    (!kinds.is_empty()).then(|| format!("no policy is enforced for {}", kinds.join(" and ")))
}
