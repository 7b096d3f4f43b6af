use serde_json::Value;

use crate::container_walk::containers;
use crate::finding::Owner;
use crate::kind::{Kind, Object};
use crate::object::{Metadata, NodeClass, Workload};

/// The kinds that may show that something enforces network policies.
pub(super) const KINDS: [Kind; 4] = [Kind::VpcCniAddon, Kind::DaemonSet, Kind::VpcCniConfigMap, Kind::NodeClass];

/// The flag of the VPC CNI's network policy agent.
const AGENT_FLAG: &str = "--enable-network-policy";

/// The key of the ConfigMap that starts the network policy controller of the cluster.
const CONTROLLER_KEY: &str = "enable-network-policy-controller";

/// The add-on's setting.
const ADDON_KEY: &str = "enableNetworkPolicy";

/// The settings of a node class with which its nodes enforce policies; absent is the first.
const ENFORCING_NODE_CLASS: [&str; 3] = ["", "DefaultAllow", "DefaultDeny"];

/// What was seen that enforces network policies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Evidence {
    addon: bool,
    agent: bool,
    controller: bool,
    node_class: bool,
    other_cni: bool,
    unreadable_addon: bool,
    forbidden: Vec<Kind>,
}

impl Evidence {
    /// Observes an object that may be evidence.
    pub(super) fn observe(&mut self, object: Object<'_>) {
        match object {
            Object::VpcCniAddon(values) => match addon_enables(values) {
                Some(enables) => self.addon |= enables,
                None => self.unreadable_addon = true,
            },
            Object::DaemonSet(daemon_set) => match daemon_set.metadata.name.as_str() {
                "cilium" | "calico-node" => self.other_cni = true,
                "aws-node" => self.agent |= runs_agent(daemon_set),
                _ => {}
            },
            Object::VpcCniConfigMap(settings) if names(&settings.metadata, Kind::VpcCniConfigMap.single()) => {
                self.controller |= settings.data.get(CONTROLLER_KEY).is_some_and(|value| value == "true");
            }
            Object::NodeClass(class) => self.node_class |= enforces(class),
            _ => {}
        }
    }

    /// Takes note of a kind that may not be read.
    pub(super) fn forbid(&mut self, kind: Kind) {
        self.forbidden.push(kind);
    }

    /// Whether the VPC CNI enforces: by its agent, which the add-on or a manifest started, or in EKS Auto Mode.
    fn vpc_cni(&self) -> bool {
        self.addon || self.agent || (self.controller && self.node_class)
    }

    /// Whether anything enforces network policies.
    pub(super) fn enforced(&self) -> bool {
        self.vpc_cni() || self.other_cni
    }

    /// Whether only the VPC CNI does, which leaves Windows nodes out.
    pub(super) fn only_vpc_cni(&self) -> bool {
        self.vpc_cni() && !self.other_cni
    }

    /// What to tell where nothing is known to enforce.
    pub(super) fn missing(&self) -> String {
        if self.forbidden.is_empty() {
            return "not enforced: no VPC CNI policy agent, Cilium or Calico found".to_owned();
        }
        let kinds: Vec<String> = self.forbidden.iter().map(|kind| kind.resource()).collect();
        format!("enforcement unknown: {} may not be read", kinds.join(", "))
    }

    /// What to tell of an add-on whose configuration could not be read.
    pub(super) fn note(&self) -> Option<String> {
        (self.unreadable_addon && !self.enforced())
            .then(|| format!("the vpc-cni add-on's configuration is not JSON and sets no {ADDON_KEY} that can be read"))
    }
}

/// Whether the add-on's configuration values switch network policies on; none where they cannot be read. They are JSON
/// or YAML. Of YAML only a plain line at the margin is read, which can stand for nothing but a key of the top level.
fn addon_enables(values: &str) -> Option<bool> {
    if values.trim().is_empty() {
        return Some(false);
    }
    match serde_json::from_str::<Value>(values) {
        Ok(Value::Object(settings)) => Some(match settings.get(ADDON_KEY) {
            Some(Value::Bool(enables)) => *enables,
            Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
            _ => false,
        }),
        _ => values.lines().find_map(|line| {
            let value = line.strip_prefix(ADDON_KEY)?.trim_start().strip_prefix(':')?;
            let value = value.split(" #").next()?.trim().trim_matches(['"', '\'']);
            Some(value.eq_ignore_ascii_case("true"))
        }),
    }
}

/// Whether a container of the DaemonSet is the network policy agent and started so that it enforces.
fn runs_agent(daemon_set: &Workload) -> bool {
    let owner = Owner::new("DaemonSet", &daemon_set.metadata.name);
    let pod = daemon_set.spec.template.clone().into_pod(&daemon_set.metadata.namespace, &owner);
    containers(&pod).any(|walked| {
        let mut flags = walked.container.args.iter().filter_map(|argument| argument.strip_prefix(AGENT_FLAG));
        // Of a flag that is given several times the last counts; alone it means true.
        let value = flags.rfind(|value| value.is_empty() || value.starts_with('='));
        matches!(value, Some("" | "=true" | "=True" | "=TRUE" | "=t" | "=T" | "=1"))
    })
}

/// Whether the object is the one that is read of its kind.
fn names(metadata: &Metadata, single: Option<(&str, &str)>) -> bool {
    single == Some((&metadata.namespace, &metadata.name))
}

fn enforces(class: &NodeClass) -> bool {
    ENFORCING_NODE_CLASS.contains(&class.spec.network_policy.as_str())
}
