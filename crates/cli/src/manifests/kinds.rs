use eks_rules::Kind;

/// What an object is to the reading of manifests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// A kind that the rules read as it is.
    Read(Kind),
    /// An object whose `spec.template` makes pods.
    Workload(&'static str),
    /// A CronJob.
    CronJob,
    /// A PodTemplate.
    PodTemplate,
}

/// The kinds with `spec.template`, and the API groups under which they have had this shape. An API server still takes
/// none of the legacy ones; repositories still have them.
const WORKLOADS: [(&str, &[&str]); 6] = [
    ("Deployment", &["apps", "extensions"]),
    ("StatefulSet", &["apps"]),
    ("DaemonSet", &["apps", "extensions"]),
    ("ReplicaSet", &["apps", "extensions"]),
    ("ReplicationController", &[""]),
    ("Job", &["batch", "extensions"]),
];

/// The policies that are read as they are. Of the other kinds that a rule reads in a cluster, Namespace and Pod are
/// read here too; a DaemonSet is a workload, and ConfigMap and NodeClass are evidence of what runs, which nothing does
/// here.
const POLICIES: [Kind; 12] = [
    Kind::NetworkPolicy,
    Kind::CiliumNetworkPolicy,
    Kind::CiliumClusterwideNetworkPolicy,
    Kind::CalicoNetworkPolicy,
    Kind::CalicoGlobalNetworkPolicy,
    Kind::CalicoStoredNetworkPolicy,
    Kind::CalicoStoredGlobalNetworkPolicy,
    Kind::ApplicationNetworkPolicy,
    Kind::AwsClusterNetworkPolicy,
    Kind::AdminNetworkPolicy,
    Kind::BaselineAdminNetworkPolicy,
    Kind::ClusterNetworkPolicy,
];

/// Those of the policies whose objects are in a namespace, and Pod.
const NAMESPACED: [Kind; 6] = [
    Kind::NetworkPolicy,
    Kind::CiliumNetworkPolicy,
    Kind::CalicoNetworkPolicy,
    Kind::CalicoStoredNetworkPolicy,
    Kind::ApplicationNetworkPolicy,
    Kind::Pod,
];

/// What a kind of this name is; none where no rule reads it.
pub(super) fn known(api_version: &str, kind: &str) -> Option<Known> {
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    if let Some(kind) = read(group, api_version, kind) {
        return Some(Known::Read(kind));
    }
    if let Some((name, groups)) = WORKLOADS.iter().find(|(name, _)| *name == kind) {
        return groups.contains(&group).then_some(Known::Workload(name));
    }
    match (group, kind) {
        ("batch", "CronJob") => Some(Known::CronJob),
        ("", "PodTemplate") => Some(Known::PodTemplate),
        _ => None,
    }
}

/// Whether an object that stands in a list is a list itself: one of any kinds, or of one that a rule reads. Other names
/// only end like that of a list.
pub(super) fn is_list(api_version: &str, kind: &str) -> bool {
    match kind.strip_suffix("List") {
        Some("") => api_version == "v1",
        Some(item) => known(api_version, item).is_some(),
        None => false,
    }
}

/// A kind that the rules read as it is, under its apiVersion or the one in which it began.
fn read(group: &str, api_version: &str, name: &str) -> Option<Kind> {
    let kind = match (group, name) {
        ("extensions", "NetworkPolicy") => Kind::NetworkPolicy,
        _ => Kind::of(api_version, name)?,
    };
    (POLICIES.contains(&kind) || of_charts(kind) || matches!(kind, Kind::Namespace | Kind::Pod)).then_some(kind)
}

/// Whether a kind says where charts come from. It is of no account where no rule looks at them.
pub(super) fn of_charts(kind: Kind) -> bool {
    Kind::OF_CHARTS.contains(&kind)
}

/// Whether a name alone is one that is read under some group: an object that has it must say its apiVersion.
pub(super) fn is_known_name(kind: &str) -> bool {
    WORKLOADS.iter().any(|(name, _)| *name == kind)
        || matches!(kind, "CronJob" | "PodTemplate")
        || matches!(kind, "Namespace" | "Pod")
        || POLICIES.iter().any(|known| known.name() == kind)
}

/// Whether a name alone is that of a kind that says where charts come from.
pub(super) fn is_name_of_charts(kind: &str) -> bool {
    Kind::OF_CHARTS.iter().any(|known| known.name() == kind)
}

impl Known {
    /// The kind as it stands in an object.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Read(kind) => kind.name(),
            Self::Workload(name) => name,
            Self::CronJob => "CronJob",
            Self::PodTemplate => "PodTemplate",
        }
    }

    /// Whether an object of it is in a namespace.
    pub(super) fn namespaced(self) -> bool {
        match self {
            Self::Workload(_) | Self::CronJob | Self::PodTemplate => true,
            Self::Read(kind) => NAMESPACED.contains(&kind) || of_charts(kind),
        }
    }
}
