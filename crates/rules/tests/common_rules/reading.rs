//! What is read before anything is judged: JSON without duplicate keys, kinds, and the errors that name an object.

use eks_rules::object::Pod;
use eks_rules::{Encoding, Globs, Kind, UniqueValue, UniqueWithout, Unread, decode, decode_object, peek_list_metadata};
use serde::Deserialize;
use serde::de::DeserializeSeed;
use serde::de::value::{BytesDeserializer, Error};
use serde_json::{Deserializer, Value, json};

fn unique(text: &str) -> Result<Value, String> {
    serde_json::from_str::<UniqueValue>(text).map(|UniqueValue(value)| value).map_err(|error| error.to_string())
}

fn without(unread: &'static Unread, text: &str) -> Result<Value, String> {
    UniqueWithout::new(unread).deserialize(&mut Deserializer::from_str(text)).map_err(|error| error.to_string())
}

#[test]
fn json_without_duplicate_keys_is_what_serde_json_reads() {
    let text = r#"{"null": null, "yes": true, "no": false, "less": -7, "more": 18446744073709551615, "half": 0.5,
        "text": "a\n\u00e4", "none": [], "some": [1, [2, {"deep": {}}]], "empty": {}}"#;
    let value: Value = serde_json::from_str(text).unwrap();
    assert_eq!(unique(text).unwrap(), value);
    assert_eq!(UniqueValue::deserialize(value.clone()).unwrap(), UniqueValue(value));
    assert_eq!(without(&[], "[1, \"x\"]").unwrap(), json!([1, "x"]));
}

#[test]
fn a_duplicate_key_is_an_error_at_any_depth() {
    for (text, key, column) in [
        (r#"{"a": 1, "a": 1}"#, "a", 12),
        (r#"[{"b": {"c": 1, "d": 2, "c": 3}}]"#, "c", 27),
        (r#"{"a": [{}, {"": 1, "": 2}]}"#, "", 21),
    ] {
        assert_eq!(unique(text), Err(format!("duplicate key {key:?} at line 1 column {column}")), "{text}");
    }
    let twice = r#"{"m": {"a": 1, "a": 2}}"#;
    assert_eq!(without(&[("m", &["a"])], twice), Err("duplicate key \"a\" at line 1 column 18".to_owned()));
}

#[test]
fn what_nobody_reads_is_left_out_under_its_own_key_alone() {
    let text = r#"{"a": 1, "m": {"a": {"x": [null, true, -1, 0.5, "t"]}, "b": {"a": 2}, "c": 3}, "n": [{"a": 4, "d": 5}, [{"a": 6}]]}"#;
    let unread: &Unread = &[("m", &["a", "c"]), ("n", &["a"])];
    assert_eq!(without(unread, text), Ok(json!({"a": 1, "m": {"b": {"a": 2}}, "n": [{"d": 5}, [{}]]})));
    assert_eq!(without(&[], text), Ok(serde_json::from_str(text).unwrap()));
    let below = UniqueWithout::new(unread).below("n").deserialize(&mut Deserializer::from_str(r#"[{"a": 1, "c": 2}]"#));
    assert_eq!(below.unwrap(), json!([{"c": 2}]));
}

#[test]
fn what_nobody_reads_may_say_anything_in_the_form_of_a_value() {
    let unread: &Unread = &[("m", &["a"])];
    assert_eq!(without(unread, r#"{"m": {"a": {"x": 1, "x": 2}}}"#), Ok(json!({"m": {}})));
    assert!(without(unread, r#"{"m": {"a": {"x": nul}}}"#).is_err());
}

#[test]
fn what_json_does_not_have_is_refused_with_what_is_expected() {
    let bytes = || BytesDeserializer::<Error>::new(b"x");
    let expected = "invalid type: byte array, expected a JSON value without duplicate keys";
    assert_eq!(UniqueValue::deserialize(bytes()).unwrap_err().to_string(), expected);
}

#[test]
fn a_list_is_known_before_its_items_once_all_of_its_metadata_is_there() {
    let head = r#"{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7","continue":"next"},"items":"#;
    let whole = format!("{head}[]}}");
    for length in 0..=whole.len() {
        let peeked = peek_list_metadata(Encoding::Json, &whole.as_bytes()[..length]);
        let known = peeked.as_ref().map(|metadata| metadata.continue_token.as_str());
        assert_eq!(known, (length >= head.len()).then_some("next"), "{length}");
    }
}

#[test]
fn a_list_whose_metadata_comes_after_its_items_is_not_known_before_its_end() {
    assert_eq!(peek_list_metadata(Encoding::Json, br#"{"items":[],"metadata":{"continue":"next"}}"#), None);
}

#[track_caller]
fn pod_error(pod: &Value) -> String {
    decode::<Pod>("Pod", pod).unwrap_err().to_string()
}

#[test]
fn a_sequence_in_the_place_of_an_object_is_an_error_with_its_path() {
    let spec = |spec: Value| json!({"metadata": {"namespace": "shop", "name": "p"}, "spec": spec});
    let pod = |container: Value| spec(json!({"containers": [container]}));
    let context = |context: Value| pod(json!({"name": "a", "securityContext": context}));
    for (kind, object, path) in [
        (Kind::Pod, json!([]), "."),
        (Kind::Pod, json!({"metadata": ["p", "shop"]}), "metadata"),
        (Kind::Pod, spec(json!([])), "spec"),
        (Kind::Pod, spec(json!({"os": ["windows"], "containers": []})), "spec.os"),
        (Kind::Pod, pod(json!(["a", "nginx"])), "spec.containers[0]"),
        (Kind::Pod, context(json!([])), "spec.containers[0].securityContext"),
        (Kind::Pod, context(json!([false])), "spec.containers[0].securityContext"),
        (Kind::NetworkPolicy, spec(json!([])), "spec"),
        (Kind::NetworkPolicy, spec(json!({"podSelector": []})), "spec.podSelector"),
        (Kind::NetworkPolicy, spec(json!({"podSelector": {"matchLabels": []}})), "spec.podSelector.matchLabels"),
        (Kind::NetworkPolicy, spec(json!({"podSelector": {}, "ingress": [[]]})), "spec.ingress[0]"),
        (
            Kind::NetworkPolicy,
            spec(json!({"podSelector": {}, "ingress": [{"from": [{"ipBlock": ["0.0.0.0/0"]}]}]})),
            "spec.ingress[0].from[0].ipBlock",
        ),
        (
            Kind::NetworkPolicy,
            spec(json!({"podSelector": {"matchExpressions": [["app", "In", ["web"]]]}})),
            "spec.podSelector.matchExpressions[0]",
        ),
        (Kind::CiliumNetworkPolicy, spec(json!({"endpointSelector": []})), "spec.endpointSelector"),
        (
            Kind::CiliumNetworkPolicy,
            spec(json!({"endpointSelector": {}, "enableDefaultDeny": [true, true]})),
            "spec.enableDefaultDeny",
        ),
        (Kind::CalicoNetworkPolicy, spec(json!([])), "spec"),
    ] {
        let error = decode_object(kind, &object, &mut |_| {}).expect_err(path);
        assert_eq!(error.path, path, "{object}");
        assert!(error.cause.starts_with("invalid type: sequence, expected "), "{error}");
    }
}

#[test]
fn an_object_that_does_not_decode_is_named_as_far_as_it_has_a_name() {
    let wrong = |metadata: Value| pod_error(&json!({"metadata": metadata, "spec": {"containers": 7}}));
    let told = "spec.containers: invalid type: integer `7`";
    for (metadata, name) in [
        (json!({"namespace": "shop", "name": "web"}), "shop/web"),
        (json!({"name": "web"}), "web"),
        (json!({"namespace": "shop"}), "without a name"),
        (json!({}), "without a name"),
    ] {
        let error = wrong(metadata);
        assert!(error.starts_with(&format!("Pod {name}: {told}")), "{error}");
    }
}

#[test]
fn an_error_does_not_quote_what_could_be_a_password() {
    let wrong = |text: &str| pod_error(&json!({"metadata": {"name": "web"}, "spec": {"containers": text}}));
    assert!(wrong("plain").contains("invalid type: string \"plain\", expected"), "{}", wrong("plain"));
    for secret in ["https://user:s3cret@example.com", "s3cret\"@\"", "\"s3cret@"] {
        assert!(wrong(secret).contains("invalid type: string \"…\", expected"), "{}", wrong(secret));
    }
}

#[test]
fn kinds_are_named_as_rbac_names_them() {
    for (kind, resource) in [
        (Kind::Pod, "pods"),
        (Kind::Namespace, "namespaces"),
        (Kind::NetworkPolicy, "networkpolicies.networking.k8s.io"),
        (Kind::DaemonSet, "daemonsets.apps"),
        (Kind::VpcCniConfigMap, "configmaps kube-system/amazon-vpc-cni"),
        (Kind::VpcCniAddon, Kind::VpcCniAddon.name()),
    ] {
        assert_eq!(kind.resource(), resource);
    }
}

#[test]
fn the_long_lists_are_asked_for_in_protobuf() {
    let asked: Vec<Kind> = Kind::ALL.iter().copied().filter(|kind| kind.protobuf()).collect();
    assert_eq!(asked, [Kind::Namespace, Kind::NetworkPolicy, Kind::Pod]);
}

#[test]
fn an_object_of_any_kind_is_known_by_its_namespace_and_name() {
    for &kind in Kind::ALL {
        let object = match kind {
            Kind::VpcCniAddon => json!("{}"),
            _ => json!({"metadata": {"namespace": "shop", "name": "web"}, "spec": {"containers": []}}),
        };
        let identity = match kind {
            Kind::Namespace => ("", "web"),
            Kind::VpcCniAddon => ("", Kind::VpcCniAddon.name()),
            _ => ("shop", "web"),
        };
        let mut seen = 0;
        decode_object(kind, &object, &mut |object| {
            assert_eq!(object.identity(), identity, "{kind:?}");
            seen += 1;
        })
        .unwrap();
        assert_eq!(seen, 1, "{kind:?}");
    }
}

#[test]
fn patterns_are_told_as_they_were_given() {
    let given = ["kube-*", "web?", "a"].map(str::to_owned);
    assert_eq!(Globs::new(given.clone()).patterns().collect::<Vec<_>>(), given);
}

#[test]
fn metadata_of_another_type_is_told_with_what_is_expected() {
    let wrong = |field: &str, value: Value| pod_error(&json!({"metadata": {"name": "web", field: value}}));
    for (field, value, told) in [
        ("labels", json!(5), "metadata.labels: invalid type: integer `5`, expected a map"),
        ("labels", json!({"app": 5}), "metadata.labels.app: invalid type: integer `5`, expected a string"),
        ("annotations", json!([]), "metadata.annotations: invalid type: sequence, expected a map of annotations"),
    ] {
        assert_eq!(wrong(field, value), format!("Pod web: {told}"));
    }
}
