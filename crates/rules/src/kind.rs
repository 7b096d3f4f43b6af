use crate::object::{
    ArgoApplication, ArgoApplicationSet, CalicoPolicy, CiliumPolicy, ConfigMap, FluxSource, HelmChart, HelmRelease,
    Namespace, NetworkPolicy, NodeClass, Pod, UncountedPolicy, Workload,
};

/// A kind of object that a rule reads, with the facts by which it is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// core/v1 Namespace.
    Namespace,
    /// networking.k8s.io/v1 NetworkPolicy.
    NetworkPolicy,
    /// cilium.io CiliumNetworkPolicy.
    CiliumNetworkPolicy,
    /// cilium.io CiliumClusterwideNetworkPolicy.
    CiliumClusterwideNetworkPolicy,
    /// projectcalico.org NetworkPolicy, as Calico's own API server serves it.
    CalicoNetworkPolicy,
    /// projectcalico.org GlobalNetworkPolicy, as Calico's own API server serves it.
    CalicoGlobalNetworkPolicy,
    /// crd.projectcalico.org NetworkPolicy, as it is stored.
    CalicoStoredNetworkPolicy,
    /// crd.projectcalico.org GlobalNetworkPolicy, as it is stored.
    CalicoStoredGlobalNetworkPolicy,
    /// networking.k8s.aws ApplicationNetworkPolicy.
    ApplicationNetworkPolicy,
    /// networking.k8s.aws ClusterNetworkPolicy, which isolates nothing.
    AwsClusterNetworkPolicy,
    /// policy.networking.k8s.io AdminNetworkPolicy, which isolates nothing.
    AdminNetworkPolicy,
    /// policy.networking.k8s.io BaselineAdminNetworkPolicy, which isolates nothing.
    BaselineAdminNetworkPolicy,
    /// policy.networking.k8s.io ClusterNetworkPolicy, which isolates nothing.
    ClusterNetworkPolicy,
    /// The EKS add-on `vpc-cni`. It is no Kubernetes object: the EKS API tells of it.
    VpcCniAddon,
    /// apps/v1 DaemonSet.
    DaemonSet,
    /// The ConfigMap kube-system/amazon-vpc-cni, and no other.
    VpcCniConfigMap,
    /// eks.amazonaws.com NodeClass, of EKS Auto Mode.
    NodeClass,
    /// source.toolkit.fluxcd.io HelmRepository.
    HelmRepository,
    /// source.toolkit.fluxcd.io OCIRepository.
    OciRepository,
    /// source.toolkit.fluxcd.io GitRepository.
    GitRepository,
    /// source.toolkit.fluxcd.io HelmChart.
    HelmChart,
    /// helm.toolkit.fluxcd.io HelmRelease.
    HelmRelease,
    /// argoproj.io Application.
    ArgoApplication,
    /// argoproj.io ApplicationSet.
    ArgoApplicationSet,
    /// core/v1 Pod.
    Pod,
}

/// The facts of a kind: group, version, plural, name.
type Facts = (&'static str, &'static str, &'static str, &'static str);

impl Kind {
    /// Every kind.
    pub const ALL: &[Self] = &[
        Self::Namespace,
        Self::NetworkPolicy,
        Self::CiliumNetworkPolicy,
        Self::CiliumClusterwideNetworkPolicy,
        Self::CalicoNetworkPolicy,
        Self::CalicoGlobalNetworkPolicy,
        Self::CalicoStoredNetworkPolicy,
        Self::CalicoStoredGlobalNetworkPolicy,
        Self::ApplicationNetworkPolicy,
        Self::AwsClusterNetworkPolicy,
        Self::AdminNetworkPolicy,
        Self::BaselineAdminNetworkPolicy,
        Self::ClusterNetworkPolicy,
        Self::VpcCniAddon,
        Self::DaemonSet,
        Self::VpcCniConfigMap,
        Self::NodeClass,
        Self::HelmRepository,
        Self::OciRepository,
        Self::GitRepository,
        Self::HelmChart,
        Self::HelmRelease,
        Self::ArgoApplication,
        Self::ArgoApplicationSet,
        Self::Pod,
    ];

    /// The kinds that say where charts come from.
    pub const OF_CHARTS: [Self; 7] = [
        Self::HelmRepository,
        Self::OciRepository,
        Self::GitRepository,
        Self::HelmChart,
        Self::HelmRelease,
        Self::ArgoApplication,
        Self::ArgoApplicationSet,
    ];

    #[rustfmt::skip]
    const fn facts(self) -> Facts {
        match self {
            Self::Namespace => ("", "v1", "namespaces", "Namespace"),
            Self::NetworkPolicy => ("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy"),
            Self::CiliumNetworkPolicy => ("cilium.io", "v2", "ciliumnetworkpolicies", "CiliumNetworkPolicy"),
            Self::CiliumClusterwideNetworkPolicy =>
                ("cilium.io", "v2", "ciliumclusterwidenetworkpolicies", "CiliumClusterwideNetworkPolicy"),
            Self::CalicoNetworkPolicy => ("projectcalico.org", "v3", "networkpolicies", "NetworkPolicy"),
            Self::CalicoGlobalNetworkPolicy =>
                ("projectcalico.org", "v3", "globalnetworkpolicies", "GlobalNetworkPolicy"),
            Self::CalicoStoredNetworkPolicy => ("crd.projectcalico.org", "v1", "networkpolicies", "NetworkPolicy"),
            Self::CalicoStoredGlobalNetworkPolicy =>
                ("crd.projectcalico.org", "v1", "globalnetworkpolicies", "GlobalNetworkPolicy"),
            Self::ApplicationNetworkPolicy =>
                ("networking.k8s.aws", "v1alpha1", "applicationnetworkpolicies", "ApplicationNetworkPolicy"),
            Self::AwsClusterNetworkPolicy =>
                ("networking.k8s.aws", "v1alpha1", "clusternetworkpolicies", "ClusterNetworkPolicy"),
            Self::AdminNetworkPolicy =>
                ("policy.networking.k8s.io", "v1alpha1", "adminnetworkpolicies", "AdminNetworkPolicy"),
            Self::BaselineAdminNetworkPolicy =>
                ("policy.networking.k8s.io", "v1alpha1", "baselineadminnetworkpolicies", "BaselineAdminNetworkPolicy"),
            Self::ClusterNetworkPolicy =>
                ("policy.networking.k8s.io", "v1alpha2", "clusternetworkpolicies", "ClusterNetworkPolicy"),
            Self::VpcCniAddon => ("", "", "", "vpc-cni add-on"),
            Self::DaemonSet => ("apps", "v1", "daemonsets", "DaemonSet"),
            Self::VpcCniConfigMap => ("", "v1", "configmaps", "ConfigMap"),
            Self::NodeClass => ("eks.amazonaws.com", "v1", "nodeclasses", "NodeClass"),
            Self::HelmRepository => ("source.toolkit.fluxcd.io", "v1", "helmrepositories", "HelmRepository"),
            Self::OciRepository => ("source.toolkit.fluxcd.io", "v1", "ocirepositories", "OCIRepository"),
            Self::GitRepository => ("source.toolkit.fluxcd.io", "v1", "gitrepositories", "GitRepository"),
            Self::HelmChart => ("source.toolkit.fluxcd.io", "v1", "helmcharts", "HelmChart"),
            Self::HelmRelease => ("helm.toolkit.fluxcd.io", "v2", "helmreleases", "HelmRelease"),
            Self::ArgoApplication => ("argoproj.io", "v1alpha1", "applications", "Application"),
            Self::ArgoApplicationSet => ("argoproj.io", "v1alpha1", "applicationsets", "ApplicationSet"),
            Self::Pod => ("", "v1", "pods", "Pod"),
        }
    }

    /// The API group; empty for the core group.
    #[must_use]
    pub const fn group(self) -> &'static str {
        self.facts().0
    }

    /// The version of the group that is read; of a custom resource another one that the server serves is read instead.
    #[must_use]
    pub const fn version(self) -> &'static str {
        self.facts().1
    }

    /// The resource as it stands in a URL and in RBAC.
    #[must_use]
    pub const fn plural(self) -> &'static str {
        self.facts().2
    }

    /// The kind as it stands in an object.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.facts().3
    }

    /// The resource in words that RBAC knows: `pods`, `daemonsets.apps`, `configmaps kube-system/amazon-vpc-cni`.
    #[must_use]
    pub fn resource(self) -> String {
        let (group, _, plural, name) = self.facts();
        match (self.single(), group) {
            _ if !self.kubernetes() => name.to_owned(),
            (Some((namespace, name)), _) => format!("{plural} {namespace}/{name}"),
            (None, "") => plural.to_owned(),
            (None, group) => format!("{plural}.{group}"),
        }
    }

    /// Whether the kind is an object of the Kubernetes API; the add-on is not.
    #[must_use]
    pub const fn kubernetes(self) -> bool {
        !matches!(self, Self::VpcCniAddon)
    }

    /// Whether lists of the kind are asked for in Kubernetes' protobuf, which is read at a third of the cost of JSON.
    /// Custom resources are served as JSON alone, and of the others only the long lists are worth it.
    #[must_use]
    pub const fn protobuf(self) -> bool {
        matches!(self, Self::Namespace | Self::NetworkPolicy | Self::Pod)
    }

    /// Namespace and name, where a single named object is read and not a list. That there is none is no error.
    #[must_use]
    pub const fn single(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::VpcCniConfigMap => Some(("kube-system", "amazon-vpc-cni")),
            _ => None,
        }
    }

    /// Whether the kind belongs to Kubernetes itself, so that its version is fixed.
    const fn built_in(self) -> bool {
        matches!(self, Self::Namespace | Self::NetworkPolicy | Self::DaemonSet | Self::VpcCniConfigMap | Self::Pod)
    }

    /// The kind of an object that says so: of custom resources any version is known, of the others the one that is
    /// read.
    #[must_use]
    pub fn of(api_version: &str, kind: &str) -> Option<Self> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Self::ALL.iter().copied().filter(|known| known.kubernetes()).find(|known| {
            known.group() == group && known.name() == kind && (!known.built_in() || known.version() == version)
        })
    }
}

/// A kind that a rule reads, and what its absence means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Read {
    /// The kind.
    pub kind: Kind,
    /// What a reader does where the kind is not served or may not be read.
    pub need: Need,
}

/// How badly a rule needs a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Every cluster serves it: whatever keeps it from being read makes the cluster *not judged*.
    Required,
    /// It may not be served, which is nothing to speak of. Where it is served and may not be read (403), the cluster is
    /// *not judged*.
    IfServed,
    /// As [`Need::IfServed`], but where it may not be read a note is enough ([`crate::Judge::forbidden`]).
    IfReadable,
}

/// One object, as a rule observes it.
#[derive(Clone, Copy, Debug)]
pub enum Object<'a> {
    /// A namespace.
    Namespace(&'a Namespace),
    /// A network policy of the core API.
    NetworkPolicy(&'a NetworkPolicy),
    /// Cilium's policy of one namespace.
    CiliumNetworkPolicy(&'a CiliumPolicy),
    /// Cilium's policy of the whole cluster.
    CiliumClusterwideNetworkPolicy(&'a CiliumPolicy),
    /// Calico's policy of one namespace, from either of its groups.
    CalicoNetworkPolicy(&'a CalicoPolicy),
    /// Calico's policy of the whole cluster, from either of its groups.
    CalicoGlobalNetworkPolicy(&'a CalicoPolicy),
    /// The VPC CNI's policy of one namespace, of the same shape as the core one.
    ApplicationNetworkPolicy(&'a NetworkPolicy),
    /// A policy of the whole cluster that isolates nothing, and its kind.
    Uncounted(Kind, &'a UncountedPolicy),
    /// The configuration values of the EKS add-on `vpc-cni`, JSON or YAML; empty where it has none.
    VpcCniAddon(&'a str),
    /// A DaemonSet.
    DaemonSet(&'a Workload),
    /// The ConfigMap kube-system/amazon-vpc-cni.
    VpcCniConfigMap(&'a ConfigMap),
    /// A node class of EKS Auto Mode.
    NodeClass(&'a NodeClass),
    /// A source of Flux, and its kind.
    FluxSource(Kind, &'a FluxSource),
    /// A chart of Flux.
    HelmChart(&'a HelmChart),
    /// A release of Flux.
    HelmRelease(&'a HelmRelease),
    /// An application of Argo CD.
    ArgoApplication(&'a ArgoApplication),
    /// A set of applications of Argo CD.
    ArgoApplicationSet(&'a ArgoApplicationSet),
    /// A pod, or the pod that a workload's template makes.
    Pod(&'a Pod),
}

impl<'a> Object<'a> {
    /// Namespace and name of the object, by which a list knows it; the namespace is empty where it lies in none.
    #[must_use]
    pub fn identity(self) -> (&'a str, &'a str) {
        let metadata = match self {
            Self::Namespace(namespace) => return ("", &namespace.metadata.name),
            Self::VpcCniAddon(_) => return ("", Kind::VpcCniAddon.name()),
            Self::NetworkPolicy(policy) | Self::ApplicationNetworkPolicy(policy) => &policy.metadata,
            Self::CiliumNetworkPolicy(policy) | Self::CiliumClusterwideNetworkPolicy(policy) => &policy.metadata,
            Self::CalicoNetworkPolicy(policy) | Self::CalicoGlobalNetworkPolicy(policy) => &policy.metadata,
            Self::Uncounted(_, policy) => &policy.metadata,
            Self::DaemonSet(workload) => &workload.metadata,
            Self::VpcCniConfigMap(settings) => &settings.metadata,
            Self::NodeClass(class) => &class.metadata,
            Self::FluxSource(_, source) => &source.metadata,
            Self::HelmChart(chart) => &chart.metadata,
            Self::HelmRelease(release) => &release.metadata,
            Self::ArgoApplication(application) => &application.metadata,
            Self::ArgoApplicationSet(set) => &set.metadata,
            Self::Pod(pod) => &pod.metadata,
        };
        (&metadata.namespace, &metadata.name)
    }

    /// The namespace in which the object is judged; none where it concerns the whole cluster, as the evidence does that
    /// policies are enforced, or that a chart comes from a source, wherever it lies.
    #[must_use]
    pub fn namespace(self) -> Option<&'a str> {
        match self {
            Self::Namespace(namespace) => Some(&namespace.metadata.name),
            Self::NetworkPolicy(policy) | Self::ApplicationNetworkPolicy(policy) => Some(&policy.metadata.namespace),
            Self::CiliumNetworkPolicy(policy) => Some(&policy.metadata.namespace),
            Self::CalicoNetworkPolicy(policy) => Some(&policy.metadata.namespace),
            Self::FluxSource(_, source) => Some(&source.metadata.namespace),
            Self::ArgoApplication(application) => Some(&application.metadata.namespace),
            Self::ArgoApplicationSet(set) => Some(&set.metadata.namespace),
            Self::Pod(pod) => Some(&pod.metadata.namespace),
            Self::CiliumClusterwideNetworkPolicy(_)
            | Self::CalicoGlobalNetworkPolicy(_)
            | Self::Uncounted(..)
            | Self::VpcCniAddon(_)
            | Self::DaemonSet(_)
            | Self::VpcCniConfigMap(_)
            | Self::NodeClass(_)
            | Self::HelmChart(_)
            | Self::HelmRelease(_) => None,
        }
    }
}
