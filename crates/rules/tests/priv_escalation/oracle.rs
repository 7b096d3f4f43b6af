//! What privEscalation should say, slowly and from the specification alone: it reads the JSON of pods, and shares no
//! code with the rule.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// What is asked.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) reading: &'static str,
    pub(crate) secrets_in_env: &'static str,
    pub(crate) include_finished: bool,
    /// Names, or `*` at the end of their beginning.
    pub(crate) excluded: Vec<&'static str>,
    pub(crate) exemptions: Vec<Exempt>,
    pub(crate) pods: Vec<Value>,
}

/// An exemption.
#[derive(Clone, Debug)]
pub(crate) struct Exempt {
    pub(crate) namespace: String,
    pub(crate) owner: Option<(String, String)>,
    pub(crate) pod: Option<String>,
    pub(crate) container: Option<String>,
    /// Whether its last day is over.
    pub(crate) expired: bool,
}

/// Namespace, kind and name of the owner, container, and its list: in the order in which findings are told.
type Subject = (String, String, String, String, &'static str);

/// What is found on one subject.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) reasons: Vec<&'static str>,
    pub(crate) pods: BTreeSet<String>,
    pub(crate) mirror: bool,
}

/// What the rule should say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) found: BTreeMap<Subject, Found>,
    pub(crate) pods: u64,
    pub(crate) containers: u64,
    pub(crate) namespaces: BTreeSet<String>,
    pub(crate) excluded: BTreeSet<String>,
    pub(crate) finished: u64,
    pub(crate) exempted: u64,
    /// Containers found because of their privileges.
    pub(crate) escalating: u64,
    /// Containers found because of Secrets in their environment, or told of in a note.
    pub(crate) with_secrets: u64,
    /// Containers that leave the flag unset and pass all the same, in the explicit reading.
    pub(crate) unset: u64,
    /// Exemptions that matched nothing, by their place.
    pub(crate) redundant: BTreeSet<usize>,
}

/// In this order reasons are told.
const ORDER: [&str; 5] = ["AllowPrivilegeEscalation", "Privileged", "SysAdmin", "Unset", "SecretInEnvironment"];

/// In this order lists of containers are told.
const LISTS: [(&str, &str); 3] = [
    ("initContainers", "0 initContainer"),
    ("containers", "1 container"),
    ("ephemeralContainers", "2 ephemeralContainer"),
];

fn text(value: &Value) -> String {
    value.as_str().unwrap_or("").to_owned()
}

/// What the rule should say.
pub(crate) fn answer(question: &Question) -> Answer {
    let mut answer = Answer { redundant: (0..question.exemptions.len()).collect(), ..Answer::default() };
    for (place, exempt) in question.exemptions.iter().enumerate() {
        if exempt.expired {
            answer.redundant.remove(&place);
        }
    }
    for pod in &question.pods {
        observe(question, pod, &mut answer);
    }
    answer
}

fn observe(question: &Question, pod: &Value, answer: &mut Answer) {
    let namespace = text(&pod["metadata"]["namespace"]);
    let excluded = question.excluded.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(beginning) => namespace.starts_with(beginning),
        None => namespace == *pattern,
    });
    if excluded {
        answer.excluded.insert(namespace);
        return;
    }
    answer.namespaces.insert(namespace.clone());
    let phase = text(&pod["status"]["phase"]);
    if (phase == "Succeeded" || phase == "Failed") && !question.include_finished {
        answer.finished += 1;
        return;
    }
    answer.pods += 1;
    let windows = pod["spec"]["os"]["name"] == "windows";
    let mirror = !pod["metadata"]["annotations"]["kubernetes.io/config.mirror"].is_null();
    let name = text(&pod["metadata"]["name"]);
    let (kind, owner) = owner(pod, mirror);
    for (list, told_as) in LISTS {
        for container in pod["spec"][list].as_array().into_iter().flatten() {
            answer.containers += 1;
            let mut reasons = reasons(question.reading, container, windows);
            let escalates = !reasons.is_empty();
            if !escalates {
                let unset = container["securityContext"]["allowPrivilegeEscalation"].is_null();
                answer.unset += u64::from(question.reading == "explicit" && unset && !windows);
            }
            match (has_secrets(container), question.secrets_in_env) {
                (true, "require") => reasons.push("SecretInEnvironment"),
                (true, "report") => answer.with_secrets += 1,
                _ => {}
            }
            if reasons.is_empty() {
                continue;
            }
            let container = text(&container["name"]);
            let mut exempted = false;
            for (place, exempt) in question.exemptions.iter().enumerate().filter(|(_, exempt)| !exempt.expired) {
                let holds = exempt.namespace == namespace
                    && (exempt.owner.is_none() || exempt.owner == Some((kind.clone(), owner.clone())))
                    && (exempt.pod.is_none() || exempt.pod.as_ref() == Some(&name))
                    && (exempt.container.is_none() || exempt.container.as_ref() == Some(&container));
                if holds {
                    exempted = true;
                    answer.redundant.remove(&place);
                }
            }
            if exempted {
                answer.exempted += 1;
                continue;
            }
            answer.escalating += u64::from(escalates);
            answer.with_secrets += u64::from(reasons.contains(&"SecretInEnvironment"));
            let subject = (namespace.clone(), kind.clone(), owner.clone(), container, told_as);
            let found = answer.found.entry(subject).or_default();
            found.pods.insert(name.clone());
            found.mirror |= mirror;
            found.reasons =
                ORDER.into_iter().filter(|one| found.reasons.contains(one) || reasons.contains(one)).collect();
        }
    }
}

fn owner(pod: &Value, mirror: bool) -> (String, String) {
    let metadata = &pod["metadata"];
    let itself = ("Pod".to_owned(), text(&metadata["name"]));
    if mirror {
        return itself;
    }
    for reference in metadata["ownerReferences"].as_array().into_iter().flatten() {
        if reference["controller"] != true {
            continue;
        }
        let (kind, name) = (text(&reference["kind"]), text(&reference["name"]));
        let hash = text(&metadata["labels"]["pod-template-hash"]);
        if kind == "ReplicaSet" && !hash.is_empty() {
            let parts: Vec<&str> = name.split('-').collect();
            let (last, beginning) = parts.split_last().unwrap();
            if *last == hash && !beginning.join("-").is_empty() {
                return ("Deployment".to_owned(), beginning.join("-"));
            }
        }
        return (kind, name);
    }
    itself
}

/// The table.
fn reasons(reading: &str, container: &Value, windows: bool) -> Vec<&'static str> {
    let context = &container["securityContext"];
    let flag = context["allowPrivilegeEscalation"].as_bool();
    let privileged = context["privileged"] == true;
    let capabilities = |list: &str| -> Vec<String> {
        let names = context["capabilities"][list].as_array().into_iter().flatten();
        names.map(|name| text(name).to_lowercase()).collect()
    };
    let (added, dropped) = (capabilities("add"), capabilities("drop"));
    let has = |list: &[String], name: &str| list.iter().any(|one| one == name);
    let adds = |name: &str| has(&added, name) || has(&added, &format!("cap_{name}"));
    let mut found = Vec::new();
    match reading {
        "explicit" => {
            if flag == Some(true) {
                found.push("AllowPrivilegeEscalation");
            }
        }
        "restricted" => match flag {
            _ if windows => {}
            Some(true) => found.push("AllowPrivilegeEscalation"),
            Some(false) => {}
            None => found.push("Unset"),
        },
        _ => {
            if flag == Some(true) {
                found.push("AllowPrivilegeEscalation");
            }
            if privileged {
                found.push("Privileged");
            }
            if (adds("sys_admin") || adds("all")) && !has(&dropped, "sys_admin") {
                found.push("SysAdmin");
            }
            if flag.is_none() && !windows {
                found.push("Unset");
            }
        }
    }
    found
}

/// Whether a variable refers to a key of a Secret, or a source to a whole one.
fn has_secrets(container: &Value) -> bool {
    let any = |list: &str, pointer: &str| {
        let items = container[list].as_array().into_iter().flatten();
        items.filter_map(|item| item.pointer(pointer)).any(Value::is_object)
    };
    any("env", "/valueFrom/secretKeyRef") || any("envFrom", "/secretRef")
}
