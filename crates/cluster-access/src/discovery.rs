//! Which API groups a cluster serves, for the kinds that not every cluster has.

use eks_rules::Kind;
use serde::Deserialize;

use crate::error::NotJudged;
use crate::kubernetes::KubernetesClient;

/// The API groups of a cluster (meta/v1 `APIGroupList`, the answer to `/apis`).
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Discovery {
    groups: Vec<Group>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    name: String,
    versions: Vec<Version>,
    preferred_version: Option<Version>,
}

#[derive(Debug, Deserialize)]
struct Version {
    version: String,
}

impl Discovery {
    pub(crate) async fn read(client: &KubernetesClient) -> Result<Self, NotJudged> {
        let path = "/apis";
        let body = client.get(path, "get", "the list of API groups").await?;
        serde_json::from_slice(&body).map_err(|cause| NotJudged::Body { path: path.to_owned(), source: cause.into() })
    }

    /// The versions to look for a kind in, one after the other: the one that this project knows, where it is served,
    /// then the preferred one and the rest; none where the group is not served. A group need not serve each of its kinds
    /// in each of its versions.
    ///
    /// Calico keeps its policies in `crd.projectcalico.org`, and serves the same objects as `projectcalico.org` where
    /// its own API server runs. That one wants further rights to list them, so that it is read only where it is alone.
    pub(crate) fn versions(&self, kind: Kind) -> Vec<String> {
        let calico_api = matches!(kind, Kind::CalicoNetworkPolicy | Kind::CalicoGlobalNetworkPolicy);
        if calico_api && self.group(Kind::CalicoStoredNetworkPolicy.group()).is_some() {
            return Vec::new();
        }
        let Some(group) = self.group(kind.group()) else { return Vec::new() };
        let known = group.versions.iter().filter(|served| served.version == kind.version());
        let mut versions: Vec<String> = Vec::new();
        for Version { version } in known.chain(&group.preferred_version).chain(&group.versions) {
            if !versions.contains(version) {
                versions.push(version.clone());
            }
        }
        versions
    }

    fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.name == name)
    }
}
