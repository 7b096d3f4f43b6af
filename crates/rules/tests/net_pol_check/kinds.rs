//! The kinds that are read, and how they are found and decoded.

use std::collections::BTreeSet;

use eks_rules::{Kind, Object, decode_list, decode_object};
use serde_json::{Value, json};

#[test]
fn every_kind_stands_in_the_list_of_all_kinds_once() {
    let distinct: BTreeSet<Kind> = Kind::ALL.iter().copied().collect();
    assert_eq!(distinct.len(), Kind::ALL.len());
}

#[test]
fn every_kubernetes_kind_is_found_by_its_version_and_name() {
    for kind in Kind::ALL.iter().copied().filter(|kind| kind.kubernetes()) {
        let version = match kind.group() {
            "" => kind.version().to_owned(),
            group => format!("{group}/{}", kind.version()),
        };
        assert_eq!(Kind::of(&version, kind.name()), Some(kind));
    }
}

#[test]
fn custom_resources_are_known_in_any_version_and_kubernetes_own_in_one() {
    assert_eq!(Kind::of("cilium.io/v3", "CiliumNetworkPolicy"), Some(Kind::CiliumNetworkPolicy));
    assert_eq!(Kind::of("policy.networking.k8s.io/v1beta1", "ClusterNetworkPolicy"), Some(Kind::ClusterNetworkPolicy));
    assert_eq!(Kind::of("networking.k8s.aws/v1", "ClusterNetworkPolicy"), Some(Kind::AwsClusterNetworkPolicy));
    for (version, kind) in [
        ("extensions/v1beta1", "NetworkPolicy"),
        ("networking.k8s.io/v1beta1", "NetworkPolicy"),
        ("v1", "NetworkPolicy"),
        ("v2", "Pod"),
        ("", ""),
        ("", "vpc-cni add-on"),
        ("networking.k8s.io/v1", "Ingress"),
    ] {
        assert_eq!(Kind::of(version, kind), None, "{version} {kind}");
    }
}

/// The kind that an observed object has, as far as it tells.
fn agrees(kind: Kind, object: &Object<'_>) -> bool {
    match (kind, object) {
        (Kind::Namespace, Object::Namespace(_))
        | (Kind::NetworkPolicy, Object::NetworkPolicy(_))
        | (Kind::CiliumNetworkPolicy, Object::CiliumNetworkPolicy(_))
        | (Kind::CiliumClusterwideNetworkPolicy, Object::CiliumClusterwideNetworkPolicy(_))
        | (Kind::CalicoNetworkPolicy | Kind::CalicoStoredNetworkPolicy, Object::CalicoNetworkPolicy(_))
        | (
            Kind::CalicoGlobalNetworkPolicy | Kind::CalicoStoredGlobalNetworkPolicy,
            Object::CalicoGlobalNetworkPolicy(_),
        )
        | (Kind::ApplicationNetworkPolicy, Object::ApplicationNetworkPolicy(_))
        | (Kind::VpcCniAddon, Object::VpcCniAddon(_))
        | (Kind::DaemonSet, Object::DaemonSet(_))
        | (Kind::VpcCniConfigMap, Object::VpcCniConfigMap(_))
        | (Kind::NodeClass, Object::NodeClass(_))
        | (Kind::HelmChart, Object::HelmChart(_))
        | (Kind::HelmRelease, Object::HelmRelease(_))
        | (Kind::ArgoApplication, Object::ArgoApplication(_))
        | (Kind::ArgoApplicationSet, Object::ArgoApplicationSet(_))
        | (Kind::Pod, Object::Pod(_)) => true,
        (_, Object::Uncounted(told, _) | Object::FluxSource(told, _)) => *told == kind,
        _ => false,
    }
}

#[test]
fn every_kind_decodes_alone_and_in_a_list() {
    for kind in Kind::ALL.iter().copied() {
        let item = if kind.kubernetes() { json!({"metadata": {"name": "x"}}) } else { json!("{}") };
        let mut alone = 0;
        decode_object(kind, &item, &mut |object| alone += u32::from(agrees(kind, &object))).unwrap();
        assert_eq!(alone, 1, "{kind:?}");
        let list = json!({"metadata": {"resourceVersion": "7", "continue": "more"}, "items": [item, item]});
        let mut listed = 0;
        let visit = &mut |object: Object<'_>| listed += u32::from(agrees(kind, &object));
        let metadata = decode_list(kind, eks_rules::Encoding::Json, list.to_string().as_bytes(), visit);
        if kind.kubernetes() {
            assert_eq!(metadata.unwrap().continue_token, "more");
            assert_eq!(listed, 2, "{kind:?}");
        } else {
            assert_eq!(metadata.unwrap_err().kind, "vpc-cni add-on");
        }
    }
}

#[test]
fn null_is_the_same_as_absent_in_every_field_of_every_kind() {
    let specs = [
        json!({"podSelector": null, "policyTypes": null, "ingress": null, "egress": null}),
        json!({"podSelector": {"matchLabels": null, "matchExpressions": null}, "ingress": [{"from": null, "ports": null}]}),
        json!({"ingress": [{"from": [{"ipBlock": null}, {"ipBlock": {"cidr": null, "except": null}}]}]}),
        json!({"endpointSelector": null, "nodeSelector": null, "enableDefaultDeny": null, "ingress": null, "egressDeny": null}),
        json!({"tier": null, "selector": null, "types": null, "ingress": null, "doNotTrack": null, "preDNAT": null}),
        json!({"networkPolicy": null}),
        json!({"template": null}),
        json!(null),
    ];
    for kind in Kind::ALL.iter().copied().filter(|kind| kind.kubernetes()) {
        for spec in &specs {
            let value = json!({"metadata": null, "spec": spec, "specs": null, "status": null, "data": null});
            decode_object(kind, &value, &mut |_| {}).unwrap();
        }
    }
}

#[test]
fn a_field_of_the_wrong_type_is_an_error_with_its_path() {
    let wrong = |kind, spec: Value| {
        let value = json!({"metadata": {"name": "p", "namespace": "shop"}, "spec": spec});
        decode_object(kind, &value, &mut |_| panic!("decoded")).unwrap_err().to_string()
    };
    let core = wrong(Kind::NetworkPolicy, json!({"ingress": [{}, {"from": "everyone"}]}));
    assert!(core.starts_with("NetworkPolicy shop/p: spec.ingress[1].from: invalid type: string"), "{core}");
    let cilium = wrong(Kind::CiliumNetworkPolicy, json!({"enableDefaultDeny": {"ingress": "yes"}}));
    assert!(cilium.starts_with("CiliumNetworkPolicy shop/p: spec.enableDefaultDeny.ingress: "), "{cilium}");
    let calico = wrong(Kind::CalicoNetworkPolicy, json!({"types": "Ingress"}));
    assert!(calico.starts_with("NetworkPolicy shop/p: spec.types: "), "{calico}");
}
