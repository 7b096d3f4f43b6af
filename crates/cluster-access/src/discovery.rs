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

    /// The version to read a kind in: the one that this project knows where it is served, else the preferred one; none
    /// where the group is not served.
    ///
    /// Calico keeps its policies in `crd.projectcalico.org`, and serves the same objects as `projectcalico.org` where
    /// its own API server runs. That one wants further rights to list them, so that it is read only where it is alone.
    pub(crate) fn version(&self, kind: Kind) -> Option<String> {
        let calico_api = matches!(kind, Kind::CalicoNetworkPolicy | Kind::CalicoGlobalNetworkPolicy);
        if calico_api && self.group(Kind::CalicoStoredNetworkPolicy.group()).is_some() {
            return None;
        }
        let group = self.group(kind.group())?;
        if group.versions.iter().any(|served| served.version == kind.version()) {
            return Some(kind.version().to_owned());
        }
        group.preferred_version.as_ref().or(group.versions.first()).map(|served| served.version.clone())
    }

    fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.name == name)
    }
}
