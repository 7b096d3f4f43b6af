use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::finding::{Owner, UncoveredWorkload};
use crate::object::Metadata;

/// Pods that no policy seen so far selects, by distinct labels and owner.
#[derive(Clone, Debug, Default)]
pub(super) struct Unselected {
    /// By a hash of what tells them apart, so that a pod is looked up without being copied.
    groups: HashMap<u64, Vec<Group>>,
}

#[derive(Clone, Debug)]
struct Group {
    /// Of the first pod of the group.
    metadata: Metadata,
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
        let owner = (distinct == Distinct::LabelsAndOwner).then(|| owner_key(pod));
        owner.hash(&mut hasher);
        let groups = self.groups.entry(hasher.finish()).or_default();
        let same = |group: &&mut Group| {
            group.metadata.labels == pod.labels && owner.is_none_or(|owner| owner == owner_key(&group.metadata))
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.pods += 1,
            None => groups.push(Group { metadata: pod.clone(), pods: 1 }),
        }
    }

    /// Forgets all pods.
    pub(super) fn clear(&mut self) {
        self.groups = HashMap::new();
    }

    /// Whether any of the pods is selected by what was seen since.
    pub(super) fn any(&self, selected: impl Fn(&BTreeMap<String, String>) -> bool) -> bool {
        self.groups.values().flatten().any(|group| selected(&group.metadata.labels))
    }

    /// The workloads of the pods that are still not selected, in order.
    pub(super) fn workloads(&self, selected: impl Fn(&BTreeMap<String, String>) -> bool) -> Vec<UncoveredWorkload> {
        let mut workloads: BTreeMap<Owner, u64> = BTreeMap::new();
        for group in self.groups.values().flatten().filter(|group| !selected(&group.metadata.labels)) {
            *workloads.entry(Owner::of(&group.metadata)).or_default() += group.pods;
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
