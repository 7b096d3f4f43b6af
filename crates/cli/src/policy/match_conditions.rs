use eks_rules::{Configuration, Exemption};

use super::{exemption, quoted};

/// Where the pod's spec lies in an object, by its kind. `dyn` because the expression is checked against every kind.
pub(super) fn pod_spec(object: &str) -> String {
    format!(
        "request.kind.kind == 'Pod' ? dyn({object}).spec :\n\
         request.kind.kind == 'CronJob' ? dyn({object}).spec.jobTemplate.spec.template.spec :\n\
         request.kind.kind == 'PodTemplate' ? dyn({object}).template.spec :\n\
         dyn({object}).spec.template.spec"
    )
}

/// The conditions under which a request is looked at, as (name, expression).
pub(super) fn match_conditions(
    configuration: &Configuration,
    exemptions: &[&Exemption],
) -> Vec<(&'static str, String)> {
    let mut conditions = Vec::new();
    if let Some(expression) = included_namespaces(configuration) {
        conditions.push(("namespace-is-not-excluded", expression));
    }
    conditions.push((
        "pods-change",
        format!("request.operation != 'UPDATE' ||\n({}) !=\n({})", pod_spec("object"), pod_spec("oldObject")),
    ));
    conditions.push((
        "not-of-a-node",
        "!has(request.userInfo.groups) || !('system:nodes' in request.userInfo.groups)".to_owned(),
    ));
    if !configuration.includes_finished_pods() {
        conditions.push((
            "pod-has-not-finished",
            "request.kind.kind != 'Pod' || !has(dyn(object).status) || !has(dyn(object).status.phase) ||\n\
             !(dyn(object).status.phase in ['Succeeded', 'Failed'])"
                .to_owned(),
        ));
    }
    if let Some(expression) = exemption::whole(exemptions) {
        conditions.push(("not-exempt", expression));
    }
    conditions
}

fn included_namespaces(configuration: &Configuration) -> Option<String> {
    let (globs, names): (Vec<String>, Vec<String>) =
        configuration.excluded_namespaces().patterns().partition(|pattern| pattern.contains('*'));
    let mut excluded = Vec::new();
    if !names.is_empty() {
        let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
        excluded.push(format!("request.namespace in [{}]", names.join(", ")));
    }
    if !globs.is_empty() {
        let globs: Vec<String> = globs.iter().map(|glob| glob.replace('.', "[.]").replace('*', ".*")).collect();
        excluded.push(format!("request.namespace.matches(r'^(?:{})$')", globs.join("|")));
    }
    (!excluded.is_empty()).then(|| format!("!({})", excluded.join(" || ")))
}
