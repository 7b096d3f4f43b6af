use jiff::Timestamp;

use super::Requires;
use super::clusterwide::Clusterwide;
use super::isolation::{Directions, Isolation};
use super::selector::{Selector, Subject};
use super::workloads::{Distinct, Unselected};
use crate::finding::{OpenPolicy, Reason, UncoveredWorkload};
use crate::object::{Labels, Namespace, Pod, Time};

/// What is remembered of pods that no policy selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Memory {
    /// Nothing: pods do not matter.
    Nothing,
    /// Their labels while it is open whether the namespace's policies select any pod. `policies_first` says that pods
    /// come after policies, so that nothing need be remembered where there is no policy.
    Labels { policies_first: bool },
    /// Their labels and owners.
    Workloads,
}

/// One namespace, as far as it was seen.
#[derive(Clone, Debug, Default)]
pub(super) struct NamespaceState {
    terminating: bool,
    created: Option<Timestamp>,
    /// None where they are not known: a manifest that has no labels may be the name of a namespace and no more.
    labels: Option<Labels>,
    policies: Vec<Isolation>,
    running: bool,
    /// Pods that a policy could select.
    coverable: u64,
    /// Pods on the network of their nodes.
    pub(super) host_network: u64,
    /// Whether some pod is selected by some policy.
    selected: bool,
    unselected: Unselected,
    /// Whether a pod came by that is not in `unselected` although no policy known by then selected it.
    forgotten: bool,
}

/// What is wrong with one namespace, or worth a note.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Judgement {
    pub(super) reasons: Vec<Reason>,
    /// The workloads that no policy selects, where that was asked.
    pub(super) workloads: Vec<UncoveredWorkload>,
    /// The directions in which some policy for all pods lets nothing through.
    pub(super) denies: Directions,
    /// The directions in which some policy for all pods allows everything.
    pub(super) allows_all: Directions,
    /// The policies that do, in order.
    pub(super) open_policies: Vec<OpenPolicy>,
    /// Under `any`: whether there are coverable pods and policies, and none selects any.
    pub(super) idle_policies: bool,
}

impl NamespaceState {
    /// Takes what a namespace says of itself; it may be declared more than once, or named only.
    pub(super) fn declare(&mut self, namespace: &Namespace) {
        self.terminating |= namespace.terminating();
        self.created = self.created.or(namespace.metadata.creation_timestamp.and_then(Time::timestamp));
        if !namespace.metadata.labels.is_empty() {
            self.labels = Some(namespace.metadata.labels.clone());
        }
    }

    /// Adds a policy of this namespace.
    pub(super) fn add(&mut self, policy: Isolation) {
        // Those for every pod come first, where a pod finds them soonest.
        let place = if policy.selector == Selector::All { 0 } else { self.policies.len() };
        self.policies.insert(place, policy);
    }

    /// Counts a pod, and remembers it as far as its labels may still matter.
    pub(super) fn observe(&mut self, pod: &Pod, clusterwide: &[Clusterwide], memory: Memory) {
        // Where no phase is told, as in manifests, the pod is taken to run.
        self.running |= !pod.finished() && pod.status.phase != "Pending";
        if pod.spec.host_network {
            self.host_network += 1;
            return;
        }
        self.coverable += 1;
        let metadata = &pod.metadata;
        let selected = || self.selects(&metadata.namespace, &metadata.labels, clusterwide);
        match memory {
            Memory::Nothing => {}
            Memory::Labels { .. } if self.selected => {}
            Memory::Labels { .. } if selected() => {
                self.selected = true;
                self.unselected.clear();
            }
            Memory::Labels { policies_first: true } if !self.has_policy(&metadata.namespace, clusterwide) => {
                self.forgotten = true;
            }
            Memory::Labels { .. } => self.unselected.add(metadata, Distinct::Labels),
            Memory::Workloads if selected() => self.selected = true,
            Memory::Workloads => self.unselected.add(metadata, Distinct::LabelsAndOwner),
        }
    }

    /// Whether the namespace is too new, or too near its end, to be judged.
    pub(super) fn skipped(&self, now: Timestamp, grace_seconds: u32) -> bool {
        let young = || {
            self.created.is_some_and(|created| now.duration_since(created).as_secs().max(0) < i64::from(grace_seconds))
        };
        let empty = self.coverable + self.host_network == 0;
        (self.terminating && empty) || (!self.running && young())
    }

    /// Judges the namespace, after everything was seen.
    pub(super) fn judge(&self, name: &str, requires: Requires, clusterwide: &[Clusterwide]) -> Judgement {
        let selects = |labels: &Labels| self.selects(name, labels, clusterwide);
        let has_policy = self.has_policy(name, clusterwide);
        let mut judgement = Judgement::default();
        if !has_policy {
            judgement.reasons.push(Reason::NoPolicy);
        }
        match requires {
            Requires::Any => {
                let unselected = self.coverable > 0 && !self.selected && !self.forgotten;
                judgement.idle_policies = has_policy && unselected && !self.unselected.any(selects);
            }
            Requires::Covered => {
                judgement.workloads = self.unselected.workloads(selects);
                if !judgement.workloads.is_empty() {
                    judgement.reasons.push(Reason::UncoveredPods);
                }
            }
            Requires::DefaultDeny(required) => {
                let (denies, allows_all) = self.defaults(name, clusterwide);
                (judgement.denies, judgement.allows_all) = (denies, allows_all);
                if required.ingress && (!denies.ingress || allows_all.ingress) {
                    judgement.reasons.push(Reason::IngressNotDenied);
                }
                if required.egress && (!denies.egress || allows_all.egress) {
                    judgement.reasons.push(Reason::EgressNotDenied);
                }
                if required.and(allows_all).any() {
                    judgement.open_policies = self.open_policies(name, required, clusterwide);
                }
            }
        }
        judgement
    }

    /// What the policies for every pod of the namespace deny, and what they allow, added up.
    fn defaults(&self, name: &str, clusterwide: &[Clusterwide]) -> (Directions, Directions) {
        let (mut denies, mut allows_all) = (Directions::default(), Directions::default());
        let subject = self.subject(name);
        for policy in self.policies.iter().chain(clusterwide.iter().map(|policy| &policy.isolation)) {
            if policy.selector.selects_every_pod(subject) {
                denies.add(policy.denies);
                allows_all.add(policy.allows_all);
            }
        }
        (denies, allows_all)
    }

    /// The policies that let everything through for every pod, in a direction that should be denied.
    fn open_policies(&self, name: &str, required: Directions, clusterwide: &[Clusterwide]) -> Vec<OpenPolicy> {
        let subject = self.subject(name);
        let mut open: Vec<OpenPolicy> = self
            .policies
            .iter()
            .chain(clusterwide.iter().map(|policy| &policy.isolation))
            .filter(|policy| required.and(policy.allows_all).any() && policy.selector.selects_every_pod(subject))
            .filter_map(|policy| {
                let mut open = policy.open.clone()?;
                let only = required.and(policy.only_allows_all).and(policy.allows_all);
                open.only_open = [(only.ingress, "ingress"), (only.egress, "egress")]
                    .into_iter()
                    .filter_map(|(only, name)| only.then_some(name))
                    .filter(|_| open.kind == "NetworkPolicy")
                    .collect();
                Some(open)
            })
            .collect();
        open.sort();
        open.dedup();
        open
    }

    fn has_policy(&self, name: &str, clusterwide: &[Clusterwide]) -> bool {
        self.policies.iter().any(|policy| policy.isolates)
            || clusterwide.iter().any(|policy| self.is_selected_by(name, policy))
    }

    /// Whether a policy of the whole cluster counts as one of this namespace.
    pub(super) fn is_selected_by(&self, name: &str, policy: &Clusterwide) -> bool {
        policy.isolation.isolates && policy.isolation.selector.selects_namespace(self.subject(name))
    }

    fn selects(&self, name: &str, labels: &Labels, clusterwide: &[Clusterwide]) -> bool {
        let subject = Subject { pod_labels: Some(labels), ..self.subject(name) };
        let selects = |policy: &Isolation| policy.isolates && policy.selector.selects(subject) == Some(true);
        self.policies.iter().any(selects) || clusterwide.iter().any(|policy| selects(&policy.isolation))
    }

    fn subject<'a>(&'a self, name: &'a str) -> Subject<'a> {
        Subject { namespace: name, namespace_labels: self.labels.as_ref(), pod_labels: None }
    }
}
