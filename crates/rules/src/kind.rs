use crate::object::{Namespace, NetworkPolicy, Pod};

/// A kind of object that a rule reads, with the facts by which it is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// core/v1 Namespace.
    Namespace,
    /// networking.k8s.io/v1 NetworkPolicy.
    NetworkPolicy,
    /// core/v1 Pod.
    Pod,
}

impl Kind {
    /// Every kind.
    pub const ALL: &[Self] = &[Self::Namespace, Self::NetworkPolicy, Self::Pod];

    /// The API group; empty for the core group.
    #[must_use]
    pub const fn group(self) -> &'static str {
        match self {
            Self::Namespace | Self::Pod => "",
            Self::NetworkPolicy => "networking.k8s.io",
        }
    }

    /// The version of the group that is read; for a custom resource the server's preferred version is read instead.
    #[must_use]
    pub const fn version(self) -> &'static str {
        match self {
            Self::Namespace | Self::Pod | Self::NetworkPolicy => "v1",
        }
    }

    /// The resource as it stands in a URL and in RBAC.
    #[must_use]
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Namespace => "namespaces",
            Self::NetworkPolicy => "networkpolicies",
            Self::Pod => "pods",
        }
    }

    /// The kind as it stands in an object.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Namespace => "Namespace",
            Self::NetworkPolicy => "NetworkPolicy",
            Self::Pod => "Pod",
        }
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
    /// A pod, or the pod that a workload's template makes.
    Pod(&'a Pod),
}
