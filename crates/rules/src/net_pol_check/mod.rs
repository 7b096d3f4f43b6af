//! # netPolCheck
//!
//! Every namespace has a network policy.
//!
//! ## Reads
//! Namespaces; core network policies; those of Cilium, Calico and the VPC CNI, where they are served; pods; and what
//! shows that something enforces them: the vpc-cni add-on, DaemonSets, the ConfigMap kube-system/amazon-vpc-cni, node
//! classes of EKS Auto Mode.
//!
//! ## Non-compliant when
//! Under `any`: no policy is in the namespace or provably selects it. Under `covered`: that, or a coverable pod that no
//! policy selects. Under the default-deny rungs: that, or no policy for every pod denies the direction, or one allows
//! everything in it. With `enforcement=require`: nothing enforces policies.
//!
//! ## Not judged
//! Excluded namespaces; namespaces that are terminating and empty, or new and without running pods; finished pods.
//! Pods on the host's network cannot be covered. All are counted.
//!
//! ## Parameters
//! `requires`: `any` (default), `covered`, `default-deny-ingress`, `default-deny-egress`, `default-deny`.
//! `graceSeconds`: 0 to 3600. `cniPolicies`: `count` (default), `ignore`. `enforcement`: `report` (default), `require`,
//! `ignore`.
//!
//! ## Why
//! Without a policy every pod may talk to every other, and to the network around the cluster.
//!
//! ## Differs from
//! - CIS EKS 4.3.2 asks for a policy object (`any`), whether or not it selects a pod and something enforces it.
//! - kubeaudit's `netpols` asks for a default-deny of both directions in every namespace, which is `default-deny`, and
//!   knows core policies only. Polaris's `missingNetworkPolicy` asks per workload, which is `covered`.
//! - Trivy judges the policies that are there and not the namespaces that have none; Kyverno's policies make a
//!   default-deny for new namespaces; Prowler looks at the cluster from outside; Pod Security Standards say nothing of
//!   networks.
//! - Cilium's and Calico's policies count here, with their own meaning: an empty rule list, which denies in a core
//!   policy, does nothing in Cilium's. None of the tools above asks whether anything enforces the policies.
//!
//! ## Reference
//! networking.k8s.io/v1 `NetworkPolicySpec`. cilium.io/v2 `Rule.enableDefaultDeny`. Calico's policy reference and its
//! selector language. Amazon EKS User Guide, "Limit pod traffic with Kubernetes network policies".

mod calico_selector;
mod clusterwide;
mod evidence;
mod isolation;
mod namespace;
mod selector;
mod uncounted;
mod wording;
mod workloads;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use self::clusterwide::Clusterwide;
use self::evidence::Evidence;
use self::isolation::{Directions, Isolation};
use self::namespace::{Judgement, Memory, NamespaceState};
use self::uncounted::Uncounted;
use self::wording::Numbers;
use crate::finding::{Finding, OpenPolicy, Reason};
use crate::kind::{Kind, Need, Object, Read};
use crate::object::{CalicoPolicy, CiliumPolicy, Metadata, Namespace, Pod};
use crate::parameters::{ParameterError, RuleParameters};
use crate::rule::{Context, Counts, Fold, Scene, Source, Verdict};

/// The rule's own parameters.
pub(crate) const PARAMETERS: &[&str] = &["requires", "graceSeconds", "cniPolicies", "enforcement"];

/// The kinds of policy that are not of the core API.
const CNI_KINDS: [Kind; 7] = [
    Kind::CiliumNetworkPolicy,
    Kind::CiliumClusterwideNetworkPolicy,
    Kind::CalicoNetworkPolicy,
    Kind::CalicoGlobalNetworkPolicy,
    Kind::CalicoStoredNetworkPolicy,
    Kind::CalicoStoredGlobalNetworkPolicy,
    Kind::ApplicationNetworkPolicy,
];

/// The kinds of policy that isolate nothing and are only named.
const UNCOUNTED_KINDS: [Kind; 4] = [
    Kind::AwsClusterNetworkPolicy,
    Kind::AdminNetworkPolicy,
    Kind::BaselineAdminNetworkPolicy,
    Kind::ClusterNetworkPolicy,
];

/// What a namespace must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Requires {
    /// A policy.
    Any,
    /// A policy, and one for each coverable pod.
    Covered,
    /// A policy, and nothing let through by default in these directions.
    DefaultDeny(Directions),
}

/// What is made of the question whether anything enforces policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Enforcement {
    Report,
    Require,
    Ignore,
}

/// The parameters of netPolCheck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parameters {
    requires: Requires,
    /// None leaves it to the scene.
    grace_seconds: Option<u32>,
    count_cni_policies: bool,
    enforcement: Enforcement,
}

impl Parameters {
    pub(crate) fn take(parameters: &mut RuleParameters) -> Result<Self, ParameterError> {
        let deny = |ingress, egress| Requires::DefaultDeny(Directions { ingress, egress });
        let rungs = [
            ("any", Requires::Any),
            ("covered", Requires::Covered),
            ("default-deny-ingress", deny(true, false)),
            ("default-deny-egress", deny(false, true)),
            ("default-deny", deny(true, true)),
        ];
        let enforcements =
            [("report", Enforcement::Report), ("require", Enforcement::Require), ("ignore", Enforcement::Ignore)];
        let grace_given = parameters.names().any(|name| name == "graceSeconds");
        let grace_seconds = parameters.integer("graceSeconds", 0..=3600, 0)?;
        Ok(Self {
            requires: parameters.one_of("requires", &rungs, Requires::Any)?,
            grace_seconds: grace_given.then_some(grace_seconds),
            count_cni_policies: parameters.one_of("cniPolicies", &[("count", true), ("ignore", false)], true)?,
            enforcement: parameters.one_of("enforcement", &enforcements, Enforcement::Report)?,
        })
    }

    pub(crate) fn start(self, scene: &Scene) -> Result<NetPolCheck, ParameterError> {
        let mut own = self;
        if scene.source == Source::Manifests {
            if own.enforcement == Enforcement::Require {
                return Err(ParameterError::new(
                    "enforcement",
                    "require",
                    "report, ignore: manifests do not show what enforces policies",
                ));
            }
            own.enforcement = Enforcement::Ignore;
        }
        Ok(NetPolCheck {
            own,
            memory: match own.requires {
                Requires::Any => Memory::Labels { policies_first: scene.source == Source::Cluster },
                Requires::Covered => Memory::Workloads,
                Requires::DefaultDeny(_) => Memory::Nothing,
            },
            now: scene.now,
            grace_seconds: own.grace_seconds.unwrap_or(scene.default_grace_seconds),
            namespaces: BTreeMap::new(),
            clusterwide: Vec::new(),
            evidence: Evidence::default(),
            uncounted: Uncounted::default(),
            fargate_pods: 0,
            windows_pods: 0,
        })
    }
}

/// The judgement of netPolCheck, under way.
pub(crate) struct NetPolCheck {
    own: Parameters,
    memory: Memory,
    now: Timestamp,
    grace_seconds: u32,
    namespaces: BTreeMap<Box<str>, NamespaceState>,
    clusterwide: Vec<Clusterwide>,
    evidence: Evidence,
    uncounted: Uncounted,
    fargate_pods: u64,
    windows_pods: u64,
}

impl Fold for NetPolCheck {
    fn reads(&self) -> Vec<Read> {
        let read = |need| move |kind| Read { kind, need };
        let hidden_allowance = match self.own.requires {
            Requires::Any | Requires::Covered => Need::IfReadable,
            Requires::DefaultDeny(_) => Need::IfServed,
        };
        let mut reads = [Kind::Namespace, Kind::NetworkPolicy].map(read(Need::Required)).to_vec();
        if self.own.count_cni_policies {
            reads.extend(CNI_KINDS.map(read(hidden_allowance)));
            reads.extend(UNCOUNTED_KINDS.map(read(Need::IfReadable)));
        }
        match self.own.enforcement {
            Enforcement::Report => reads.extend(evidence::KINDS.map(read(Need::IfReadable))),
            Enforcement::Require => reads.extend(evidence::KINDS.map(read(Need::IfServed))),
            Enforcement::Ignore => {}
        }
        reads.push(Read { kind: Kind::Pod, need: Need::Required });
        reads
    }

    fn namespace(&mut self, namespace: &Namespace) {
        self.state(&namespace.metadata.name).declare(namespace);
    }

    fn pod(&mut self, pod: &Pod, _context: &mut Context) {
        self.fargate_pods += u64::from(pod.spec.node_name.starts_with("fargate-"));
        self.windows_pods += u64::from(pod.windows());
        let namespace = pod.metadata.namespace.as_str();
        match self.namespaces.get_mut(namespace) {
            Some(state) => state.observe(pod, &self.clusterwide, self.memory),
            None => {
                let state = self.namespaces.entry(namespace.into()).or_default();
                state.observe(pod, &self.clusterwide, self.memory);
            }
        }
    }

    fn object(&mut self, object: Object<'_>) {
        match object {
            Object::NetworkPolicy(policy) => {
                self.add("NetworkPolicy", &policy.metadata, false, isolation::of_core(policy));
            }
            Object::ApplicationNetworkPolicy(policy) => {
                self.add("ApplicationNetworkPolicy", &policy.metadata, false, isolation::of_core(policy));
            }
            Object::CiliumNetworkPolicy(policy) => self.add_cilium("CiliumNetworkPolicy", policy, false),
            Object::CiliumClusterwideNetworkPolicy(policy) => {
                self.add_cilium("CiliumClusterwideNetworkPolicy", policy, true);
            }
            Object::CalicoNetworkPolicy(policy) => self.add_calico("Calico NetworkPolicy", policy, false),
            Object::CalicoGlobalNetworkPolicy(policy) => self.add_calico("Calico GlobalNetworkPolicy", policy, true),
            Object::Uncounted(kind, policy) => {
                self.uncounted.add(kind.name(), &policy.metadata, "isolates nothing, not counted".to_owned());
            }
            _ => self.evidence.observe(object),
        }
    }

    fn forbidden(&mut self, kind: Kind, context: &mut Context) {
        if evidence::KINDS.contains(&kind) {
            self.evidence.forbid(kind);
        } else {
            context.note(format!("{} may not be listed: not counted", kind.resource()));
        }
    }

    fn finish(mut self: Box<Self>, counts: &Counts, context: &mut Context) -> Verdict {
        let not_enforced = self.judge_enforcement(context);
        let mut findings: Vec<Finding> = Vec::new();
        let (mut skipped, mut exempted, mut host_network) = (0, 0, 0);
        let mut idle = BTreeSet::new();
        for (name, state) in &self.namespaces {
            if state.skipped(self.now, self.grace_seconds) {
                skipped += 1;
                continue;
            }
            host_network += state.host_network;
            let judgement = state.judge(name, self.own.requires, &self.clusterwide);
            if judgement.idle_policies {
                idle.insert(name.to_string());
            }
            if judgement.reasons.is_empty() {
                continue;
            }
            if context.exempts_namespace(name) {
                exempted += 1;
            } else {
                findings.push(finding(name, judgement));
            }
        }
        let numbers = Numbers {
            namespaces: counts.namespaces.saturating_sub(skipped),
            pods: counts.pods,
            found: findings.len() as u64,
            exempted,
            not_enforced: not_enforced.is_some(),
        };
        let headline = wording::headline(self.own.requires, numbers);
        findings.splice(0..0, not_enforced);
        context.skip_namespaces(skipped);
        self.note_unselective_policies();
        let notes = [
            (skipped > 0).then(|| wording::skipped(skipped, self.grace_seconds)),
            (!idle.is_empty()).then(|| wording::idle(&idle)),
            (host_network > 0).then(|| wording::host_network(host_network)),
        ];
        notes.into_iter().flatten().chain(self.uncounted.notes()).for_each(|note| context.note(note));
        Verdict { findings, headline }
    }
}

impl NetPolCheck {
    fn state(&mut self, namespace: &str) -> &mut NamespaceState {
        self.namespaces.entry(namespace.into()).or_default()
    }

    fn add_cilium(&mut self, kind: &'static str, policy: &CiliumPolicy, clusterwide: bool) {
        let parts = isolation::of_cilium(policy, clusterwide);
        if !parts.iter().any(|part| part.isolates) {
            self.uncounted.add(kind, &policy.metadata, "isolates no pod, not counted".to_owned());
        }
        parts.into_iter().for_each(|part| self.add(kind, &policy.metadata, clusterwide, part));
    }

    fn add_calico(&mut self, kind: &'static str, policy: &CalicoPolicy, global: bool) {
        match isolation::of_calico(policy, global) {
            Ok(Some(part)) => self.add(kind, &policy.metadata, global, part),
            Ok(None) => {}
            Err(why) => self.uncounted.add(kind, &policy.metadata, format!("not counted ({why})")),
        }
    }

    fn add(&mut self, kind: &'static str, metadata: &Metadata, clusterwide: bool, isolation: Isolation) {
        if isolation.selector.undecidable() {
            let why = "selects by what is not known here, so that it covers no pod for certain";
            self.uncounted.add(kind, metadata, why.to_owned());
        }
        let name =
            isolation.allows_all.any().then(|| OpenPolicy { kind, name: metadata.name.clone(), only_open: Vec::new() });
        let isolation = Isolation { open: name, ..isolation };
        if clusterwide {
            self.clusterwide.push(Clusterwide { kind, metadata: metadata.clone(), isolation });
        } else {
            self.state(&metadata.namespace).add(isolation);
        }
    }

    /// Names the policies of the whole cluster that select none of the namespaces that were seen.
    fn note_unselective_policies(&mut self) {
        for policy in self.clusterwide.iter().filter(|policy| policy.isolation.isolates) {
            if !self.namespaces.iter().any(|(name, state)| state.is_selected_by(name, policy)) {
                self.uncounted.add(policy.kind, &policy.metadata, "selects no judged namespace for certain".to_owned());
            }
        }
    }

    /// Notes what is known of enforcement, and finds against the cluster where it is required and missing.
    fn judge_enforcement(&self, context: &mut Context) -> Option<Finding> {
        if self.own.enforcement == Enforcement::Ignore {
            return None;
        }
        self.evidence.note().into_iter().for_each(|note| context.note(note));
        if self.evidence.enforced() {
            let windows = if self.evidence.only_vpc_cni() { self.windows_pods } else { 0 };
            wording::beyond_enforcement(self.fargate_pods, windows).into_iter().for_each(|note| context.note(note));
            return None;
        }
        if self.own.enforcement == Enforcement::Require {
            return Some(Finding {
                reasons: vec![Reason::NotEnforced],
                advice: wording::ENFORCE.to_owned(),
                ..Finding::default()
            });
        }
        context.note_first(self.evidence.missing());
        None
    }
}

/// The finding of one namespace.
fn finding(namespace: &str, judgement: Judgement) -> Finding {
    let uncovered = judgement.reasons.contains(&Reason::UncoveredPods);
    Finding {
        namespace: Some(namespace.to_owned()),
        pods: uncovered.then(|| judgement.workloads.iter().map(|workload| workload.pods).sum()),
        advice: wording::advice(&judgement),
        workloads: uncovered.then_some(judgement.workloads),
        open_policies: judgement.open_policies,
        reasons: judgement.reasons,
        ..Finding::default()
    }
}
