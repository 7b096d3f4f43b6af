//! A cluster at work: what it serves and where.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use super::Pages;
use super::protobuf::{self, EncodeError};
use crate::generated::GeneratedPods;
use crate::spec::{ClusterSpec, ResourceKind};
use crate::world::WorldError;

/// A cluster of the world.
pub(crate) struct RunningCluster {
    pub(crate) account: String,
    pub(crate) spec: ClusterSpec,
    /// The URL that DescribeCluster hands out.
    pub(crate) endpoint: String,
    /// The PEM that DescribeCluster hands out.
    pub(crate) announced_ca: String,
    /// The bearer token of the cluster's kubeconfig.
    pub(crate) kubeconfig_token: String,
    pub(crate) store: Arc<Store>,
    /// The pages that were compressed so far.
    pub(crate) pages: Pages,
}

/// One object of a list.
pub(crate) struct Item {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) object: Value,
    /// The object as a list item: without `apiVersion` and `kind`, compact.
    pub(crate) text: Bytes,
    /// The same in protobuf; none where the kind, or the cluster, knows JSON only.
    pub(crate) protobuf: Option<Bytes>,
}

/// The objects of a cluster by (group, version, plural).
pub(crate) struct Store {
    pub(crate) kinds: BTreeSet<ResourceKind>,
    lists: BTreeMap<(String, String, String), Vec<Item>>,
    /// Follow the stored ones in the list of pods.
    pub(crate) generated: GeneratedPods,
    json_only: bool,
}

impl Store {
    /// The store of a cluster, or the error of an object that protobuf has no place for.
    pub(crate) fn new(spec: &ClusterSpec) -> Result<Self, WorldError> {
        let unfit =
            |object: &str, source| WorldError::Object { cluster: spec.name.clone(), object: object.to_owned(), source };
        let generated = GeneratedPods::new(spec.generated_pods, &spec.generated_profile, spec.json_only)
            .map_err(|source| unfit("a generated pod", source))?;
        let mut store = Self {
            kinds: built_in_kinds().chain(spec.served.iter().cloned()).collect(),
            lists: BTreeMap::new(),
            generated,
            json_only: spec.json_only,
        };
        let surroundings = store.generated.surroundings();
        for object in spec.objects.iter().chain(&surroundings) {
            store.insert(object).map_err(|source| {
                let name = &object["metadata"]["name"];
                unfit(&format!("{} {}", object["kind"], name), source)
            })?;
        }
        for items in store.lists.values_mut() {
            // The order of etcd's keys.
            items.sort_by(|one, other| (&one.namespace, &one.name).cmp(&(&other.namespace, &other.name)));
        }
        Ok(store)
    }

    fn insert(&mut self, object: &Value) -> Result<(), EncodeError> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let api_version = text(&object["apiVersion"]);
        let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
        let namespace = text(&object["metadata"]["namespace"]);
        let kind =
            ResourceKind::new(group, version, object["kind"].as_str().unwrap_or_default(), !namespace.is_empty());
        let mut item = object.clone();
        if let Some(members) = item.as_object_mut() {
            members.remove("apiVersion");
            members.remove("kind");
        }
        let key = (kind.group.clone(), kind.version.clone(), kind.plural.clone());
        let text_of_item = Bytes::from(item.to_string());
        let message = self.message(&kind);
        let protobuf = message.map(|message| protobuf::encode_item(message, &item).map(Bytes::from)).transpose()?;
        let name = text(&object["metadata"]["name"]);
        let item = Item { namespace, name, object: object.clone(), text: text_of_item, protobuf };
        self.lists.entry(key).or_default().push(item);
        if self.kind(&kind.group, &kind.version, &kind.plural).is_none() {
            self.kinds.insert(kind);
        }
        Ok(())
    }

    /// The protobuf message of a kind; none where it is served as JSON only.
    pub(crate) fn message(&self, kind: &ResourceKind) -> Option<&'static str> {
        if self.json_only { None } else { protobuf::message_of(&kind.group, &kind.version, &kind.kind) }
    }

    pub(crate) fn kind(&self, group: &str, version: &str, plural: &str) -> Option<&ResourceKind> {
        self.kinds.iter().find(|kind| kind.group == group && kind.version == version && kind.plural == plural)
    }

    pub(crate) fn items(&self, kind: &ResourceKind) -> &[Item] {
        self.lists
            .get(&(kind.group.clone(), kind.version.clone(), kind.plural.clone()))
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// How many pods are made up behind the stored objects of this kind.
    pub(crate) fn generated_of(&self, kind: &ResourceKind) -> usize {
        if kind.group.is_empty() && kind.plural == "pods" { self.generated.count() } else { 0 }
    }
}

/// The kinds that every API server serves, as far as anyone here asks for them.
fn built_in_kinds() -> impl Iterator<Item = ResourceKind> {
    [
        ("", "v1", "Namespace", false),
        ("", "v1", "Node", false),
        ("", "v1", "Pod", true),
        ("", "v1", "ConfigMap", true),
        ("", "v1", "Secret", true),
        ("", "v1", "Service", true),
        ("", "v1", "ServiceAccount", true),
        ("apps", "v1", "DaemonSet", true),
        ("apps", "v1", "Deployment", true),
        ("apps", "v1", "ReplicaSet", true),
        ("apps", "v1", "StatefulSet", true),
        ("batch", "v1", "CronJob", true),
        ("batch", "v1", "Job", true),
        ("networking.k8s.io", "v1", "Ingress", true),
        ("networking.k8s.io", "v1", "NetworkPolicy", true),
    ]
    .into_iter()
    .map(|(group, version, kind, namespaced)| ResourceKind::new(group, version, kind, namespaced))
}
