use super::{PrivEscalation, Reading, SecretsInEnv};
use crate::finding::{ContainerKind, Finding, Reason};
use crate::rule::{Counts, counted};

/// What is wrong with one container beside its privileges.
const HAS_SECRETS: &str = "has Secrets in its environment";

impl PrivEscalation {
    /// The first sentence of the annotation.
    pub(super) fn headline(&self, counts: &Counts) -> String {
        let containers = counted(counts.containers, "container");
        let of_all = |number: u64| format!("{number} of {containers}");
        let (escalating, with_secrets) = (self.escalating.found, self.with_secrets.found);
        let requires = self.parameters.secrets_in_env == SecretsInEnv::Require;
        let escalate = self.wrong(if escalating == 1 { "sets" } else { "set" });
        let none_escalates = format!("none {}{}{}", self.wrong("sets"), self.escalating.qualified(), self.left_unset());
        let none_has_secrets = format!("none {}{}", HAS_SECRETS, self.with_secrets.qualified());
        let subjects = format!("in {}", counted(self.findings.len(), "subject"));
        match (escalating, if requires { with_secrets } else { 0 }) {
            (0, 0) => {
                let judged = format!("{} in {}", counted(counts.pods, "pod"), counted(counts.namespaces, "namespace"));
                let secrets = if requires { format!(", {none_has_secrets}") } else { String::new() };
                format!("{containers} of {judged}: {none_escalates}{secrets}")
            }
            (0, with_secrets) => {
                format!("{}, {none_escalates}, {subjects}", have_secrets(with_secrets, &of_all(with_secrets)))
            }
            (escalating, with_secrets) => {
                let secrets = match with_secrets {
                    0 if requires => format!(", {none_has_secrets}"),
                    0 => String::new(),
                    number => format!(", {}", have_secrets(number, &number.to_string())),
                };
                format!("{} {escalate}{}{secrets}, {subjects}", of_all(escalating), self.left_unset())
            }
        }
    }

    /// What is wrong with a container in this reading. Other readings than the default say so, or what they look at.
    fn wrong(&self, sets: &str) -> String {
        match self.parameters.reading {
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

/// That these containers have Secrets in their environment.
pub(super) fn have_secrets(number: u64, containers: &str) -> String {
    if number == 1 {
        format!("{containers} {HAS_SECRETS}")
    } else {
        format!("{containers} have Secrets in their environment")
    }
}

/// What to do about a finding.
pub(super) fn advice(finding: &Finding) -> String {
    let has = |reason| finding.reasons.contains(&reason);
    let privileges = [
        (
            has(Reason::AllowPrivilegeEscalation) || has(Reason::Unset),
            "set securityContext.allowPrivilegeEscalation: false",
        ),
        (has(Reason::Privileged), "set securityContext.privileged: false"),
        (has(Reason::SysAdmin), "take SYS_ADMIN and ALL out of securityContext.capabilities.add"),
    ];
    let needed = privileges.into_iter().filter(|(needed, _)| *needed);
    let mut steps: Vec<String> = needed.map(|(_, step)| step.to_owned()).collect();
    if finding.container_kind == Some(ContainerKind::EphemeralContainer) {
        let profile = if steps.is_empty() { "" } else { ", and debug with kubectl debug --profile=restricted" };
        return format!("An ephemeral container cannot be changed: delete the pod once debugging is over{profile}.");
    }
    if has(Reason::SecretInEnvironment) {
        let secrets = finding.secrets.worded();
        steps.push(format!("take {secrets} out of env and envFrom and read the files of a mounted volume instead"));
    }
    let place = if finding.mirror == Some(true) { "static pod's manifest on its node" } else { "container" };
    format!("In the {place}, {}.", steps.join(", and "))
}
