//! # privEscalation
//!
//! No running container may gain more privileges than its parent.
//!
//! ## Reads
//! Pods: the security context of every container (init, regular, ephemeral) and `spec.os.name`.
//!
//! ## Non-compliant when
//! Under `effective`: `allowPrivilegeEscalation` is true or unset, or the container is privileged, or it adds SYS_ADMIN
//! (alone or with ALL) and does not drop it by name. Under `restricted`: the field is true or unset. Under `explicit`:
//! the field is true; how many leave it unset is told. Pods of `spec.os.name: windows` cannot set it, so unset is no
//! finding there, and under `restricted` neither is true.
//!
//! ## Not judged
//! Finished pods, unless `includeFinishedPods` is true; pods of excluded namespaces. Both are counted.
//!
//! ## Parameters
//! `reading`: `effective` (default), `restricted`, `explicit`.
//!
//! ## Why
//! Without `no_new_privs` a process gains the powers of any set-uid program in its image. The field defaults to that.
//!
//! ## Differs from
//! - CIS EKS 4.2.5, Prowler (`core_minimize_allowPrivilegeEscalation_containers`) and the older Python sample look for a
//!   written true only, which is `explicit`: they pass the default, by which the container may escalate.
//! - Pod Security Standards (Restricted) ask for a written false and leave privileged and SYS_ADMIN to other controls,
//!   which is `restricted`; so do Kyverno's `disallow-privilege-escalation`, Polaris's `privilegeEscalationAllowed`,
//!   Trivy's KSV001 and kubeaudit's `privesc`. Here a privileged container and SYS_ADMIN are findings of this rule too,
//!   since the API says of both that escalation is always allowed.
//! - Several of them see regular containers only. Here init containers, sidecars and ephemeral containers count.
//!
//! ## Reference
//! core/v1 `SecurityContext.allowPrivilegeEscalation`: "always true when the container is run as privileged, or has
//! CAP_SYS_ADMIN". Pod Security Standards, Restricted.

use crate::container_walk::containers;
use crate::finding::{ContainerFindings, ContainerKind, Finding, Found, Privileges, Reason};
use crate::kind::{Kind, Need, Read};
use crate::object::{Capabilities, Container, Pod};
use crate::parameters::{ParameterError, RuleParameters};
use crate::rule::{Context, Counts, Fold, Verdict, counted};

/// The rule's own parameters.
pub(crate) const PARAMETERS: &[&str] = &["reading"];

/// How the rule reads a security context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// What the kernel and the kubelet make of it.
    Effective,
    /// Pod Security Standards, Restricted, from version 1.25 on.
    Restricted,
    /// CIS EKS 4.2.5: only an explicit true.
    Explicit,
}

/// The parameters of privEscalation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parameters {
    reading: Reading,
}

impl Parameters {
    pub(crate) fn take(parameters: &mut RuleParameters) -> Result<Self, ParameterError> {
        let readings =
            [("effective", Reading::Effective), ("restricted", Reading::Restricted), ("explicit", Reading::Explicit)];
        Ok(Self { reading: parameters.one_of("reading", &readings, Reading::Effective)? })
    }

    /// How security contexts are read.
    pub(crate) const fn reading(self) -> Reading {
        self.reading
    }

    pub(crate) fn start(self) -> PrivEscalation {
        PrivEscalation {
            reading: self.reading,
            findings: ContainerFindings::default(),
            escalating: 0,
            exempted: 0,
            unset: 0,
        }
    }
}

/// The judgement of privEscalation, under way.
pub(crate) struct PrivEscalation {
    reading: Reading,
    findings: ContainerFindings,
    /// Containers found, over all pods.
    escalating: u64,
    /// Containers that would be found without an exemption, over all pods.
    exempted: u64,
    /// Containers that leave the field unset although `explicit` lets it pass.
    unset: u64,
}

impl Fold for PrivEscalation {
    fn reads(&self) -> Vec<Read> {
        vec![Read { kind: Kind::Pod, need: Need::Required }]
    }

    fn pod(&mut self, pod: &Pod, context: &mut Context) {
        let windows = pod.windows();
        for walked in containers(pod) {
            let reasons = reasons(self.reading, walked.container, windows);
            if reasons.is_empty() {
                // Only `explicit` lets it pass that a Linux container leaves the field unset.
                self.unset += u64::from(!windows && flag(walked.container).is_none());
            } else if context.exempts_container(pod, &walked.container.name) {
                self.exempted += 1;
            } else {
                self.escalating += 1;
                let privileges = Some(privileges(walked.container, windows));
                let found = Found { reasons: &reasons, privileges, ..Found::default() };
                self.findings.add(pod, walked.kind, &walked.container.name, found);
            }
        }
    }

    fn finish(self: Box<Self>, counts: &Counts, _context: &mut Context) -> Verdict {
        Verdict { headline: self.headline(counts), findings: self.findings.into_findings(advice) }
    }
}

impl PrivEscalation {
    fn headline(&self, counts: &Counts) -> String {
        let containers = counted(counts.containers, "container");
        if self.escalating > 0 {
            let (found, subjects) = (self.escalating, counted(self.findings.len(), "subject"));
            let escalate = self.wrong(if self.escalating == 1 { "sets" } else { "set" });
            return format!("{found} of {containers} {escalate}{}, in {subjects}", self.left_unset());
        }
        let judged = format!("{} in {}", counted(counts.pods, "pod"), counted(counts.namespaces, "namespace"));
        let escalates = self.wrong("sets");
        let exempted = if self.exempted > 0 { " without an exemption" } else { "" };
        format!("{containers} of {judged}: none {escalates}{exempted}{}", self.left_unset())
    }

    /// What is wrong with a container in this reading. Other readings than the default say so, or what they look at.
    fn wrong(&self, sets: &str) -> String {
        match self.reading {
            Reading::Effective => "may escalate privileges".to_owned(),
            Reading::Restricted => "may escalate privileges (restricted)".to_owned(),
            Reading::Explicit => format!("{sets} allowPrivilegeEscalation: true"),
        }
    }

    fn left_unset(&self) -> String {
        match self.unset {
            0 => String::new(),
            1 => " (1 leaves it unset)".to_owned(),
            unset => format!(" ({unset} leave it unset)"),
        }
    }
}

/// All reasons against one container, in their order.
fn reasons(reading: Reading, container: &Container, windows: bool) -> Vec<Reason> {
    let flag = flag(container);
    let context = container.security_context.as_ref();
    let effective = reading == Reading::Effective;
    let privileged = context.and_then(|context| context.privileged).unwrap_or(false);
    let capabilities = context.and_then(|context| context.capabilities.as_ref());
    [
        (Reason::AllowPrivilegeEscalation, flag == Some(true) && !(windows && reading == Reading::Restricted)),
        (Reason::Privileged, effective && privileged),
        (Reason::SysAdmin, effective && capabilities.is_some_and(adds_sys_admin)),
        (Reason::Unset, flag.is_none() && !windows && reading != Reading::Explicit),
    ]
    .into_iter()
    .filter_map(|(reason, found)| found.then_some(reason))
    .collect()
}

fn flag(container: &Container) -> Option<bool> {
    container.security_context.as_ref().and_then(|context| context.allow_privilege_escalation)
}

fn privileges(container: &Container, windows: bool) -> Privileges {
    let context = container.security_context.as_ref();
    let capabilities = context.and_then(|context| context.capabilities.as_ref());
    Privileges {
        windows,
        privileged: context.and_then(|context| context.privileged).unwrap_or(false),
        added_capabilities: capabilities.map(|capabilities| capabilities.add.clone()).unwrap_or_default(),
        capabilities_differ: false,
    }
}

/// Whether SYS_ADMIN is in the container's set: added (alone or with ALL) and not itself dropped. Container runtimes
/// take single drops from an added ALL, and apply single adds after a dropped ALL.
fn adds_sys_admin(capabilities: &Capabilities) -> bool {
    let names = |list: &[String], wanted: &[&str]| {
        list.iter().any(|capability| {
            let upper = capability.to_ascii_uppercase();
            wanted.contains(&upper.strip_prefix("CAP_").unwrap_or(&upper))
        })
    };
    names(&capabilities.add, &["SYS_ADMIN", "ALL"]) && !names(&capabilities.drop, &["SYS_ADMIN"])
}

fn advice(finding: &Finding) -> String {
    if finding.container_kind == Some(ContainerKind::EphemeralContainer) {
        return "An ephemeral container cannot be changed: delete the pod once debugging is over, and debug with kubectl debug \
                --profile=restricted."
            .to_owned();
    }
    let has = |reason| finding.reasons.contains(&reason);
    let steps: Vec<&str> = [
        (
            has(Reason::AllowPrivilegeEscalation) || has(Reason::Unset),
            "set securityContext.allowPrivilegeEscalation: false",
        ),
        (has(Reason::Privileged), "set securityContext.privileged: false"),
        (has(Reason::SysAdmin), "take SYS_ADMIN and ALL out of securityContext.capabilities.add"),
    ]
    .into_iter()
    .filter_map(|(needed, step)| needed.then_some(step))
    .collect();
    let place = if finding.mirror == Some(true) { "static pod's manifest on its node" } else { "container" };
    format!("In the {place}, {}.", steps.join(", and "))
}
