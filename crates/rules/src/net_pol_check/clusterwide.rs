use super::isolation::Isolation;
use crate::object::Metadata;

/// A policy of the whole cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Clusterwide {
    /// Its kind, in words.
    pub(super) kind: &'static str,
    /// Its name.
    pub(super) metadata: Metadata,
    /// What it does to the pods that it selects, in all namespaces.
    pub(super) isolation: Isolation,
}
