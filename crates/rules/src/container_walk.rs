use crate::finding::ContainerKind;
use crate::object::{Container, ContainerStatus, Pod};

/// A container of a pod, with the list that it stands in and what it runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WalkedContainer<'a> {
    /// Which list it stands in.
    pub(crate) kind: ContainerKind,
    /// The container.
    pub(crate) container: &'a Container,
    statuses: &'a [ContainerStatus],
}

impl<'a> WalkedContainer<'a> {
    /// The running image as the runtime names it (`imageID`); empty where the container does not run yet.
    #[must_use]
    pub(crate) fn image_id(&self) -> &'a str {
        self.statuses.iter().find(|status| status.name == self.container.name).map_or("", |status| &status.image_id)
    }
}

/// Every container of a pod: init (sidecars included), regular and ephemeral. This is the one walk over containers; no
/// other code iterates the three lists.
pub(crate) fn containers(pod: &Pod) -> impl Iterator<Item = WalkedContainer<'_>> {
    let (spec, status) = (&pod.spec, &pod.status);
    let init = spec.init_containers.iter().map(|container| WalkedContainer {
        kind: ContainerKind::InitContainer,
        container,
        statuses: &status.init_container_statuses,
    });
    let regular = spec.containers.iter().map(|container| WalkedContainer {
        kind: ContainerKind::Container,
        container,
        statuses: &status.container_statuses,
    });
    let ephemeral = spec.ephemeral_containers.iter().map(|ephemeral| WalkedContainer {
        kind: ContainerKind::EphemeralContainer,
        container: &ephemeral.common,
        statuses: &status.ephemeral_container_statuses,
    });
    init.chain(regular).chain(ephemeral)
}

/// Every image volume of a pod, as (volume name, image reference).
pub(crate) fn image_volumes(pod: &Pod) -> impl Iterator<Item = (&str, &str)> {
    pod.spec
        .volumes
        .iter()
        .filter_map(|volume| volume.source.image.as_ref().map(|image| (volume.name.as_str(), image.reference.as_str())))
}
