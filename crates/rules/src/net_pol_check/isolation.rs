use serde_json::{Map, Value};

use super::calico_selector::{self, Labels};
use super::selector::Selector;
use crate::finding::OpenPolicy;
use crate::object::{CalicoPolicy, CiliumPolicy, CiliumRule, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort};

/// The tiers of Calico into which it puts the policies of cluster administrators; what they pass on is not denied.
const CALICO_ADMIN_TIERS: [&str; 4] =
    ["kube-admin", "kube-baseline", "adminnetworkpolicy", "baselineadminnetworkpolicy"];

/// Cilium's names for everything, or for everything outside of the cluster.
const CILIUM_EVERYTHING: [&str; 4] = ["all", "world", "world-ipv4", "world-ipv6"];

/// Fields of a Calico rule that do not narrow it.
const CALICO_UNCONDITIONAL: [&str; 2] = ["action", "metadata"];

/// Something that holds or does not for each direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Directions {
    /// Into the pods.
    pub(super) ingress: bool,
    /// Out of them.
    pub(super) egress: bool,
}

impl Directions {
    /// Whether it holds for any direction.
    pub(super) fn any(self) -> bool {
        self.ingress || self.egress
    }

    /// Those that are in both.
    pub(super) fn and(self, other: Self) -> Self {
        Self { ingress: self.ingress && other.ingress, egress: self.egress && other.egress }
    }

    /// Those that are not in the other.
    pub(super) fn and_not(self, other: Self) -> Self {
        Self { ingress: self.ingress && !other.ingress, egress: self.egress && !other.egress }
    }

    /// Adds those of another.
    pub(super) fn add(&mut self, other: Self) {
        self.ingress |= other.ingress;
        self.egress |= other.egress;
    }
}

/// What a policy of any kind does to the pods that it selects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Isolation {
    /// The pods.
    pub(super) selector: Selector,
    /// Whether it isolates any direction at all.
    pub(super) isolates: bool,
    /// The directions in which it lets nothing through by itself.
    pub(super) denies: Directions,
    /// The directions in which it lets everything through.
    pub(super) allows_all: Directions,
    /// The directions in which it does nothing else: each of its rules lets everything through.
    pub(super) only_allows_all: Directions,
    /// Kind and name, where it lets everything through.
    pub(super) open: Option<OpenPolicy>,
}

/// A core policy, or one of the same shape.
pub(super) fn of_core(policy: &NetworkPolicy) -> Isolation {
    let spec = &policy.spec;
    let types = &spec.policy_types;
    let isolated = if types.is_empty() {
        Directions { ingress: true, egress: !spec.egress.is_empty() }
    } else {
        let names = |direction: &str| types.iter().any(|name| name == direction);
        Directions { ingress: names("Ingress"), egress: names("Egress") }
    };
    let open = |ports: &[NetworkPolicyPort], peers: &[NetworkPolicyPeer]| ports.is_empty() && everyone(peers);
    Isolation {
        selector: Selector::of_pods(&spec.pod_selector),
        isolates: true,
        denies: Directions {
            ingress: isolated.ingress && spec.ingress.is_empty(),
            egress: isolated.egress && spec.egress.is_empty(),
        },
        allows_all: Directions {
            ingress: isolated.ingress && spec.ingress.iter().any(|rule| open(&rule.ports, &rule.from)),
            egress: isolated.egress && spec.egress.iter().any(|rule| open(&rule.ports, &rule.to)),
        },
        only_allows_all: Directions {
            ingress: isolated.ingress && spec.ingress.iter().all(|rule| open(&rule.ports, &rule.from)),
            egress: isolated.egress && spec.egress.iter().all(|rule| open(&rule.ports, &rule.to)),
        },
        open: None,
    }
}

/// Whether the peers leave nobody out: there are none, or a whole address family is among them.
fn everyone(peers: &[NetworkPolicyPeer]) -> bool {
    peers.is_empty()
        || peers.iter().filter_map(|peer| peer.ip_block.as_ref()).any(|block| {
            let except = block.except.is_empty();
            except && every_address(&block.cidr)
        })
}

/// Whether a range is a whole address family: its prefix has no bits, whatever stands before.
fn every_address(cidr: &str) -> bool {
    cidr.split_once('/').is_some_and(|(_, bits)| bits.trim().parse() == Ok(0_u8))
}

/// The parts of a Cilium policy that concern pods. A policy about nodes has none.
pub(super) fn of_cilium(policy: &CiliumPolicy, clusterwide: bool) -> Vec<Isolation> {
    policy.spec.iter().chain(&policy.specs).filter_map(|rule| of_cilium_rule(rule, clusterwide)).collect()
}

fn of_cilium_rule(rule: &CiliumRule, clusterwide: bool) -> Option<Isolation> {
    let selector = Selector::of_cilium_endpoints(rule.endpoint_selector.as_ref()?, clusterwide);
    let isolated = Directions {
        ingress: rule.enable_default_deny.ingress.unwrap_or(!rule.ingress.is_empty() || !rule.ingress_deny.is_empty()),
        egress: rule.enable_default_deny.egress.unwrap_or(!rule.egress.is_empty() || !rule.egress_deny.is_empty()),
    };
    let allows_nothing = |rules: &[Map<String, Value>]| rules.iter().all(|rule| rule.values().all(empty));
    Some(Isolation {
        selector,
        isolates: isolated.any(),
        denies: Directions {
            ingress: isolated.ingress && allows_nothing(&rule.ingress),
            egress: isolated.egress && allows_nothing(&rule.egress),
        },
        allows_all: Directions {
            ingress: rule.ingress.iter().any(|rule| cilium_allows_all(rule, "from")),
            egress: rule.egress.iter().any(|rule| cilium_allows_all(rule, "to")),
        },
        only_allows_all: Directions::default(),
        open: None,
    })
}

/// Whether an allow rule of Cilium leaves nobody out, or nobody outside of the cluster, on every port. Peers of one
/// rule add up; ports and protocols narrow it.
fn cilium_allows_all(rule: &Map<String, Value>, direction: &str) -> bool {
    let list =
        |name: &str| rule.get(&format!("{direction}{name}")).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let narrowed = ["toPorts", "icmps"].into_iter().any(|name| rule.get(name).is_some_and(|value| !empty(value)));
    let named = |entity: &Value| entity.as_str().is_some_and(|entity| CILIUM_EVERYTHING.contains(&entity));
    let range = |cidr: &Value| cidr.as_str().is_some_and(every_address);
    let range_of_set = |set: &Value| set.get("except").is_none_or(empty) && set.get("cidr").is_some_and(range);
    !narrowed
        && (list("Entities").iter().any(named)
            || list("CIDR").iter().any(range)
            || list("CIDRSet").iter().any(range_of_set))
}

/// A Calico policy; none where it acts on host endpoints only.
///
/// # Errors
/// A policy that is not understood, with why.
pub(super) fn of_calico(policy: &CalicoPolicy, global: bool) -> Result<Option<Isolation>, String> {
    let spec = &policy.spec;
    if spec.do_not_track || spec.pre_dnat {
        return Ok(None);
    }
    if CALICO_ADMIN_TIERS.contains(&spec.tier.as_str()) {
        return Err(format!("tier {}", spec.tier));
    }
    let selector = |field: &str, text: &str, labels| {
        calico_selector::parse(text, labels).map_err(|cause| format!("{field}: {cause}"))
    };
    let namespaces = if global { spec.namespace_selector.as_str() } else { "" };
    let accounts = if matches!(spec.service_account_selector.trim(), "" | "all()") {
        Selector::All
    } else {
        Selector::Undecidable
    };
    let rules_decide = spec.types.is_empty();
    let names = |direction: &str| spec.types.iter().any(|name| name == direction);
    let isolated = Directions {
        ingress: if rules_decide { !spec.ingress.is_empty() || spec.egress.is_empty() } else { names("Ingress") },
        egress: if rules_decide { !spec.egress.is_empty() } else { names("Egress") },
    };
    Ok(Some(Isolation {
        selector: Selector::and([
            selector("namespaceSelector", namespaces, Labels::OfNamespaces)?,
            selector("selector", &spec.selector, Labels::OfPods)?,
            accounts,
        ]),
        isolates: true,
        denies: Directions {
            ingress: isolated.ingress && spec.ingress.iter().all(calico_lets_nothing_through),
            egress: isolated.egress && spec.egress.iter().all(calico_lets_nothing_through),
        },
        allows_all: Directions {
            ingress: isolated.ingress && spec.ingress.iter().any(|rule| calico_allows_all(rule, "source")),
            egress: isolated.egress && spec.egress.iter().any(|rule| calico_allows_all(rule, "destination")),
        },
        only_allows_all: Directions::default(),
        open: None,
    }))
}

fn calico_action(rule: &Map<String, Value>) -> &str {
    rule.get("action").and_then(Value::as_str).unwrap_or_default()
}

/// Whether a Calico rule denies or only writes to a log.
fn calico_lets_nothing_through(rule: &Map<String, Value>) -> bool {
    ["deny", "log"].iter().any(|action| calico_action(rule).eq_ignore_ascii_case(action))
}

/// Whether a Calico rule allows without a condition, but for a range of every address as the far end.
fn calico_allows_all(rule: &Map<String, Value>, far_end: &str) -> bool {
    let whole_range = |value: &Value| {
        value.as_object().is_some_and(|fields| {
            fields.iter().all(|(name, value)| {
                let nets = name == "nets"
                    && value
                        .as_array()
                        .is_some_and(|nets| nets.iter().any(|net| net.as_str().is_some_and(every_address)));
                nets || empty(value)
            })
        })
    };
    calico_action(rule).eq_ignore_ascii_case("allow")
        && rule.iter().all(|(name, value)| {
            CALICO_UNCONDITIONAL.contains(&name.as_str()) || empty(value) || (name == far_end && whole_range(value))
        })
}

/// Whether a JSON value says nothing.
fn empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.values().all(empty),
        Value::Bool(_) | Value::Number(_) => false,
    }
}
