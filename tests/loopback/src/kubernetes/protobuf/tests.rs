//! The encoder against k8s-pb's types, which have every field.

use std::collections::BTreeMap;
use std::fmt::Debug;

use k8s_pb::api::apps::v1::DaemonSet;
use k8s_pb::api::core::v1::{ConfigMap, Namespace, Pod, PodList};
use k8s_pb::api::networking::v1::NetworkPolicy;
use k8s_pb::apimachinery::pkg::apis::meta::v1::Status;
use prost::Message;
use serde_json::{Map, Value, json};

use super::schema::{Field, Form, Shape, fields};
use super::{encode_item, encode_list, enveloped};
use crate::objects;

/// An object with every field of its message, no two values alike, and what each of them should be found as.
#[derive(Default)]
struct Sample {
    /// Value as `Debug` shows it, and the name of its field.
    expected: BTreeMap<String, String>,
    number: i64,
}

impl Sample {
    fn members(&mut self, message: &str) -> Map<String, Value> {
        let mut members = Map::new();
        for field in fields(message).unwrap() {
            match (field.json, field.form) {
                (None, Form::Message(inlined)) => members.extend(self.members(inlined)),
                (None, _) => panic!("{message}: only messages are inlined"),
                (Some(json), _) => {
                    let value = match field.shape {
                        Shape::One => self.value(json, field),
                        Shape::Repeated => json!([self.value(json, field), self.value(json, field)]),
                        // One entry, since a decoded map has no order.
                        Shape::Map => json!({format!("key of {json}"): self.value(json, field)}),
                    };
                    members.insert(json.to_owned(), value);
                }
            }
        }
        members
    }

    fn value(&mut self, json: &str, field: &Field) -> Value {
        self.number += 1;
        // Far from any byte of a text and from any time.
        let number = 1_000_000 + self.number;
        let text = format!("{json} {number}");
        match field.form {
            Form::Message(message) => Value::Object(self.members(message)),
            Form::Bool => json!(true),
            Form::Integer => {
                self.expected.insert(number.to_string(), json.to_owned());
                json!(number)
            }
            Form::Text => {
                self.expected.insert(format!("{text:?}"), json.to_owned());
                json!(text)
            }
            // These are messages of their own, with fields of their own names.
            Form::Quantity | Form::IntOrString => json!(text),
            Form::Bytes => json!("AAEC"),
            Form::Time => json!(crate::timestamp::rfc3339(1_700_000_000 + number)),
            Form::FieldsV1 => json!({"f:spec": {}}),
        }
    }
}

/// The `name: value` pairs of a `Debug` text that stand alone in a line, `Some(…)` taken off.
fn pairs(debug: &str) -> Vec<(String, String)> {
    let mut named = String::new();
    let mut pairs = Vec::new();
    for line in debug.lines().map(|line| line.trim().trim_end_matches(',')) {
        if let Some((name, opening)) = line.split_once(": ").filter(|(name, _)| !name.starts_with(['"', '('])) {
            named = name.trim_start_matches("r#").replace('_', "").to_lowercase();
            if !opening.ends_with(['(', '[', '{']) {
                pairs.push((opening.to_owned(), named.clone()));
            }
        } else if !line.ends_with(['(', '[', '{', ')', ']', '}']) {
            pairs.push((line.rsplit_once(": ").map_or(line, |(_, value)| value).to_owned(), named.clone()));
        }
    }
    pairs
}

/// Encodes an object with every field; k8s-pb must know every byte of it, and find every text and number under its own name.
#[track_caller]
fn agrees<T: Message + Default + Debug>(message: &str) {
    let mut sample = Sample::default();
    let object = Value::Object(sample.members(message));
    let bytes = encode_item(message, &object).unwrap();
    let decoded = T::decode(bytes.as_slice()).unwrap();
    // prost drops what it has no field for, and writes in the order of tags too.
    assert!(decoded.encode_to_vec() == bytes, "{message}: something is lost");
    let found: BTreeMap<String, String> = pairs(&format!("{decoded:#?}")).into_iter().collect();
    for (value, json) in &sample.expected {
        let name = found.get(value).unwrap_or_else(|| panic!("{message}: {value} of {json} is not found"));
        assert_eq!(*name, json.to_lowercase(), "{message}: {value}");
    }
    assert!(sample.expected.len() > 10, "{message}: {} values", sample.expected.len());
}

#[test]
fn every_field_of_every_kind_is_where_the_published_schema_has_it() {
    agrees::<Pod>("core.v1.Pod");
    agrees::<Namespace>("core.v1.Namespace");
    agrees::<ConfigMap>("core.v1.ConfigMap");
    agrees::<DaemonSet>("apps.v1.DaemonSet");
    agrees::<NetworkPolicy>("networking.v1.NetworkPolicy");
    agrees::<Status>("meta.v1.Status");
}

#[test]
fn a_pod_is_decoded_field_by_field() {
    let json = objects::deployment_pod("payments", "api", "x7k2p", |pod| {
        pod["spec"]["volumes"][0] = json!({"name": "model", "image": {"reference": "ghcr.io/example/model:1"}});
        pod["spec"]["ephemeralContainers"] =
            json!([{"name": "debug", "image": "busybox", "targetContainerName": "app"}]);
        pod["spec"]["containers"][0]["securityContext"] =
            json!({"allowPrivilegeEscalation": false, "capabilities": {"add": ["NET_ADMIN"]}});
        pod["metadata"]["annotations"] = json!({"kubernetes.io/config.mirror": "abc"});
    });
    let pod = Pod::decode(encode_item("core.v1.Pod", &json).unwrap().as_slice()).unwrap();
    let metadata = pod.metadata.unwrap();
    let hash = objects::template_hash("api");
    assert_eq!(metadata.name.unwrap(), format!("api-{hash}-x7k2p"));
    assert_eq!(metadata.annotations["kubernetes.io/config.mirror"], "abc");
    assert_eq!(metadata.creation_timestamp.unwrap().seconds, Some(1_762_161_242));
    let owner = &metadata.owner_references[0];
    assert_eq!((owner.kind.as_deref(), owner.controller), (Some("ReplicaSet"), Some(true)));
    let managed = &metadata.managed_fields[0];
    let raw: Value = serde_json::from_slice(managed.fields_v1.as_ref().unwrap().raw.as_ref().unwrap()).unwrap();
    assert_eq!(raw, json["metadata"]["managedFields"][0]["fieldsV1"]);
    let spec = pod.spec.unwrap();
    let container = &spec.containers[0];
    let context = container.security_context.as_ref().unwrap();
    assert_eq!((context.allow_privilege_escalation, context.privileged), (Some(false), None));
    assert_eq!(context.capabilities.as_ref().unwrap().add, ["NET_ADMIN"]);
    assert_eq!(container.resources.as_ref().unwrap().limits["memory"].string.as_deref(), Some("256Mi"));
    let port =
        container.liveness_probe.as_ref().unwrap().handler.as_ref().unwrap().http_get.as_ref().unwrap().port.clone();
    assert_eq!((port.as_ref().unwrap().r#type, port.unwrap().str_val), (Some(1), Some("http".to_owned())));
    let image = spec.volumes[0].volume_source.as_ref().unwrap().image.as_ref().unwrap();
    assert_eq!(image.reference.as_deref(), Some("ghcr.io/example/model:1"));
    let debug = &spec.ephemeral_containers[0];
    assert_eq!(debug.target_container_name.as_deref(), Some("app"));
    assert_eq!(debug.ephemeral_container_common.as_ref().unwrap().name.as_deref(), Some("debug"));
    let status = &pod.status.unwrap().container_statuses[0];
    assert_eq!(status.image_id.as_deref(), json["status"]["containerStatuses"][0]["imageID"].as_str());
}

#[test]
fn what_is_no_pointer_in_go_is_written_although_it_is_empty() {
    let bytes = encode_item("core.v1.Pod", &json!({"metadata": {"name": "a"}})).unwrap();
    let pod = Pod::decode(bytes.as_slice()).unwrap();
    let metadata = pod.metadata.unwrap();
    assert_eq!((metadata.generate_name.as_deref(), metadata.generation), (Some(""), Some(0)));
    assert_eq!((metadata.deletion_timestamp, metadata.deletion_grace_period_seconds), (None, None));
    let spec = pod.spec.unwrap();
    assert_eq!((spec.host_network, spec.priority), (Some(false), None));
    assert_eq!(pod.status.unwrap().phase.as_deref(), Some(""));
}

#[test]
fn a_list_has_its_metadata_first_and_its_items_in_order() {
    let list = json!({
        "apiVersion": "v1", "kind": "PodList", "metadata": {"resourceVersion": "7", "continue": "next", "remainingItemCount": 3},
        "items": [{"metadata": {"name": "one"}}, {"metadata": {"name": "two"}}],
    });
    let body = encode_list(&list).unwrap();
    let unknown = k8s_pb::apimachinery::pkg::runtime::Unknown::decode(body.strip_prefix(b"k8s\0").unwrap()).unwrap();
    let type_meta = unknown.type_meta.unwrap();
    assert_eq!((type_meta.api_version.as_deref(), type_meta.kind.as_deref()), (Some("v1"), Some("PodList")));
    assert_eq!((unknown.content_encoding.as_deref(), unknown.content_type.as_deref()), (Some(""), Some("")));
    let raw = unknown.raw.unwrap();
    // Field 1, made of bytes.
    assert_eq!(raw[0], 0x0a);
    let pods = PodList::decode(raw.as_slice()).unwrap();
    let metadata = pods.metadata.unwrap();
    assert_eq!(metadata.resource_version.as_deref(), Some("7"));
    assert_eq!((metadata.r#continue.as_deref(), metadata.remaining_item_count), (Some("next"), Some(3)));
    let names: Vec<_> = pods.items.into_iter().map(|pod| pod.metadata.unwrap().name.unwrap()).collect();
    assert_eq!(names, ["one", "two"]);
}

#[test]
fn what_no_published_schema_has_is_an_error_with_its_path() {
    for (pod, path, cause) in [
        (json!({"spec": {"hostNetwrok": true}}), "spec.hostNetwrok", "core.v1.PodSpec has no such field"),
        (
            json!({"spec": {"containers": [{"probe": {}}]}}),
            "spec.containers.0.probe",
            "core.v1.Container has no such field",
        ),
        (json!({"spec": {"volumes": [{"disk": {}}]}}), "spec.volumes.0.disk", "core.v1.Volume has no such field"),
        (json!({"spec": {"containers": "none"}}), "spec.containers", "\"none\" is no list"),
        (json!({"spec": {"hostNetwork": "true"}}), "spec.hostNetwork", "\"true\" is no boolean"),
        (json!({"metadata": {"name": 7}}), "metadata.name", "7 is no text"),
        (json!({"metadata": {"labels": {"a": 1}}}), "metadata.labels.a", "1 is no text"),
        (
            json!({"metadata": {"creationTimestamp": "yesterday"}}),
            "metadata.creationTimestamp",
            "\"yesterday\" is no Time",
        ),
    ] {
        let error = encode_item("core.v1.Pod", &pod).unwrap_err();
        assert_eq!((error.path.as_str(), error.cause.as_str()), (path, cause));
    }
    let error = encode_list(&json!({"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicyList"})).unwrap_err();
    assert_eq!(error.to_string(), "kind: CiliumNetworkPolicyList of cilium.io/v2 is not served in protobuf");
}

#[test]
fn an_object_of_its_own_stands_in_the_same_envelope() {
    let body = enveloped("v1", "Namespace", &encode_item("core.v1.Namespace", &objects::namespace("a")).unwrap());
    let unknown = k8s_pb::apimachinery::pkg::runtime::Unknown::decode(body.strip_prefix(b"k8s\0").unwrap()).unwrap();
    let namespace = Namespace::decode(unknown.raw.unwrap().as_slice()).unwrap();
    assert_eq!(namespace.metadata.unwrap().name.as_deref(), Some("a"));
    assert_eq!(namespace.status.unwrap().phase.as_deref(), Some("Active"));
}
