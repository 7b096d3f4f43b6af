//! # privEscalation
//!
//! No running container may gain more privileges than its parent.
//!
//! ## Reads
//! Pods: the security context of every container (init, regular, ephemeral), `spec.os.name`, and of the environment
//! variables which Secrets they refer to, never a value.
//!
//! ## Non-compliant when
//! Under `effective`: `allowPrivilegeEscalation` is true or unset, or the container is privileged, or it adds SYS_ADMIN
//! (alone or with ALL) and does not drop it by name. Under `restricted`: the field is true or unset. Under `explicit`:
//! the field is true; how many leave it unset is told. Pods of `spec.os.name: windows` cannot set it, so unset is no
//! finding there, and under `restricted` neither is true.
//!
//! With `secretsInEnv=require`, in every reading and on every system: `env` has a `secretKeyRef` or `envFrom` a
//! `secretRef`, optional ones too. What is written out as a value cannot be told from other values and is not looked at.
//!
//! ## Not judged
//! Finished pods, unless `includeFinishedPods` is true; pods of excluded namespaces. Both are counted.
//!
//! ## Parameters
//! `reading`: `effective` (default), `restricted`, `explicit`. `secretsInEnv`: `ignore` (default), `report` (a note says
//! how many containers), `require`.
//!
//! ## Why
//! Without `no_new_privs` a process gains the powers of any set-uid program in its image. The field defaults to that.
//! An environment variable is handed to every child process, stands in `/proc` and in crash reports, and keeps its value
//! when the Secret is rotated; a mounted file does not.
//!
//! ## Differs from
//! - CIS EKS 4.2.5, Prowler (`core_minimize_allowPrivilegeEscalation_containers`) and the older Python sample look for a
//!   written true only, which is `explicit`: they pass the default, by which the container may escalate.
//! - Pod Security Standards (Restricted) ask for a written false and leave privileged and SYS_ADMIN to other controls,
//!   which is `restricted`; so do Kyverno's `disallow-privilege-escalation`, Polaris's `privilegeEscalationAllowed`,
//!   Trivy's KSV001 and kubeaudit's `privesc`. Here a privileged container and SYS_ADMIN are findings of this rule too,
//!   since the API says of both that escalation is always allowed.
//! - CIS EKS 4.4.1, kube-bench and Prowler (`core_no_secrets_envs`) see `secretKeyRef`; here `envFrom` counts too.
//! - Several of them see regular containers only. Here init containers, sidecars and ephemeral containers count.
//!
//! ## Reference
//! core/v1 `SecurityContext.allowPrivilegeEscalation`: "always true when the container is run as privileged, or has
//! CAP_SYS_ADMIN". Pod Security Standards, Restricted. CIS EKS 4.4.1 (prefer Secrets as files).

mod wording;

use self::wording::{advice, have_secrets};
use crate::container_walk::{WalkedContainer, containers};
use crate::finding::{ContainerFindings, Found, Privileges, Reason};
use crate::kind::{Kind, Need, Read};
use crate::object::{Capabilities, Container, Pod};
use crate::parameters::{ParameterError, RuleParameters};
use crate::rule::{Context, Counts, Fold, Verdict, counted};
use crate::secret_names::SecretNames;

/// The rule's own parameters.
pub(crate) const PARAMETERS: &[&str] = &["reading", "secretsInEnv"];

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

/// What is made of a Secret in an environment variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretsInEnv {
    /// Nothing.
    Ignore,
    /// A note.
    Report,
    /// A finding.
    Require,
}

/// The parameters of privEscalation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parameters {
    reading: Reading,
    secrets_in_env: SecretsInEnv,
}

impl Parameters {
    pub(crate) fn take(parameters: &mut RuleParameters) -> Result<Self, ParameterError> {
        let readings =
            [("effective", Reading::Effective), ("restricted", Reading::Restricted), ("explicit", Reading::Explicit)];
        let secrets =
            [("ignore", SecretsInEnv::Ignore), ("report", SecretsInEnv::Report), ("require", SecretsInEnv::Require)];
        Ok(Self {
            reading: parameters.one_of("reading", &readings, Reading::Effective)?,
            secrets_in_env: parameters.one_of("secretsInEnv", &secrets, SecretsInEnv::Ignore)?,
        })
    }

    /// How security contexts are read.
    pub(crate) const fn reading(self) -> Reading {
        self.reading
    }

    /// What is made of a Secret in an environment variable.
    pub(crate) const fn secrets_in_env(self) -> SecretsInEnv {
        self.secrets_in_env
    }

    pub(crate) fn start(self) -> PrivEscalation {
        PrivEscalation {
            parameters: self,
            findings: ContainerFindings::default(),
            escalating: ContainerTally::default(),
            with_secrets: ContainerTally::default(),
            unset: 0,
        }
    }
}

/// Containers of which something is true, over all pods.
#[derive(Clone, Copy, Default)]
struct ContainerTally {
    /// Those that are found, or only reported.
    found: u64,
    /// Those that would be found without an exemption.
    exempted: u64,
}

impl ContainerTally {
    /// What follows the words that nothing was found.
    fn qualified(self) -> &'static str {
        if self.exempted > 0 { " without an exemption" } else { "" }
    }
}

/// The judgement of privEscalation, under way.
pub(crate) struct PrivEscalation {
    parameters: Parameters,
    findings: ContainerFindings,
    /// Containers that may escalate privileges.
    escalating: ContainerTally,
    /// Containers with Secrets in their environment.
    with_secrets: ContainerTally,
    /// Containers that leave the field unset although `explicit` lets it pass.
    unset: u64,
}

impl Fold for PrivEscalation {
    fn reads(&self) -> Vec<Read> {
        vec![Read { kind: Kind::Pod, need: Need::Required }]
    }

    /// Pods must be read, and nothing else is.
    fn forbidden(&mut self, _kind: Kind, _context: &mut Context) {}

    fn pod(&mut self, pod: &Pod, context: &mut Context) {
        let windows = pod.windows();
        for walked in containers(pod) {
            self.container(pod, windows, walked, context);
        }
    }

    fn finish(self: Box<Self>, counts: &Counts, context: &mut Context) -> Verdict {
        if self.parameters.secrets_in_env == SecretsInEnv::Report && self.with_secrets.found > 0 {
            context.note_first(have_secrets(self.with_secrets.found, &counted(self.with_secrets.found, "container")));
        }
        Verdict { headline: self.headline(counts), findings: self.findings.into_findings(advice) }
    }
}

impl PrivEscalation {
    fn container(&mut self, pod: &Pod, windows: bool, walked: WalkedContainer<'_>, context: &mut Context) {
        let container = walked.container;
        let mut reasons = reasons(self.parameters.reading, container, windows);
        let escalates = !reasons.is_empty();
        // Only `explicit` lets it pass that a Linux container leaves the field unset.
        self.unset += u64::from(!escalates && !windows && flag(container).is_none());
        let mut secrets = container.secrets_in_environment().peekable();
        let has_secrets = self.parameters.secrets_in_env != SecretsInEnv::Ignore && secrets.peek().is_some();
        let requires = self.parameters.secrets_in_env == SecretsInEnv::Require;
        if has_secrets && requires {
            reasons.push(Reason::SecretInEnvironment);
        } else {
            self.with_secrets.found += u64::from(has_secrets);
        }
        if reasons.is_empty() {
            return;
        }
        let exempt = context.exempts_container(pod, &container.name);
        let count = |tally: &mut ContainerTally, counts: bool| {
            let number = if exempt { &mut tally.exempted } else { &mut tally.found };
            *number += u64::from(counts);
        };
        count(&mut self.escalating, escalates);
        count(&mut self.with_secrets, has_secrets && requires);
        if !exempt {
            let privileges = Some(privileges(container, windows));
            let secrets = if requires { secrets.collect() } else { SecretNames::default() };
            let found = Found { reasons: &reasons, privileges, secrets, ..Found::default() };
            self.findings.add(pod, walked.kind, &container.name, found);
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
/// take single drops from an added ALL, and apply single adds after a dropped ALL. That `CAP_SYS_ADMIN` is dropped helps
/// nothing: containerd puts `CAP_` before each name, and takes away what is not there.
fn adds_sys_admin(capabilities: &Capabilities) -> bool {
    let adds = |capability: &String| {
        let upper = capability.to_ascii_uppercase();
        matches!(upper.strip_prefix("CAP_").unwrap_or(&upper), "SYS_ADMIN" | "ALL")
    };
    let drops = |capability: &String| capability.eq_ignore_ascii_case("SYS_ADMIN");
    capabilities.add.iter().any(adds) && !capabilities.drop.iter().any(drops)
}
