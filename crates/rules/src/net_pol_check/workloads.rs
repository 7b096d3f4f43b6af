use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::finding::{Owner, UncoveredWorkload};
use crate::object::{Labels, Metadata};

/// Pods that no policy seen so far selects, by distinct labels and owner.
#[derive(Clone, Debug, Default)]
pub(super) struct Unselected {
    /// By a hash of what tells them apart, so that a pod is looked up without being copied.
    groups: BTreeMap<u64, Vec<Group>>,
}

#[derive(Clone, Debug)]
struct Group {
    labels: Labels,
    /// What decides the owner besides the labels, of the first pod of the group.
    kind: Box<str>,
    name: Box<str>,
    pods: u64,
}

/// What tells pods apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Distinct {
    /// Their labels.
    Labels,
    /// Their labels and their owner.
    LabelsAndOwner,
}

impl Unselected {
    /// Adds a pod.
    pub(super) fn add(&mut self, pod: &Metadata, distinct: Distinct) {
        let mut hasher = DefaultHasher::new();
        pod.labels.hash(&mut hasher);
        let (kind, name) = owner_key(pod);
        let by_owner = distinct == Distinct::LabelsAndOwner;
        by_owner.then_some((kind, name)).hash(&mut hasher);
        // Two groups hardly ever have the same hash, and a vector would make room for four.
        let groups = self.groups.entry(hasher.finish()).or_insert_with(|| Vec::with_capacity(1));
        let same = |group: &&mut Group| {
            group.labels == pod.labels && (!by_owner || (&*group.kind, &*group.name) == (kind, name))
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.pods += 1,
            None => groups.push(Group { labels: pod.labels.clone(), kind: kind.into(), name: name.into(), pods: 1 }),
        }
    }

    /// Forgets all pods.
    pub(super) fn clear(&mut self) {
        self.groups = BTreeMap::new();
    }

    /// Whether any of the pods is selected by what was seen since.
    pub(super) fn any(&self, selected: impl Fn(&Labels) -> bool) -> bool {
        self.groups.values().flatten().any(|group| selected(&group.labels))
    }

    /// The workloads of the pods that are still not selected, in order.
    pub(super) fn workloads(&self, selected: impl Fn(&Labels) -> bool) -> Vec<UncoveredWorkload> {
        let mut workloads: BTreeMap<Owner, u64> = BTreeMap::new();
        for group in self.groups.values().flatten().filter(|group| !selected(&group.labels)) {
            *workloads.entry(Owner::behind(&group.kind, &group.name, &group.labels)).or_default() += group.pods;
        }
        workloads
            .into_iter()
            .map(|(owner, pods)| UncoveredWorkload { kind: owner.kind, name: owner.name, pods })
            .collect()
    }
}

/// What decides the owner of a pod besides its labels: its controller, or itself.
fn owner_key(pod: &Metadata) -> (&str, &str) {
    match pod.controller() {
        Some(controller) if !pod.mirror() => (&controller.kind, &controller.name),
        _ => ("Pod", &pod.name),
    }
}
