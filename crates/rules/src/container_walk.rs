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
    [
        (ContainerKind::InitContainer, &spec.init_containers, &status.init_container_statuses),
        (ContainerKind::Container, &spec.containers, &status.container_statuses),
        (ContainerKind::EphemeralContainer, &spec.ephemeral_containers, &status.ephemeral_container_statuses),
    ]
    .into_iter()
    .flat_map(|(kind, containers, statuses)| {
        containers.iter().map(move |container| WalkedContainer { kind, container, statuses })
    })
}

/// Every image volume of a pod, as (volume name, image reference).
pub(crate) fn image_volumes(pod: &Pod) -> impl Iterator<Item = (&str, &str)> {
    pod.spec
        .volumes
        .iter()
        .filter_map(|volume| volume.image.as_ref().map(|image| (volume.name.as_str(), image.reference.as_str())))
}
