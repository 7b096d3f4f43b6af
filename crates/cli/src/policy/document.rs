use eks_rules::{Configuration, Exemption, RuleName};
use serde_json::{Value, json};

use super::match_conditions::{match_conditions, pod_spec};
use super::{Checks, exemption};
use crate::command_line::PolicyArguments;
use crate::failure::Failure;

/// The policy and its binding, as YAML with comments.
///
/// # Errors
/// None that is known: objects of plain values can be written.
pub(super) fn render(
    configuration: &Configuration,
    checks: &Checks,
    exemptions: &[&Exemption],
    arguments: &PolicyArguments,
) -> Result<String, Failure> {
    let rule = configuration.rule();
    let name = arguments.name.clone().unwrap_or_else(|| format!("eks-config-rules-{}", rule.binary()));
    let policy = json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": name},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": resource_rules()},
            "matchConditions": named(match_conditions(configuration, exemptions)),
            "variables": named(variables(checks, exemptions)),
            "validations": [validation(rule, checks)],
        },
    });
    let mut binding = json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name},
        "spec": {"policyName": name, "validationActions": ["Deny"]},
    });
    if let Some(selector) = &arguments.namespace_selector {
        binding["spec"]["matchResources"] = json!({"namespaceSelector": selector.document()});
    }
    let (one, all) = checks.cost;
    let header = format!(
        "# Refuses at admission what the rule {rule} would report afterwards:\n\
         # {}.\n\
         # Try it first with validationActions: [Warn], or [Audit], in the binding.\n\
         #\n\
         # Cost: each expression loops over the pod's containers, or over their images, once. One of them costs about {one}\n\
         # in the dearest expression and {all} in all (an image of {} characters; the cost grows with its length). Kubernetes\n\
         # allows 1000000 an expression and 10000000 a request, so about {} of them in a pod; a request that costs more is\n\
         # refused.\n",
        checks.refuses,
        super::IMAGE_LENGTH,
        (1_000_000 / one.max(1)).min(10_000_000 / all.max(1)),
    );
    Ok(format!("{header}---\n{}---\n{}", yaml(&policy)?, yaml(&binding)?))
}

fn yaml(object: &Value) -> Result<String, Failure> {
    // Expressions of several lines are literal blocks; one of a single line stays on it, however long.
    let options = serde_saphyr::ser_options! { folded_wrap_chars: usize::MAX };
    serde_saphyr::to_string_with_options(object, options)
        .map_err(|error| Failure::not_judged(format!("cannot write the policy: {error}")))
}

fn resource_rules() -> Value {
    let rule = |group: &str, resources: &[&str]| json!({"apiGroups": [group], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": resources});
    json!([
        rule("", &["pods", "pods/ephemeralcontainers", "podtemplates", "replicationcontrollers"]),
        rule("apps", &["daemonsets", "deployments", "replicasets", "statefulsets"]),
        rule("batch", &["cronjobs", "jobs"]),
    ])
}

fn named(expressions: Vec<(&'static str, String)>) -> Value {
    expressions.into_iter().map(|(name, expression)| json!({"name": name, "expression": expression})).collect()
}

fn variables(checks: &Checks, exemptions: &[&Exemption]) -> Vec<(&'static str, String)> {
    let list = |name: &str| format!("(has(variables.spec.{name}) ? variables.spec.{name} : [])");
    let containers = ["initContainers", "containers", "ephemeralContainers"].map(list).join(" +\n");
    let exempt = exemption::containers(exemptions);
    let mut variables = vec![("spec", pod_spec("object"))];
    let containers = match &exempt {
        Some(_) => format!("({containers}).filter(container, !(container.name in variables.exempt))"),
        None => containers,
    };
    let exempts = if exempt.is_some() { " && !(volume.name in variables.exempt)" } else { "" };
    variables.extend(exempt.map(|names| ("exempt", names)));
    variables.push(("containers", containers));
    variables.extend(checks.variables.iter().map(|(name, expression)| (*name, expression.replace("EXEMPT", exempts))));
    variables.extend(checks.reasons.iter().map(|(_, name, expression)| (*name, expression.clone())));
    variables
}

fn validation(rule: RuleName, checks: &Checks) -> Value {
    let none: Vec<String> = checks.reasons.iter().map(|(_, name, _)| format!("variables.{name}.size() == 0")).collect();
    let told: Vec<String> = checks
        .reasons
        .iter()
        .map(|(reason, name, _)| {
            format!("(variables.{name}.size() == 0 ? '' : '{reason}: ' + variables.{name}.join(', '))")
        })
        .collect();
    json!({
        "expression": none.join(" && "),
        "message": format!("{rule}: {}", checks.refuses),
        "messageExpression": format!("'{rule}: ' + [\n{}\n].filter(told, told != '').join('; ')", told.join(",\n")),
        "reason": "Forbidden",
    })
}
