//! Protobuf against JSON: the same cluster gives the same objects either way, and a broken body never a shorter list.
//!
//! The bodies are made by the loopback world's encoder, whose schema is Kubernetes' own and not that of the types here.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;

use eks_rules::object::{
    Annotations, Capabilities, Container, ContainerStatus, Environment, EnvironmentSources, EphemeralContainer,
    ImageVolume, IpBlock, LabelSelector, Metadata, Namespace, NamespaceMetadata, NamespaceStatus, NetworkPolicy,
    NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec,
    OwnerReference, Pod, PodOs, PodSpec, PodStatus, SecretName, SecretReference, SecurityContext, SelectorRequirement,
    Time, VariableSource, Volume, VolumeSource,
};
use eks_rules::{DecodeError, Encoding, Kind, ListMetadata, Object, decode_list, peek_list_metadata};
use loopback::objects;
use loopback::protobuf::encode_list;
use proptest::prelude::*;
use serde_json::{Value, json};

/// An object of any of the kinds that are read in protobuf.
#[derive(Clone, Debug, PartialEq)]
enum Decoded {
    Namespace(Namespace),
    NetworkPolicy(NetworkPolicy),
    Pod(Box<Pod>),
}

fn decoded(kind: Kind, encoding: Encoding, body: &[u8]) -> Result<(ListMetadata, Vec<Decoded>), DecodeError> {
    let mut items = Vec::new();
    let metadata = decode_list(kind, encoding, body, &mut |object| {
        items.push(match object {
            Object::Namespace(namespace) => Decoded::Namespace(namespace.clone()),
            Object::NetworkPolicy(policy) => Decoded::NetworkPolicy(policy.clone()),
            Object::Pod(pod) => Decoded::Pod(Box::new(pod.clone())),
            other => panic!("{other:?}"),
        });
    })?;
    Ok((metadata, items))
}

const PROTOBUF_KINDS: [Kind; 3] = [Kind::Namespace, Kind::NetworkPolicy, Kind::Pod];

/// A page of a list, as JSON.
fn list(kind: Kind) -> Value {
    let items = match kind {
        Kind::Namespace => namespaces(),
        Kind::NetworkPolicy => network_policies(),
        _ => pods(),
    };
    let group = kind.group();
    let api_version = if group.is_empty() { kind.version().to_owned() } else { format!("{group}/{}", kind.version()) };
    json!({
        "apiVersion": api_version, "kind": format!("{}List", kind.name()),
        "metadata": {"resourceVersion": "184467", "continue": "eyJ2IjoibWV0YS5rOHMuaW8vdjEifQ", "remainingItemCount": 12},
        "items": items,
    })
}

fn namespaces() -> Vec<Value> {
    let mut terminating = objects::namespace("leaving");
    terminating["metadata"]["deletionTimestamp"] = json!("2025-11-04T10:00:00Z");
    terminating["status"] = json!({
        "phase": "Terminating",
        "conditions": [{"type": "NamespaceContentRemaining", "status": "True", "lastTransitionTime": "2025-11-04T10:00:01Z"}],
    });
    vec![
        objects::namespace("payments"),
        terminating,
        json!({"metadata": {"name": "bare", "labels": null, "creationTimestamp": "2025-11-03T09:14:02Z"}}),
    ]
}

fn network_policies() -> Vec<Value> {
    let mut rules = objects::network_policy("payments", "rules");
    rules["spec"] = json!({
        "podSelector": {
            "matchLabels": {"app": "api", "tier": ""},
            "matchExpressions": [{"key": "stage", "operator": "In", "values": ["test", "live"]}, {"key": "old", "operator": "DoesNotExist"}],
        },
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [
            {"from": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}}, {"podSelector": {}}], "ports": [{"port": 8080, "protocol": "TCP"}]},
            {},
            null,
        ],
        "egress": [{"to": [{"namespaceSelector": {"matchLabels": {"a": "b"}}}], "ports": [{"port": "dns", "endPort": 53}]}],
    });
    rules["metadata"]["ownerReferences"] =
        json!([{"apiVersion": "v1", "kind": "App", "name": "payments", "uid": "1", "controller": false}]);
    vec![objects::network_policy("payments", "default-deny"), rules]
}

fn pods() -> Vec<Value> {
    let everything = objects::pod("payments", "everything", |pod| {
        pod["metadata"]["annotations"] =
            json!({"kubernetes.io/config.mirror": "abc", "kubernetes.io/config.source": "file"});
        objects::own(pod, "apps/v1", "ReplicaSet", "everything-5d4f");
        let mut escalating = objects::container("escalating", "ghcr.io/example/api:1");
        escalating["securityContext"] = json!({
            "allowPrivilegeEscalation": true, "privileged": true, "capabilities": {"add": ["SYS_ADMIN"], "drop": ["ALL"]},
            "windowsOptions": {"hostProcess": false}, "seLinuxOptions": {"level": "s0"},
        });
        escalating["args"] = json!(["--enable-network-policy=true", ""]);
        escalating["lifecycle"] = json!({"preStop": {"exec": {"command": ["sleep", "5"]}}});
        escalating["env"] = json!([
            {"name": "PLAIN", "value": "x"},
            {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "database", "key": "password"}}},
            {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
            {"name": "SETTING", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "a"}}},
            {"name": "EMPTY", "value": ""},
            {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "token", "key": "token", "optional": true}}},
            {"name": "NAMELESS", "valueFrom": {"secretKeyRef": {"key": "token"}}},
        ]);
        escalating["envFrom"] = json!([
            {"configMapRef": {"name": "settings"}, "prefix": "A_"},
            {"secretRef": {"name": "credentials"}},
            {"secretRef": {"name": "more", "optional": true}, "prefix": "B_"},
        ]);
        pod["spec"]["initContainers"] = json!([escalating.clone()]);
        pod["spec"]["containers"] = json!([escalating.clone(), {"name": "bare"}]);
        pod["spec"]["ephemeralContainers"] =
            json!([{"name": "debug", "image": "busybox", "targetContainerName": "bare", "env": escalating["env"]}]);
        pod["spec"]["volumes"] = json!([
            {"name": "model", "image": {"reference": "ghcr.io/example/model:1", "pullPolicy": "Always"}},
            {"name": "secret", "secret": {"secretName": "credentials", "defaultMode": 256}},
            {"name": "host", "hostPath": {"path": "/var/log", "type": ""}},
        ]);
        pod["spec"]["hostNetwork"] = json!(true);
        pod["spec"]["os"] = json!({"name": "windows"});
        pod["spec"]["affinity"] = json!({"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
            {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "api"}}},
        ]}});
    });
    let unicode = objects::pod("größe", "ключ", |pod| {
        pod["metadata"]["labels"] = json!({});
        pod["spec"]["containers"][0]["image"] = json!("ghcr.io/例え/api");
        pod["status"]["phase"] = json!("Succeeded");
    });
    let generated = objects::deployment_pod("payments", "api", "x7k2p", |pod| {
        pod["spec"]["containers"][0]["securityContext"] = Value::Null;
    });
    vec![everything, unicode, generated, json!({"metadata": {"name": "nothing", "namespace": "payments"}})]
}

/// Which fields were anything but their type's default.
#[derive(Default)]
struct Seen(BTreeMap<&'static str, bool>);

fn is_set<T: Default + PartialEq>(value: &T) -> bool {
    *value != T::default()
}

/// Notes every field of a value. There is no `..`, so that a new field does not compile until it stands here, and fails then
/// unless a sample sets it.
macro_rules! fields {
    ($seen:ident, $type:ident, $value:expr; $($field:ident),*) => {
        let $type { $($field),* } = $value;
        $(*$seen.0.entry(concat!(stringify!($type), ".", stringify!($field))).or_default() |= is_set($field);)*
    };
}

impl Seen {
    fn object(&mut self, object: &Decoded) {
        match object {
            Decoded::Namespace(namespace) => self.namespace(namespace),
            Decoded::NetworkPolicy(policy) => self.network_policy(policy),
            Decoded::Pod(pod) => self.pod(pod),
        }
    }

    fn namespace(&mut self, namespace: &Namespace) {
        fields!(self, Namespace, namespace; metadata, status);
        fields!(self, NamespaceMetadata, metadata; name, labels, creation_timestamp, deletion_timestamp);
        fields!(self, NamespaceStatus, status; phase);
        let _ = (name, labels, phase);
        for time in [creation_timestamp, deletion_timestamp].into_iter().flatten() {
            fields!(self, Time, time; seconds);
        }
    }

    fn network_policy(&mut self, policy: &NetworkPolicy) {
        fields!(self, NetworkPolicy, policy; metadata, spec);
        self.metadata(metadata);
        fields!(self, NetworkPolicySpec, spec; pod_selector, policy_types, ingress, egress);
        let _ = policy_types;
        fields!(self, LabelSelector, pod_selector; match_labels, match_expressions);
        let _ = match_labels;
        for requirement in match_expressions {
            fields!(self, SelectorRequirement, requirement; key, operator, values);
        }
        for rule in ingress {
            fields!(self, NetworkPolicyIngressRule, rule; ports, from);
            self.ports_and_peers(ports, from);
        }
        for rule in egress {
            fields!(self, NetworkPolicyEgressRule, rule; ports, to);
            self.ports_and_peers(ports, to);
        }
    }

    fn ports_and_peers(&mut self, ports: &[NetworkPolicyPort], peers: &[NetworkPolicyPeer]) {
        for port in ports {
            let NetworkPolicyPort {} = port;
        }
        for peer in peers {
            fields!(self, NetworkPolicyPeer, peer; ip_block);
            if let Some(block) = ip_block {
                fields!(self, IpBlock, block; cidr, except);
            }
        }
    }

    fn metadata(&mut self, metadata: &Metadata) {
        fields!(self, Metadata, metadata; name, namespace, labels, owner_references, annotations);
        let _ = (name, namespace, labels);
        for owner in owner_references {
            fields!(self, OwnerReference, owner; kind, name, controller);
        }
        fields!(self, Annotations, annotations; mirror);
    }

    fn pod(&mut self, pod: &Pod) {
        fields!(self, Pod, pod; metadata, spec, status);
        self.metadata(metadata);
        fields!(self, PodSpec, spec; init_containers, containers, ephemeral_containers, volumes, host_network, os, node_name);
        let _ = (host_network, node_name);
        for ephemeral in ephemeral_containers {
            fields!(self, EphemeralContainer, ephemeral; common);
            self.container(common);
        }
        init_containers.iter().chain(containers).for_each(|container| self.container(container));
        for volume in volumes {
            fields!(self, Volume, volume; name, source);
            fields!(self, VolumeSource, source; image);
            if let Some(image) = image {
                fields!(self, ImageVolume, image; reference);
            }
        }
        if let Some(os) = os {
            fields!(self, PodOs, os; name);
        }
        fields!(self, PodStatus, status; phase, init_container_statuses, container_statuses, ephemeral_container_statuses);
        let _ = phase;
        for status in init_container_statuses.iter().chain(container_statuses).chain(ephemeral_container_statuses) {
            fields!(self, ContainerStatus, status; name, image_id);
        }
    }

    fn container(&mut self, container: &Container) {
        fields!(self, Container, container; name, image, security_context, args, env, env_from);
        let _ = (name, image, args);
        fields!(self, Environment, env; value_from);
        fields!(self, VariableSource, value_from; secret_key_ref);
        fields!(self, EnvironmentSources, env_from; secret_ref);
        for reference in secret_key_ref.iter().chain(secret_ref) {
            fields!(self, SecretReference, reference; secret);
            fields!(self, SecretName, secret; name);
            let _ = name;
        }
        if let Some(context) = security_context {
            fields!(self, SecurityContext, context; allow_privilege_escalation, privileged, capabilities);
            if let Some(capabilities) = capabilities {
                fields!(self, Capabilities, capabilities; add, drop);
            }
        }
    }
}

#[test]
fn every_kind_that_is_read_in_protobuf_is_tested_here() {
    let kinds: Vec<Kind> = Kind::ALL.iter().copied().filter(|kind| kind.protobuf()).collect();
    assert_eq!(kinds, PROTOBUF_KINDS);
}

#[test]
fn the_same_list_gives_the_same_objects_in_json_and_in_protobuf() {
    for kind in PROTOBUF_KINDS {
        let list = list(kind);
        let json = decoded(kind, Encoding::Json, list.to_string().as_bytes()).unwrap();
        let protobuf = decoded(kind, Encoding::Protobuf, &encode_list(&list).unwrap()).unwrap();
        assert_eq!(json, protobuf);
        assert_eq!(json.1.len(), list["items"].as_array().unwrap().len());
    }
}

#[test]
fn of_the_environment_only_references_to_secrets_are_kept_and_all_of_them() {
    let names = |encoding, body: &[u8]| -> Vec<String> {
        let (_, items) = decoded(Kind::Pod, encoding, body).unwrap();
        let Decoded::Pod(pod) = &items[0] else { panic!("{:?}", items[0]) };
        pod.spec.containers[0].secrets_in_environment().map(str::to_owned).collect()
    };
    let list = list(Kind::Pod);
    let expected = ["database", "token", "", "credentials", "more"];
    assert_eq!(names(Encoding::Json, list.to_string().as_bytes()), expected);
    assert_eq!(names(Encoding::Protobuf, &encode_list(&list).unwrap()), expected);
}

#[test]
fn every_field_that_is_decoded_is_set_in_one_of_the_samples() {
    let mut seen = Seen::default();
    for kind in PROTOBUF_KINDS {
        let (_, items) = decoded(kind, Encoding::Json, list(kind).to_string().as_bytes()).unwrap();
        items.iter().for_each(|item| seen.object(item));
    }
    let never: Vec<_> = seen.0.into_iter().filter(|(_, set)| !set).collect();
    assert_eq!(never, []);
}

#[test]
fn the_last_page_has_no_token_in_either_encoding() {
    let mut list = list(Kind::Pod);
    list["metadata"] = json!({"resourceVersion": "184467"});
    let json = decoded(Kind::Pod, Encoding::Json, list.to_string().as_bytes()).unwrap();
    let protobuf = decoded(Kind::Pod, Encoding::Protobuf, &encode_list(&list).unwrap()).unwrap();
    assert_eq!((json.0.continue_token.as_str(), json.0.remaining_item_count), ("", None));
    assert_eq!(json, protobuf);
}

#[test]
fn a_body_that_is_cut_anywhere_is_an_error_and_never_a_shorter_list() {
    for kind in PROTOBUF_KINDS {
        let body = encode_list(&list(kind)).unwrap();
        let whole = decoded(kind, Encoding::Protobuf, &body).unwrap();
        let mut read_whole = 0;
        for length in 0..body.len() {
            // Behind the list only its content encoding and content type are left, which are empty.
            if let Ok(list) = decoded(kind, Encoding::Protobuf, &body[..length]) {
                assert_eq!(list, whole, "{length} of {} bytes", body.len());
                read_whole += 1;
            }
        }
        assert!(read_whole <= 2, "{read_whole}");
    }
}

/// Changes of a byte that make another tag, another wire type or another length of it.
const MASKS: [u8; 6] = [0x01, 0x02, 0x08, 0x10, 0x80, 0xff];

#[test]
fn a_byte_that_is_another_anywhere_never_gives_a_shorter_list() {
    for kind in PROTOBUF_KINDS {
        let body = encode_list(&list(kind)).unwrap();
        let (_, whole) = decoded(kind, Encoding::Protobuf, &body).unwrap();
        for at in 0..body.len() {
            for mask in [MASKS[at % 6], MASKS[(at + 3) % 6]] {
                let mut broken = body.clone();
                broken[at] ^= mask;
                if let Ok((_, items)) = decoded(kind, Encoding::Protobuf, &broken) {
                    assert!(items.len() >= whole.len(), "{kind:?}: byte {at} ^ {mask:#x}: {} items", items.len());
                }
            }
        }
    }
}

proptest! {
    // The seed is fixed, so that a failure is the same everywhere; proptest prints the shortest input that fails.
    #![proptest_config(ProptestConfig {
        cases: 500,
        rng_seed: proptest::test_runner::RngSeed::Fixed(20_261_124),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn bytes_that_are_anything_never_panic(noise in proptest::collection::vec(any::<u8>(), 0..200), at in any::<prop::sample::Index>()) {
        for kind in PROTOBUF_KINDS {
            let body = encode_list(&list(kind)).unwrap();
            let at = at.index(body.len());
            let bodies = [noise.clone(), [&b"k8s\0"[..], &noise].concat(), [&body[..at], &noise].concat(),
                [&body[..at], &noise, &body[at..]].concat()];
            for broken in bodies {
                let _ = decoded(kind, Encoding::Protobuf, &broken);
                let _ = peek_list_metadata(Encoding::Protobuf, &broken);
            }
        }
    }
}

#[test]
fn the_metadata_is_known_early_and_is_that_of_the_whole_list() {
    for kind in PROTOBUF_KINDS {
        let list = list(kind);
        for (encoding, body) in
            [(Encoding::Json, list.to_string().into_bytes()), (Encoding::Protobuf, encode_list(&list).unwrap())]
        {
            let (metadata, _) = decoded(kind, encoding, &body).unwrap();
            let known: Vec<usize> = (0..=body.len())
                .filter(|length| match peek_list_metadata(encoding, &body[..*length]) {
                    Some(peeked) => {
                        assert_eq!(peeked, metadata, "{encoding:?} {length}");
                        true
                    }
                    None => false,
                })
                .collect();
            // serde_json's values are in the order of the alphabet: `items` stands before `metadata` there.
            if encoding == Encoding::Protobuf {
                assert!(known[0] < 200, "{kind:?}: {}", known[0]);
                assert_eq!(known.len(), body.len() + 1 - known[0]);
            }
        }
    }
    let json =
        br#"{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7","continue":"next"},"items":[{}]}"#;
    let known = (0..json.len()).find(|length| peek_list_metadata(Encoding::Json, &json[..*length]).is_some());
    assert_eq!(&json[..known.unwrap()], &json[..json.len() - 5]);
}

#[track_caller]
fn refused(kind: Kind, body: &[u8], words: &str) {
    assert_eq!(decoded(kind, Encoding::Protobuf, body).unwrap_err().to_string(), words);
}

#[test]
fn what_is_wrong_with_a_body_is_said() {
    let body = encode_list(&list(Kind::Pod)).unwrap();
    refused(Kind::Pod, b"", "Pod list: .: it does not begin with k8s and a zero byte");
    refused(Kind::Pod, b"{\"kind\":\"PodList\"}", "Pod list: .: it does not begin with k8s and a zero byte");
    refused(Kind::Namespace, &body, "Namespace list: .: it is a \"PodList\"");
    refused(Kind::DaemonSet, &body, "DaemonSet list: .: the kind is not read in protobuf");
    refused(Kind::Pod, b"k8s\0", "Pod list: .: it is a \"\"");
    let without_raw = b"k8s\0\x0a\x0d\x0a\x02v1\x12\x07PodList";
    refused(Kind::Pod, without_raw, "Pod list: .: it is empty");
    refused(Kind::Pod, &[&without_raw[..], b"\x12\0"].concat(), "Pod list: .: it has no metadata");
    // The tail of an envelope: content encoding and content type.
    let (start, tail) = body.split_at(body.len() - 4);
    assert_eq!(tail, b"\x1a\0\x22\0");
    refused(Kind::Pod, &[start, b"\x1a\x04gzip\x22\0"].concat(), "Pod list: .: it has a content encoding");
}

#[test]
fn an_item_that_does_not_decode_is_named() {
    // The metadata of the list, then a pod whose spec is cut short behind its own metadata.
    let pods: [(&[u8], &str); 3] = [
        (b"\x0a\x0f\x0a\x03api\x1a\x08payments\x12\x05\x0a", "payments/api"),
        (b"\x0a\x05\x0a\x03api\x12\x05\x0a", "api"),
        (b"\x12\x05\x0a", "without a name"),
    ];
    for (pod, name) in pods {
        let item = [&[0x12, u8::try_from(pod.len()).unwrap()], pod].concat();
        let raw = [&b"\x0a\0"[..], &item].concat();
        let body =
            [b"k8s\0\x0a\x0d\x0a\x02v1\x12\x07PodList\x12", &[u8::try_from(raw.len()).unwrap()][..], &raw].concat();
        let error = decoded(Kind::Pod, Encoding::Protobuf, &body).unwrap_err();
        assert_eq!((error.kind, error.name.as_str()), ("Pod", name));
        assert!(!error.cause.is_empty());
    }
}
