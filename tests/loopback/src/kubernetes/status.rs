//! Errors as an API server words them: `metav1.Status` objects, and the plain text of those that are none.

use serde_json::{Value, json};

use crate::answer::Answer;
use crate::spec::ResourceKind;

fn status(code: u16, reason: &str, message: &str, metadata: &Value, details: &Value) -> Answer {
    let mut body = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": metadata, "status": "Failure",
        "message": message, "reason": reason, "code": code,
    });
    if !details.is_null() {
        body["details"] = details.clone();
    }
    Answer::json(code, &body)
}

/// 401: a bearer token that the authenticator refused.
pub(super) fn unauthorized() -> Answer {
    status(401, "Unauthorized", "Unauthorized", &json!({}), &Value::Null)
}

/// 403 for a resource, in the words of RBAC.
pub(super) fn forbidden(
    user: &str,
    verb: &str,
    kind: &ResourceKind,
    namespace: Option<&str>,
    name: Option<&str>,
) -> Answer {
    let qualified = if kind.group.is_empty() { kind.plural.clone() } else { format!("{}.{}", kind.plural, kind.group) };
    let subject = name.map_or_else(|| qualified.clone(), |name| format!("{qualified} \"{name}\""));
    let scope = namespace
        .map_or_else(|| "at the cluster scope".to_owned(), |namespace| format!("in the namespace \"{namespace}\""));
    let message = format!(
        "{subject} is forbidden: User \"{user}\" cannot {verb} resource \"{}\" in API group \"{}\" {scope}",
        kind.plural, kind.group
    );
    let mut details = json!({"kind": kind.plural});
    if let Some(name) = name {
        details["name"] = json!(name);
    }
    if !kind.group.is_empty() {
        details["group"] = json!(kind.group);
    }
    status(403, "Forbidden", &message, &json!({}), &details)
}

/// 403 for a path that is no resource.
pub(super) fn forbidden_path(user: &str, path: &str) -> Answer {
    let message = format!("forbidden: User \"{user}\" cannot get path \"{path}\"");
    status(403, "Forbidden", &message, &json!({}), &json!({}))
}

/// 404 for an object.
pub(super) fn not_found(kind: &ResourceKind, name: &str) -> Answer {
    let qualified = if kind.group.is_empty() { kind.plural.clone() } else { format!("{}.{}", kind.plural, kind.group) };
    let mut details = json!({"name": name, "kind": kind.plural});
    if !kind.group.is_empty() {
        details["group"] = json!(kind.group);
    }
    status(404, "NotFound", &format!("{qualified} \"{name}\" not found"), &json!({}), &details)
}

/// 404 for a path that nothing serves, an absent custom resource among them: plain text, no Status.
pub(super) fn no_such_path() -> Answer {
    Answer::new(404, "text/plain; charset=utf-8", "404 page not found\n")
}

/// 406: the object has none of the forms that the client accepts. The real server says so in whichever form it would like best.
pub(super) fn not_acceptable() -> Answer {
    let message = "only the following media types are accepted: application/json, application/yaml, \
                   application/vnd.kubernetes.protobuf";
    status(406, "NotAcceptable", message, &json!({}), &Value::Null)
}

/// 405: this world is read only.
pub(super) fn method_not_allowed(method: &str) -> Answer {
    let message = format!("{method} is not supported by the loopback world");
    status(405, "MethodNotAllowed", &message, &json!({}), &json!({}))
}

/// 400.
pub(super) fn bad_request(message: &str) -> Answer {
    status(400, "BadRequest", message, &json!({}), &Value::Null)
}

/// 410: the snapshot behind a continue token is gone; the new token leads to an inconsistent rest.
pub(super) fn expired(inconsistent: &str) -> Answer {
    let message = "The provided continue parameter is too old to display a consistent list result. You can start a new list without \
                   the continue parameter, or use the continue token in this response to retrieve the remainder of the results. \
                   Continuing with the provided token results in an inconsistent list - objects that were created, modified, or \
                   deleted between the time the first chunk was returned and now may show up in the list.";
    status(410, "Expired", message, &json!({"continue": inconsistent}), &Value::Null)
}
