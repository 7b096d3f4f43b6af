//! A strategic merge as the API server does it, for the fields that occur here, and the controllers that then make new
//! pods.

use serde_json::{Map, Value};

/// Lists whose items are merged by a key; every other list is replaced whole.
const MERGED: [(&str, &str); 4] =
    [("containers", "name"), ("initContainers", "name"), ("ephemeralContainers", "name"), ("volumes", "name")];

/// Merges a patch into an object.
pub(crate) fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(fields) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    for (name, value) in fields {
        let object = target.as_object_mut().unwrap();
        match value {
            Value::Null => {
                object.remove(name);
            }
            Value::Array(items) => {
                let key = MERGED.iter().find(|(list, _)| list == name).map(|(_, key)| *key);
                let list = object.entry(name.clone()).or_insert(Value::Array(Vec::new()));
                match key {
                    Some(key) => merge_lists(list, items, key),
                    None => *list = value.clone(),
                }
            }
            _ => merge(object.entry(name.clone()).or_insert(Value::Null), value),
        }
    }
}

fn merge_lists(list: &mut Value, patch: &[Value], key: &str) {
    let list = list.as_array_mut().unwrap();
    for item in patch {
        let wanted = &item[key];
        assert!(wanted.is_string(), "an item without its key: {item}");
        match list.iter_mut().find(|known| known[key] == *wanted) {
            Some(known) => merge(known, item),
            None => panic!("a patch for an item that is not there: {item}"),
        }
    }
}

/// Applies documents to the items of a list, as `kubectl` would to a cluster that has them.
pub(crate) fn apply(items: &mut Vec<Value>, documents: &[Value]) {
    for document in documents {
        let same = |item: &Value| {
            item["kind"] == document["kind"]
                && item["metadata"]["name"] == document["metadata"]["name"]
                && namespace(item) == namespace(document)
        };
        if let Some(item) = items.iter_mut().find(|item| same(item)) {
            merge(item, document);
        } else if document["kind"] == "NetworkPolicy" {
            items.push(document.clone());
        } else {
            let template = template(document);
            let mut pods = 0;
            for pod in items.iter_mut().filter(|item| is_pod_of(item, document)) {
                merge(&mut pod["spec"], &template);
                pods += 1;
            }
            assert!(pods > 0, "a patch for a workload that is not there and has no pods: {document}");
        }
    }
}

fn namespace(item: &Value) -> &str {
    item["metadata"]["namespace"].as_str().unwrap_or("default")
}

/// Where the pod's spec lies in a workload.
fn template(document: &Value) -> Value {
    match document["kind"].as_str().unwrap() {
        "CronJob" => document["spec"]["jobTemplate"]["spec"]["template"]["spec"].clone(),
        "PodTemplate" => document["template"]["spec"].clone(),
        _ => document["spec"]["template"]["spec"].clone(),
    }
}

/// Whether a pod is one that the workload makes, through a ReplicaSet where it is a Deployment.
fn is_pod_of(item: &Value, workload: &Value) -> bool {
    if item["kind"] != "Pod" || namespace(item) != namespace(workload) {
        return false;
    }
    let (kind, name) = (workload["kind"].as_str().unwrap(), workload["metadata"]["name"].as_str().unwrap());
    let owners = item["metadata"]["ownerReferences"].as_array().cloned().unwrap_or_default();
    owners.iter().filter(|owner| owner["controller"] == true).any(|owner| {
        let (owner_kind, owner_name) = (owner["kind"].as_str().unwrap(), owner["name"].as_str().unwrap());
        match item["metadata"]["labels"]["pod-template-hash"].as_str() {
            Some(hash) if kind == "Deployment" && owner_kind == "ReplicaSet" => owner_name == format!("{name}-{hash}"),
            _ => owner_kind == kind && owner_name == name,
        }
    })
}

/// What the API server refuses in a container, of the fields that occur here.
pub(crate) fn refused(container: &Value, windows: bool) -> Option<&'static str> {
    let context = &container["securityContext"];
    let added = context["capabilities"]["add"].as_array().cloned().unwrap_or_default();
    let denied = context["allowPrivilegeEscalation"] == false;
    if windows && ["allowPrivilegeEscalation", "privileged", "capabilities"].iter().any(|name| !context[name].is_null())
    {
        return Some("a field that is not for Windows");
    }
    if denied && context["privileged"] == true {
        return Some("allowPrivilegeEscalation: false with privileged: true");
    }
    if denied && added.iter().any(|capability| capability == "CAP_SYS_ADMIN") {
        return Some("allowPrivilegeEscalation: false with CAP_SYS_ADMIN");
    }
    None
}
