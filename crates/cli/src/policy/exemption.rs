use eks_rules::{ExemptOwner, Exemption};

use super::quoted;

/// The objects that a workload's kind is folded into, where they control it.
const CONTROLLERS: [(&str, &str); 2] = [("ReplicaSet", "Deployment"), ("Job", "CronJob")];

/// The condition under which no exemption holds for the whole object; none where there is no such exemption.
pub(super) fn whole(exemptions: &[&Exemption]) -> Option<String> {
    let conditions: Vec<String> = exemptions
        .iter()
        .filter(|exemption| exemption.container.is_none())
        .map(|exemption| subject(exemption))
        .collect();
    (!conditions.is_empty()).then(|| format!("!(\n{}\n)", conditions.join(" ||\n")))
}

/// The names of the exempt containers of an object; none where no exemption names a container.
pub(super) fn containers(exemptions: &[&Exemption]) -> Option<String> {
    let lists: Vec<String> = exemptions
        .iter()
        .filter_map(|exemption| {
            let container = exemption.container.as_ref()?;
            Some(format!("({} ? [{}] : [])", subject(exemption), quoted(container)))
        })
        .collect();
    (!lists.is_empty()).then(|| lists.join(" +\n"))
}

/// Whether an exemption is about the object of a request.
fn subject(exemption: &Exemption) -> String {
    let mut conditions = vec![format!("request.namespace == {}", quoted(&exemption.namespace))];
    if let Some(owner) = &exemption.owner {
        conditions.push(format!("({})", owned(owner)));
    }
    if let Some(pod) = &exemption.pod {
        conditions.push(named(pod));
    }
    format!("({})", conditions.join(" && "))
}

fn named(name: &str) -> String {
    format!("has(object.metadata.name) && object.metadata.name == {}", quoted(name))
}

/// Whether the pods of a request's object belong to an owner, as the rule finds the owner of a pod.
fn owned(owner: &ExemptOwner) -> String {
    let (kind, name) = (quoted(&owner.kind), quoted(&owner.name));
    if owner.kind == "Pod" {
        return format!(
            "request.kind.kind == 'Pod' && {} && ({MIRROR} || !({}))",
            named(&owner.name),
            controlled("true")
        );
    }
    let itself = format!("request.kind.kind == {kind} && {}", named(&owner.name));
    let mut conditions = vec![itself];
    for (controlled_kind, controller) in CONTROLLERS {
        if controller == owner.kind {
            let by = controlled(&format!("owner.kind == {kind} && owner.name == {name}"));
            conditions.push(format!("request.kind.kind == '{controlled_kind}' && {by}"));
        }
    }
    let direct = format!("owner.kind == {kind} && owner.name == {name}");
    let of_pod = match owner.kind.as_str() {
        "ReplicaSet" => format!("{direct} && !({})", through_deployment()),
        "Deployment" => {
            let deployment = format!("owner.name == {name} + '-' + {HASH}");
            format!("({direct} || (owner.kind == 'ReplicaSet' && {LABELLED} && {deployment}))")
        }
        _ => direct,
    };
    conditions.push(format!("request.kind.kind == 'Pod' && !({MIRROR}) && {}", controlled(&of_pod)));
    conditions.iter().map(|condition| format!("({condition})")).collect::<Vec<_>>().join(" || ")
}

/// Whether the object is the API's copy of a static pod.
const MIRROR: &str = "has(object.metadata.annotations) && 'kubernetes.io/config.mirror' in object.metadata.annotations";

/// Whether the object has the label by which a Deployment tells its ReplicaSets apart.
const LABELLED: &str = "has(object.metadata.labels) && 'pod-template-hash' in object.metadata.labels";

const HASH: &str = "object.metadata.labels['pod-template-hash']";

/// Whether the object's controller is one of which the condition holds.
fn controlled(condition: &str) -> String {
    format!(
        "has(object.metadata.ownerReferences) && object.metadata.ownerReferences.exists(owner, has(owner.controller) && \
         owner.controller && {condition})"
    )
}

/// Whether a ReplicaSet stands for its Deployment.
fn through_deployment() -> String {
    format!("{LABELLED} && owner.name.endsWith('-' + {HASH}) && owner.name.size() > {HASH}.size() + 1")
}
