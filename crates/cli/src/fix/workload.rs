use std::collections::{BTreeMap, BTreeSet};

use eks_rules::{ContainerKind, Finding, Privileges, Reason};
use serde_json::{Map, Value, json};

/// The kinds whose template can be patched: apiVersion, kind, where the pod's spec lies.
const KINDS: [(&str, &str, &[&str]); 8] = [
    ("apps/v1", "DaemonSet", &["spec", "template", "spec"]),
    ("apps/v1", "Deployment", &["spec", "template", "spec"]),
    ("apps/v1", "ReplicaSet", &["spec", "template", "spec"]),
    ("apps/v1", "StatefulSet", &["spec", "template", "spec"]),
    ("batch/v1", "CronJob", &["spec", "jobTemplate", "spec", "template", "spec"]),
    ("batch/v1", "Job", &["spec", "template", "spec"]),
    ("v1", "PodTemplate", &["template", "spec"]),
    ("v1", "ReplicationController", &["spec", "template", "spec"]),
];

/// A workload that a patch is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Workload {
    namespace: String,
    kind: &'static str,
    name: String,
    api_version: &'static str,
    path: &'static [&'static str],
}

impl Workload {
    /// The workload whose template makes the pods of a finding.
    ///
    /// # Errors
    /// Why no patch can be written for it.
    pub(super) fn of(finding: &Finding, live: bool) -> Result<Self, &'static str> {
        if finding.container_kind == Some(ContainerKind::EphemeralContainer) {
            return Err("");
        }
        let (Some(namespace), Some(owner)) = (&finding.namespace, &finding.owner) else { return Err("") };
        if finding.mirror == Some(true) {
            return Err("The API has only a copy of it.");
        }
        if owner.kind == "Pod" {
            return Err("It is a bare pod: change its manifest, delete it and create it anew.");
        }
        let Some((api_version, kind, path)) = KINDS.iter().find(|(_, kind, _)| *kind == owner.kind) else {
            return Err("Its controller is of a kind of which no patch is known: change it there.");
        };
        if live && *kind == "Job" {
            return Err(
                "A Job's template cannot be changed: change what makes the Job, or delete it and create it anew.",
            );
        }
        if owner.name.ends_with(['-', '.']) {
            return Err("It has a generateName only, by which no patch finds it: change its manifest.");
        }
        Ok(Self { namespace: namespace.clone(), kind, name: owner.name.clone(), api_version, path })
    }

    /// What whoever applies a patch to this kind has to know.
    pub(super) fn remark(&self) -> Option<&'static str> {
        match self.kind {
            "Job" => Some("A Job that runs cannot be changed: delete it and create it anew."),
            "ReplicaSet" => Some(
                "A ReplicaSet does not replace its pods: delete them afterwards. Where something controls the \
                 ReplicaSet, change that instead.",
            ),
            "ReplicationController" => {
                Some("A ReplicationController does not replace its pods: delete them afterwards.")
            }
            _ => None,
        }
    }

    /// The patch as an object.
    pub(super) fn document(&self, patch: &Patch) -> Value {
        let mut inner = patch.pod_spec();
        for key in self.path.iter().rev() {
            inner = Value::Object(Map::from_iter([((*key).to_owned(), inner)]));
        }
        let mut object = Map::new();
        object.insert("apiVersion".to_owned(), json!(self.api_version));
        object.insert("kind".to_owned(), json!(self.kind));
        object.insert("metadata".to_owned(), json!({"name": self.name, "namespace": self.namespace}));
        if let Value::Object(inner) = inner {
            object.extend(inner);
        }
        Value::Object(object)
    }
}

/// What is changed in the template of a workload.
#[derive(Clone, Debug, Default)]
pub(super) struct Patch {
    /// What a reader should know, told as comments.
    pub(super) remarks: BTreeSet<String>,
    /// References of image volumes, by the volume's name.
    pub(super) volumes: BTreeMap<String, String>,
    containers: BTreeMap<String, ContainerPatch>,
    init_containers: BTreeMap<String, ContainerPatch>,
}

impl Patch {
    /// What is changed in one container.
    pub(super) fn container(&mut self, kind: Option<ContainerKind>, name: &str) -> &mut ContainerPatch {
        let list = match kind {
            Some(ContainerKind::InitContainer) => &mut self.init_containers,
            _ => &mut self.containers,
        };
        list.entry(name.to_owned()).or_default()
    }

    /// Whether a field is taken away, which only a patch can do and an apply cannot.
    pub(super) fn removes(&self) -> bool {
        self.containers
            .values()
            .chain(self.init_containers.values())
            .any(|container| container.security_context.values().any(Value::is_null))
    }

    fn pod_spec(&self) -> Value {
        let mut spec = Map::new();
        for (key, list) in [("containers", &self.containers), ("initContainers", &self.init_containers)] {
            if !list.is_empty() {
                spec.insert(key.to_owned(), list.iter().map(|(name, patch)| patch.document(name)).collect());
            }
        }
        if !self.volumes.is_empty() {
            let volumes =
                self.volumes.iter().map(|(name, reference)| json!({"name": name, "image": {"reference": reference}}));
            spec.insert("volumes".to_owned(), volumes.collect());
        }
        Value::Object(spec)
    }
}

/// What is changed in one container.
#[derive(Clone, Debug, Default)]
pub(super) struct ContainerPatch {
    /// The image it gets.
    pub(super) image: Option<String>,
    security_context: Map<String, Value>,
}

impl ContainerPatch {
    /// Mends the security context. What the API refuses beside `allowPrivilegeEscalation: false` goes with it, whether or
    /// not it is a finding.
    pub(super) fn mend(&mut self, reasons: &[Reason], privileges: &Privileges) {
        let has = |reason| reasons.contains(&reason);
        let flag = has(Reason::AllowPrivilegeEscalation) || has(Reason::Unset);
        // On Windows the API refuses each of these fields, whatever its value.
        let written = |value: Value| if privileges.windows { Value::Null } else { value };
        if flag {
            self.security_context.insert("allowPrivilegeEscalation".to_owned(), written(json!(false)));
        }
        if has(Reason::Privileged) || (flag && privileges.privileged) {
            self.security_context.insert("privileged".to_owned(), written(json!(false)));
        }
        let powerful = |capability: &&String| {
            let upper = capability.to_ascii_uppercase();
            let name = upper.strip_prefix("CAP_").unwrap_or(&upper);
            let found = has(Reason::SysAdmin) && matches!(name, "SYS_ADMIN" | "ALL");
            found || (flag && capability.as_str() == "CAP_SYS_ADMIN")
        };
        if privileges.added_capabilities.iter().any(|capability| powerful(&capability)) {
            let kept: Vec<&String> =
                privileges.added_capabilities.iter().filter(|capability| !powerful(capability)).collect();
            let add = if privileges.windows { Value::Null } else { json!({"add": kept}) };
            self.security_context.insert("capabilities".to_owned(), add);
        }
    }

    fn document(&self, name: &str) -> Value {
        let mut container = Map::new();
        container.insert("name".to_owned(), json!(name));
        if let Some(image) = &self.image {
            container.insert("image".to_owned(), json!(image));
        }
        if !self.security_context.is_empty() {
            container.insert("securityContext".to_owned(), Value::Object(self.security_context.clone()));
        }
        Value::Object(container)
    }
}
