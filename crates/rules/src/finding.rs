use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::object::{Labels, Metadata, Pod};
use crate::secret_names::SecretNames;

/// Why a subject is not compliant. The order is the one in which reasons are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Reason {
    /// No network policy is in the namespace or selects it.
    NoPolicy,
    /// Some pods of the namespace are selected by no network policy.
    UncoveredPods,
    /// Ingress is not denied by default.
    IngressNotDenied,
    /// Egress is not denied by default.
    EgressNotDenied,
    /// Nothing in the cluster enforces network policies.
    NotEnforced,
    /// `allowPrivilegeEscalation` is true.
    AllowPrivilegeEscalation,
    /// `privileged` is true.
    Privileged,
    /// The capability SYS_ADMIN is added.
    SysAdmin,
    /// `allowPrivilegeEscalation` is unset, which allows it.
    Unset,
    /// An environment variable takes its value from a Secret.
    SecretInEnvironment,
    /// The image comes from a registry or repository that no entry trusts.
    Untrusted,
    /// The image reference does not parse.
    Unparsable,
    /// The image reference has no digest although one is required.
    NotPinned,
    /// The running image comes from elsewhere than the reference says, and from where no entry trusts.
    RunningImageUntrusted,
    /// The scan of the image found something at or above a severity.
    ScanFindings,
    /// Nothing scanned the image, or its scan has no result.
    NotScanned,
    /// The tag of the image can be moved to another one.
    MutableTags,
    /// No key of Key Management Service encrypts the image's repository.
    NotKmsEncrypted,
    /// A chart comes from a source that no entry trusts.
    UntrustedChartSource,
}

impl Reason {
    /// How bad a reason is, from 0 to 3; the annotation names the worst subjects first.
    #[must_use]
    pub const fn severity(self) -> u8 {
        match self {
            Self::Privileged | Self::Unparsable | Self::NotEnforced => 3,
            Self::SysAdmin | Self::Untrusted | Self::NoPolicy | Self::ScanFindings | Self::UntrustedChartSource => 2,
            Self::AllowPrivilegeEscalation | Self::RunningImageUntrusted | Self::UncoveredPods | Self::NotScanned => 1,
            Self::Unset
            | Self::SecretInEnvironment
            | Self::NotPinned
            | Self::IngressNotDenied
            | Self::EgressNotDenied
            | Self::MutableTags
            | Self::NotKmsEncrypted => 0,
        }
    }
}

/// The object in whose name a finding is told: the controller of a pod, or the pod itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Owner {
    /// Kind, such as `Deployment`.
    pub kind: String,
    /// Name.
    pub name: String,
}

impl Owner {
    /// An owner of this kind and name.
    #[must_use]
    pub fn new(kind: impl Into<String>, name: impl Into<String>) -> Self {
        Self { kind: kind.into(), name: name.into() }
    }

    /// The owner of a pod: its controller, where a ReplicaSet whose name ends in the pod's `pod-template-hash` stands
    /// for its Deployment; a pod without a controller, and a static pod (whose controller is its node), owns itself.
    #[must_use]
    pub fn of(pod: &Metadata) -> Self {
        match pod.controller() {
            Some(controller) if !pod.mirror() => Self::behind(&controller.kind, &controller.name, &pod.labels),
            _ => Self::new("Pod", &pod.name),
        }
    }

    /// The owner behind a controller, or behind the pod itself, by the pod's labels.
    pub(crate) fn behind(kind: &str, name: &str, labels: &Labels) -> Self {
        let deployment = |hash| name.strip_suffix(hash)?.strip_suffix('-').filter(|name| !name.is_empty());
        match labels.get("pod-template-hash").filter(|_| kind == "ReplicaSet").and_then(deployment) {
            Some(deployment) => Self::new("Deployment", deployment),
            None => Self::new(kind, name),
        }
    }
}

/// Which list of a pod a container stands in; an image volume counts as a container for its image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ContainerKind {
    /// `spec.initContainers`, sidecars included.
    InitContainer,
    /// `spec.containers`.
    Container,
    /// `spec.ephemeralContainers`.
    EphemeralContainer,
    /// `spec.volumes[].image`.
    ImageVolume,
}

/// Pods of one owner, as a namespace's finding lists them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct UncoveredWorkload {
    /// Kind of the owner.
    pub kind: String,
    /// Name of the owner.
    pub name: String,
    /// How many of its pods no policy selects.
    pub pods: u64,
}

/// What mending a container's security context has to know beside the reasons.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Privileges {
    /// Whether the pod runs on Windows, where none of this may be written.
    pub windows: bool,
    /// Whether `privileged` is true.
    pub privileged: bool,
    /// `capabilities.add`, as written.
    pub added_capabilities: Vec<String>,
    /// Whether pods of the owner differ in what they add, as during a rollout; then it is the first of them in order,
    /// whatever the order of the pods.
    pub capabilities_differ: bool,
}

impl Privileges {
    /// Adds those of another pod's container of the same name.
    fn merge(&mut self, other: Self) {
        self.windows &= other.windows;
        self.privileged |= other.privileged;
        self.capabilities_differ |= other.capabilities_differ || self.added_capabilities != other.added_capabilities;
        if other.added_capabilities < self.added_capabilities {
            self.added_capabilities = other.added_capabilities;
        }
    }
}

/// A policy that lets everything through for every pod of a namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OpenPolicy {
    /// Its kind, in words.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// The lists of rules, of those that should deny, in which nothing else stands: `ingress`, `egress`. It is empty for
    /// other kinds than the core one.
    pub only_open: Vec<&'static str>,
}

/// One subject that is not compliant, in the shape of `--output json`: every key is always there, null where it does
/// not apply.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The namespace; null for a finding of the whole cluster.
    pub namespace: Option<String>,
    /// The owner of the pods, or the object that has a chart source; null for a finding of a namespace.
    pub owner: Option<Owner>,
    /// One of the pods as an example: the first by name.
    pub pod: Option<String>,
    /// How many pods share the finding.
    pub pods: Option<u64>,
    /// The container's name, or the volume's.
    pub container: Option<String>,
    /// Which list the container stands in.
    pub container_kind: Option<ContainerKind>,
    /// The reasons: the union over the pods, in the order of [`Reason`].
    pub reasons: Vec<Reason>,
    /// The image as written; null where the rule does not look at images.
    pub image: Option<String>,
    /// The URL of a chart source without user, password and query; null where the finding is about none.
    pub source: Option<String>,
    /// Whether the pod is a static pod; null for a finding of a namespace.
    pub mirror: Option<bool>,
    /// The workloads that no policy covers; null where the finding does not list them.
    pub workloads: Option<Vec<UncoveredWorkload>>,
    /// What to do about it, in a sentence or two.
    pub advice: String,
    /// What mending a security context has to know; no part of the output.
    #[serde(skip)]
    pub privileges: Option<Privileges>,
    /// The Secrets that should be mounted; no part of the output, the advice names them.
    #[serde(skip)]
    pub secrets: SecretNames,
    /// The policies that would have to be narrowed; no part of the output.
    #[serde(skip)]
    pub open_policies: Vec<OpenPolicy>,
    /// What the registry says, in the words of the advice and by reason; no part of the output.
    #[serde(skip)]
    pub registry: BTreeSet<(Reason, String)>,
}

impl Finding {
    /// The order in which the annotation names subjects: worst reason first, then more pods, then the findings' order.
    pub(crate) fn weight(&self) -> (u8, u64) {
        let severity = self.reasons.iter().map(|reason| reason.severity()).max().unwrap_or(0);
        (severity, self.pods.unwrap_or(0))
    }
}

/// What a finding is about: pods of one owner that share it. Its names lie in one text, since there may be as many
/// findings as containers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ContainerKey {
    /// Namespace, kind and name of the owner, container and image, one after the other.
    text: Box<str>,
    /// Where the first four of them end.
    ends: [u32; 4],
    kind: ContainerKind,
    has_image: bool,
}

impl ContainerKey {
    /// One container of a pod. The image is given where it is part of the finding's identity.
    pub(crate) fn of(pod: &Pod, kind: ContainerKind, container: &str, image: Option<&str>) -> Self {
        let owner = Owner::of(&pod.metadata);
        let texts = [&pod.metadata.namespace, &owner.kind, &owner.name, container, image.unwrap_or_default()];
        let mut end = 0;
        let ends = [0, 1, 2, 3].map(|number: usize| {
            end += texts[number].len();
            u32::try_from(end).unwrap_or(u32::MAX)
        });
        Self { text: texts.concat().into(), ends, kind, has_image: image.is_some() }
    }

    /// Namespace, kind and name of the owner, container, its kind and image: what findings are ordered by.
    fn parts(&self) -> (&str, &str, &str, &str, ContainerKind, Option<&str>) {
        let [namespace, kind, name, container] = self.ends.map(|end| end as usize);
        let text = |begin, end| self.text.get(begin..end).unwrap_or_default();
        let image = self.has_image.then(|| text(container, self.text.len()));
        (text(0, namespace), text(namespace, kind), text(kind, name), text(name, container), self.kind, image)
    }
}

impl PartialOrd for ContainerKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ContainerKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.parts().cmp(&other.parts())
    }
}

/// Pods that share something: how many, the first by name, and whether one is a static pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PodTally {
    pub(crate) pods: u64,
    pod: Box<str>,
    mirror: bool,
}

impl PodTally {
    /// Adds a pod.
    pub(crate) fn add(&mut self, pod: &Metadata) {
        self.merge(1, &pod.name, pod.mirror());
    }

    fn merge(&mut self, pods: u64, pod: &str, mirror: bool) {
        if self.pods == 0 || *pod < *self.pod {
            self.pod = pod.into();
        }
        self.pods += pods;
        self.mirror |= mirror;
    }
}

/// What is remembered of it.
#[derive(Clone, Debug, Default)]
struct ContainerEntry {
    /// In their order.
    reasons: Box<[Reason]>,
    tally: PodTally,
    privileges: Option<Privileges>,
    /// None where there are none, as of most.
    secrets: Option<Box<SecretNames>>,
    /// Empty without a parameter that asks a registry.
    registry: BTreeSet<(Reason, String)>,
}

impl ContainerEntry {
    fn add(&mut self, reasons: &[Reason]) {
        if reasons.iter().all(|reason| self.reasons.contains(reason)) {
            return;
        }
        let all: BTreeSet<Reason> = self.reasons.iter().chain(reasons).copied().collect();
        self.reasons = all.into_iter().collect();
    }
}

/// What was found on one container.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found<'a> {
    /// The image, where it is part of the finding's identity.
    pub(crate) image: Option<&'a str>,
    /// The reasons.
    pub(crate) reasons: &'a [Reason],
    /// What mending has to know.
    pub(crate) privileges: Option<Privileges>,
    /// The Secrets in its environment, where they are a reason.
    pub(crate) secrets: SecretNames,
}

/// The findings about containers, folded so that memory grows with distinct workloads and not with pods.
#[derive(Clone, Debug, Default)]
pub(crate) struct ContainerFindings {
    /// In boxes, since a third of the room in a tree is empty.
    entries: BTreeMap<Box<ContainerKey>, Box<ContainerEntry>>,
}

impl ContainerFindings {
    /// Adds what was found on one container of one pod.
    pub(crate) fn add(&mut self, pod: &Pod, kind: ContainerKind, container: &str, found: Found<'_>) {
        let Found { image, reasons, privileges, secrets } = found;
        let entry = self.entries.entry(Box::new(ContainerKey::of(pod, kind, container, image))).or_default();
        match (&mut entry.privileges, privileges) {
            (Some(known), Some(other)) => known.merge(other),
            (known, other) => *known = known.take().or(other),
        }
        if secrets != SecretNames::default() {
            entry.secrets.get_or_insert_default().merge(secrets);
        }
        entry.add(reasons);
        entry.tally.add(&pod.metadata);
    }

    /// Adds what was found on one container of several pods, with what the registry says of it.
    pub(crate) fn add_all(
        &mut self,
        key: ContainerKey,
        pods: &PodTally,
        reasons: &[Reason],
        registry: BTreeSet<(Reason, String)>,
    ) {
        let entry = self.entries.entry(Box::new(key)).or_default();
        entry.add(reasons);
        entry.registry.extend(registry);
        entry.tally.merge(pods.pods, &pods.pod, pods.mirror);
    }

    /// How many distinct subjects there are.
    pub(crate) fn len(&self) -> u64 {
        self.entries.len() as u64
    }

    /// The findings in order, each with the advice that `advise` words for it.
    pub(crate) fn into_findings(self, advise: impl Fn(&Finding) -> String) -> Vec<Finding> {
        self.entries
            .into_iter()
            .map(|(key, entry)| {
                let (namespace, owner_kind, owner, container, kind, image) = key.parts();
                let mut finding = Finding {
                    namespace: Some(namespace.to_owned()),
                    owner: Some(Owner::new(owner_kind, owner)),
                    pod: Some(entry.tally.pod.into()),
                    pods: Some(entry.tally.pods),
                    container: Some(container.to_owned()),
                    container_kind: Some(kind),
                    reasons: entry.reasons.into_vec(),
                    image: image.map(str::to_owned),
                    mirror: Some(entry.tally.mirror),
                    privileges: entry.privileges,
                    secrets: entry.secrets.map(|secrets| *secrets).unwrap_or_default(),
                    registry: entry.registry,
                    ..Finding::default()
                };
                finding.advice = advise(&finding);
                finding
            })
            .collect()
    }
}
