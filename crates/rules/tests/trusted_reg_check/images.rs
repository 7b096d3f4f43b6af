//! What is found on an image, and how it is told.

use eks_rules::{ComplianceType, ContainerKind, Exemption, Reason};
use serde_json::json;

use crate::scene::{
    SHA, cluster, configuration, does_not_trust, manifests, only, pod, reasons, reasons_with, report_on, trusts,
};

#[test]
fn official_images_of_docker_hub_are_trusted_under_every_name_of_it() {
    let images = ["nginx", "library/nginx", "docker.io/nginx", "index.docker.io/library/nginx"];
    for entry in ["docker.io", "docker.io/library"] {
        trusts(entry, &images);
    }
}

#[test]
fn names_that_only_look_like_a_trusted_registry_are_not_trusted() {
    does_not_trust("docker.io,gcr.io", &["docker.io.evil.com/x", "evilgcr.io/x", "gcr.io:5000/x"]);
    // Without a dot, `gcrXio` is a host only for its upper-case letter.
    does_not_trust("docker.io,gcr.io", &["gcrXio/x"]);
}

#[test]
fn a_path_is_trusted_on_segment_borders_only() {
    does_not_trust(
        "gcr.io/proj",
        &["gcr.io/proj-evil/x", "gcr.io/projx", "gcr.io/pro/x", "gcr.io/x/proj/y", "gcr.io/x"],
    );
    trusts("gcr.io/proj", &["gcr.io/proj/x", "gcr.io/proj", "gcr.io/proj:1", "gcr.io/proj/x/y:1"]);
}

#[test]
fn an_ecr_host_as_a_subdomain_of_another_domain_is_not_trusted() {
    does_not_trust("ecr:602401143452", &["602401143452.dkr.ecr.us-east-1.amazonaws.com.evil.com/x"]);
}

#[test]
fn an_ecr_host_in_the_path_is_not_trusted() {
    let image = ["x.dkr.ecr.us.evil.com/y.amazonaws.com/z"];
    for entry in ["ecr:602401143452", "ecr:self", "ecr:602401143452/us-east-1", "eks-addons"] {
        does_not_trust(entry, &image);
    }
}

#[test]
fn localhost_is_not_docker_hub() {
    does_not_trust("docker.io", &["localhost/x", "localhost:5000/x"]);
}

#[test]
fn what_does_not_parse_is_unparsable_whatever_is_trusted() {
    let entries = "docker.io,ghcr.io,localhost,*.io,ecr:self,eks-addons";
    for image in [
        "",
        "not a reference",
        "http://ghcr.io/x",
        "https://docker.io/nginx",
        " nginx",
        "nginx ",
        "ghcr.io/../x",
        "ghcr.io/Upper",
        "ghcr.io/café",
        "nginx:",
        "nginx@sha256:abc",
        "1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a",
    ] {
        assert_eq!(reasons(image, entries), [Reason::Unparsable], "{image:?}");
        let pinned = json!({"trustedRegistries": entries, "requireDigest": "true", "imageId": "require"});
        assert_eq!(reasons_with(image, &pinned, &cluster()), [Reason::Unparsable], "alone: {image:?}");
    }
}

#[test]
fn an_upper_case_host_is_the_host_in_lower_case() {
    trusts("ghcr.io", &["GHCR.io/x"]);
    trusts("docker.io/library/nginx", &["Docker.IO/nginx"]);
    does_not_trust("docker.io", &["Bitnami/nginx"]);
}

#[test]
fn an_image_volume_is_judged_like_a_container() {
    let mut pod = pod("docker.io/nginx");
    pod["spec"]["volumes"] = json!([
        {"name": "models", "image": {"reference": "quay.io/models/llm:1"}},
        {"name": "empty", "emptyDir": {}},
        {"name": "good", "image": {"reference": "docker.io/team/files"}},
        {"name": "blank", "image": {}},
    ]);
    let report = report_on(&json!({"trustedRegistries": "docker.io"}), &cluster(), &[pod]);
    let told: Vec<_> = report
        .findings
        .iter()
        .map(|finding| {
            let (container, image) = (finding.container.as_deref().unwrap(), finding.image.as_deref().unwrap());
            (container, finding.container_kind.unwrap(), image, finding.reasons.clone())
        })
        .collect();
    assert_eq!(
        told,
        [
            ("blank", ContainerKind::ImageVolume, "", vec![Reason::Unparsable]),
            ("models", ContainerKind::ImageVolume, "quay.io/models/llm:1", vec![Reason::Untrusted]),
        ]
    );
    assert_eq!(report.counts.containers, 1, "an image volume is no container");
    assert_eq!(
        report.annotation,
        "2 of 4 images not trusted, in 2 subjects: shop/Pod/web-0[volume blank] Unparsable (empty image); \
         shop/Pod/web-0[volume models] Untrusted quay.io/models/llm:1. 1 container reports no running image."
    );
}

#[test]
fn init_containers_sidecars_and_ephemeral_containers_are_judged() {
    let mut pod = pod("nginx");
    pod["spec"]["initContainers"] = json!([
        {"name": "setup", "image": "quay.io/setup"},
        {"name": "proxy", "image": "quay.io/proxy", "restartPolicy": "Always"},
    ]);
    pod["spec"]["ephemeralContainers"] = json!([{"name": "debug", "image": "quay.io/debug"}]);
    let report = report_on(&json!({"trustedRegistries": "docker.io"}), &cluster(), &[pod]);
    let told: Vec<_> = report
        .findings
        .iter()
        .map(|finding| (finding.container.clone().unwrap(), finding.container_kind.unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            ("debug".to_owned(), ContainerKind::EphemeralContainer),
            ("proxy".to_owned(), ContainerKind::InitContainer),
            ("setup".to_owned(), ContainerKind::InitContainer),
        ]
    );
}

#[test]
fn a_digest_is_required_only_where_the_parameter_says_so() {
    let pinned = format!("nginx@{SHA}");
    let both = format!("nginx:1.25@{SHA}");
    for required in ["false", ""] {
        let parameters = json!({"trustedRegistries": "docker.io", "requireDigest": required});
        assert_eq!(reasons_with("nginx", &parameters, &cluster()), []);
    }
    let parameters = json!({"trustedRegistries": "docker.io", "requireDigest": "True"});
    for image in [&pinned, &both] {
        assert_eq!(reasons_with(image, &parameters, &cluster()), []);
    }
    for image in ["nginx", "nginx:1.25", "nginx:latest"] {
        assert_eq!(reasons_with(image, &parameters, &cluster()), [Reason::NotPinned], "{image}");
    }
    assert_eq!(reasons_with("quay.io/x:1", &parameters, &cluster()), [Reason::Untrusted, Reason::NotPinned]);
    assert_eq!(reasons_with(&format!("quay.io/x@{SHA}"), &parameters, &cluster()), [Reason::Untrusted]);
}

#[test]
fn two_images_of_one_owner_are_two_findings() {
    let pods: Vec<_> = [("a", "quay.io/x:1"), ("b", "quay.io/x:2"), ("c", "quay.io/x:1")]
        .map(|(name, image)| {
            let mut pod = pod(image);
            pod["metadata"]["name"] = json!(format!("web-{name}"));
            pod["metadata"]["ownerReferences"] = json!([{"kind": "StatefulSet", "name": "web", "controller": true}]);
            pod
        })
        .into();
    let report = report_on(&json!({"trustedRegistries": "docker.io"}), &cluster(), &pods);
    let told: Vec<_> =
        report.findings.iter().map(|finding| (finding.image.clone().unwrap(), finding.pods.unwrap())).collect();
    assert_eq!(told, [("quay.io/x:1".to_owned(), 2), ("quay.io/x:2".to_owned(), 1)]);
    assert!(report.annotation.starts_with("3 of 3 images not trusted, in 2 subjects: "), "{}", report.annotation);
}

#[test]
fn the_image_is_told_as_it_is_written() {
    for image in ["nginx", "Index.Docker.IO/nginx:1", "GHCR.io:443/x"] {
        let report = report_on(&json!({"trustedRegistries": "quay.io"}), &cluster(), &[pod(image)]);
        assert_eq!(only(&report).image.as_deref(), Some(image));
    }
}

#[test]
fn an_exempt_container_or_volume_is_no_finding() {
    let mut pod = pod("quay.io/x");
    pod["spec"]["volumes"] = json!([{"name": "models", "image": {"reference": "quay.io/models"}}]);
    let exemptions = r#"[{"namespace": "shop", "pod": "web-0", "container": "app", "reason": "bought"},
        {"namespace": "shop", "pod": "web-0", "container": "models", "reason": "bought", "expires": "2026-11-24"}]"#;
    let mut configuration = configuration(&json!({"trustedRegistries": "docker.io"})).unwrap();
    configuration.exempt(Exemption::parse_list("exemptions", exemptions).unwrap());
    let mut judge = configuration.judge(&cluster()).unwrap();
    judge.observe(eks_rules::Object::Pod(&eks_rules::decode("Pod", &pod).unwrap()));
    let report = judge.report();
    assert_eq!(report.findings, []);
    assert_eq!(report.counts.exempted, 2);
    assert_eq!(report.notes, ["2 exempted"]);
}

#[test]
fn the_annotation_of_a_compliant_cluster_says_what_was_judged() {
    let image = format!("nginx@{SHA}");
    let judged = |parameters| report_on(&parameters, &manifests(), &[pod(&image)]);
    let report = judged(json!({"trustedRegistries": "docker.io"}));
    assert_eq!(report.compliance_type, ComplianceType::Compliant);
    assert_eq!(report.annotation, "1 image of 1 pod in 1 namespace: all trusted.");
    let report = judged(json!({"trustedRegistries": "docker.io", "requireDigest": "true"}));
    assert_eq!(report.annotation, "1 image of 1 pod in 1 namespace: all trusted and pinned by digest.");
    let report = report_on(&json!({"trustedRegistries": "docker.io"}), &cluster(), &[]);
    assert_eq!(report.annotation, "0 images of 0 pods in 0 namespaces: all trusted.");
}

#[test]
fn the_annotation_tells_untrusted_and_unpinned_images_apart() {
    let parameters = json!({"trustedRegistries": "docker.io", "requireDigest": "true"});
    let report = report_on(&parameters, &manifests(), &[pod("nginx:1")]);
    assert_eq!(
        report.annotation,
        "1 of 1 image not pinned by digest, in 1 subject: shop/Pod/web-0[app] NotPinned nginx:1."
    );
    let report = report_on(&parameters, &manifests(), &[pod("nginx:1"), pod("quay.io/x")]);
    assert_eq!(
        report.annotation,
        "1 of 2 images not trusted, 1 more not pinned by digest, in 2 subjects: \
         shop/Pod/web-0[app] Untrusted,NotPinned quay.io/x; shop/Pod/web-0[app] NotPinned nginx:1."
    );
}

#[test]
fn the_advice_says_what_to_do() {
    let advice = |image: &str, parameters| only(&report_on(&parameters, &cluster(), &[pod(image)])).advice.clone();
    assert_eq!(
        advice("bitnami/redis:7", json!({"trustedRegistries": "ecr:self"})),
        "Mirror docker.io/bitnami/redis to a trusted registry (ecr:self) and take it from there, or add \
         docker.io/bitnami/redis to trustedRegistries."
    );
    assert!(
        advice("quay.io/x", json!({"trustedRegistries": "a.io,b.io,c.io"})).contains("registry (a.io, b.io, c.io) and")
    );
    assert_eq!(
        advice("quay.io/x", json!({"trustedRegistries": "a.io,b.io,c.io,d.io"})),
        "Mirror quay.io/x to a trusted registry (a.io, b.io, c.io, …) and take it from there, or add quay.io/x to \
         trustedRegistries."
    );
    assert_eq!(
        advice("nginx:1", json!({"trustedRegistries": "docker.io", "requireDigest": "true"})),
        "Pin the image by digest: nginx:1@sha256:…, with the digest that `crane digest nginx:1` tells."
    );
    assert_eq!(
        advice("https://ghcr.io/x", json!({"trustedRegistries": "ghcr.io"})),
        "Correct the image reference, HOST/PATH[:TAG][@DIGEST]: it has a scheme such as https://."
    );
    assert_eq!(
        advice("", json!({"trustedRegistries": "ghcr.io"})),
        "Correct the image reference, HOST/PATH[:TAG][@DIGEST]: it is empty."
    );
}

#[test]
fn the_advice_for_a_static_pod_leads_to_its_manifest() {
    let mut pod = pod("quay.io/x");
    pod["metadata"]["annotations"] = json!({"kubernetes.io/config.mirror": "1"});
    let report = report_on(&json!({"trustedRegistries": "docker.io"}), &cluster(), &[pod]);
    assert!(only(&report).advice.ends_with("It is a static pod: change its manifest on its node."));
}

#[test]
fn finished_pods_and_excluded_namespaces_are_not_judged() {
    let mut finished = pod("quay.io/x");
    finished["status"]["phase"] = json!("Succeeded");
    let mut system = pod("quay.io/x");
    system["metadata"]["namespace"] = json!("kube-system");
    let parameters = json!({"trustedRegistries": "docker.io", "excludedNamespaces": "kube-*"});
    let report = report_on(&parameters, &manifests(), &[finished, system]);
    assert_eq!(
        report.annotation,
        "0 images of 0 pods in 1 namespace: all trusted. 1 namespace excluded. 1 finished pod not judged."
    );
}
