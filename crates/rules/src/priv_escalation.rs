//! # privEscalation
//!
//! No running container may gain more privileges than its parent.
//!
//! ## Reads
//! Pods: the security context of every container (init, regular, ephemeral) and `spec.os.name`.
//!
//! ## Non-compliant when
//! Under `effective`: `allowPrivilegeEscalation` is true or unset, or the container is privileged, or it adds SYS_ADMIN.
//! Under `restricted`: the field is true or unset. Under `explicit`: the field is true. Windows pods cannot set it, so
//! unset is no finding there.
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
//! CIS EKS 4.2.5 and the older Python sample look for an explicit true only (`explicit`); Pod Security Standards do not
//! ask about privileged and SYS_ADMIN in this control (`restricted`).
//!
//! ## Reference
//! core/v1 `SecurityContext.allowPrivilegeEscalation`: "always true when the container is run as privileged, or has
//! CAP_SYS_ADMIN". Pod Security Standards, Restricted.

use crate::container_walk::containers;
use crate::finding::{ContainerFindings, Finding, Reason};
use crate::kind::{Kind, Need, Read};
use crate::object::{Capabilities, Container, Pod};
use crate::parameters::{ParameterError, RuleParameters};
use crate::rule::{Context, Counts, Fold, Verdict, counted};

/// The rule's own parameters.
pub(crate) const PARAMETERS: &[&str] = &["reading"];

/// How the rule reads a security context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
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

    pub(crate) fn start(self) -> PrivEscalation {
        PrivEscalation { reading: self.reading, findings: ContainerFindings::default(), escalating: 0, unset: 0 }
    }
}

/// The judgement of privEscalation, under way.
pub(crate) struct PrivEscalation {
    reading: Reading,
    findings: ContainerFindings,
    /// Containers found, over all pods.
    escalating: u64,
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
                self.unset +=
                    u64::from(self.reading == Reading::Explicit && !windows && flag(walked.container).is_none());
            } else if !context.exempts_container(pod, &walked.container.name) {
                self.escalating += 1;
                self.findings.add(pod, walked.kind, &walked.container.name, None, &reasons);
            }
        }
    }

    fn finish(self: Box<Self>, counts: &Counts, context: &mut Context) -> Verdict {
        if self.unset > 0 {
            let leave = if self.unset == 1 { "leaves" } else { "leave" };
            context.note(format!("{} {leave} allowPrivilegeEscalation unset", counted(self.unset, "container")));
        }
        let headline = if self.escalating > 0 {
            format!(
                "{} of {} may escalate privileges, in {}",
                self.escalating,
                counted(counts.containers, "container"),
                counted(self.findings.len(), "subject"),
            )
        } else {
            format!(
                "{} of {} in {}: none may escalate privileges",
                counted(counts.containers, "container"),
                counted(counts.pods, "pod"),
                counted(counts.namespaces, "namespace"),
            )
        };
        Verdict { findings: self.findings.into_findings(advice), headline }
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
    let mut steps = Vec::new();
    for reason in &finding.reasons {
        match reason {
            Reason::AllowPrivilegeEscalation | Reason::Unset => {
                steps.push("set securityContext.allowPrivilegeEscalation: false")
            }
            Reason::Privileged => steps.push("set securityContext.privileged: false"),
            Reason::SysAdmin => steps.push("take SYS_ADMIN and ALL out of securityContext.capabilities.add"),
            _ => {}
        }
    }
    steps.dedup();
    let place = if finding.mirror == Some(true) { "static pod's manifest on its node" } else { "container" };
    format!("In the {place}, {}.", steps.join(", and "))
}
