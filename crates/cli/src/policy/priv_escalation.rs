use eks_rules::{Reading, SecretsInEnv};

use super::Checks;

const FLAG: &str = "has(container.securityContext.allowPrivilegeEscalation)";
const CONTEXT: &str = "has(container.securityContext)";

/// SYS_ADMIN in any case. Letters are written twice because `(?i:S)` matches more than s and S.
const SYS_ADMIN: &str = "[Ss][Yy][Ss]_[Aa][Dd][Mm][Ii][Nn]";

/// Whether an environment variable of a container takes its value from a Secret.
const HAS_SECRETS: &str = "(has(container.env) && container.env.exists(variable,\n\
     has(variable.valueFrom) && has(variable.valueFrom.secretKeyRef))) ||\n\
     (has(container.envFrom) && container.envFrom.exists(source, has(source.secretRef)))";

/// The checks of privEscalation in a reading.
pub(super) fn checks(reading: Reading, secrets_in_env: Option<SecretsInEnv>) -> Checks {
    let requires_files = secrets_in_env == Some(SecretsInEnv::Require);
    let list = |condition: String| {
        format!("variables.containers.filter(container, {condition})\n.map(container, container.name)")
    };
    let escalates = format!("{CONTEXT} && {FLAG} &&\ncontainer.securityContext.allowPrivilegeEscalation");
    let flag_true = match reading {
        Reading::Restricted => format!("!variables.windows && {escalates}"),
        Reading::Effective | Reading::Explicit => escalates,
    };
    let mut reasons = vec![("AllowPrivilegeEscalation", "allowPrivilegeEscalation", list(flag_true))];
    if reading == Reading::Effective {
        let privileged =
            format!("{CONTEXT} && has(container.securityContext.privileged) &&\ncontainer.securityContext.privileged");
        let names = |list: &str, pattern: &str| {
            let field = format!("container.securityContext.capabilities.{list}");
            format!("has({field}) &&\n{field}.exists(capability, capability.matches(r'^{pattern}$'))")
        };
        let added = names("add", &format!("(?:[Cc][Aa][Pp]_)?(?:{SYS_ADMIN}|[Aa][Ll][Ll])"));
        // CAP_SYS_ADMIN is not dropped by its name with the prefix.
        let dropped = names("drop", SYS_ADMIN);
        let sys_admin =
            format!("{CONTEXT} && has(container.securityContext.capabilities) &&\n{added} &&\n!({dropped})");
        reasons.push(("Privileged", "privileged", list(privileged)));
        reasons.push(("SysAdmin", "sysAdmin", list(sys_admin)));
    }
    if reading != Reading::Explicit {
        reasons.push(("Unset", "unset", list(format!("!variables.windows && !({CONTEXT} && {FLAG})"))));
    }
    if requires_files {
        reasons.push(("SecretInEnvironment", "secretInEnvironment", list(HAS_SECRETS.to_owned())));
    }
    let name = match reading {
        Reading::Effective => "effective",
        Reading::Restricted => "restricted",
        Reading::Explicit => "explicit",
    };
    let windows = "has(variables.spec.os) && has(variables.spec.os.name) && variables.spec.os.name == 'windows'";
    Checks {
        refuses: format!(
            "a container may escalate privileges (reading {name}){}",
            if requires_files { " or has Secrets in its environment" } else { "" }
        ),
        variables: if reading == Reading::Explicit { Vec::new() } else { vec![("windows", windows.to_owned())] },
        reasons,
        cost: (150, 600),
    }
}
