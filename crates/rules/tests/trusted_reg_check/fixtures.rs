//! Pods as `kubectl get pods -o json` gives them. Each fixture breaks one thing, or shows one that is allowed.

use std::collections::BTreeSet;
use std::path::PathBuf;

use eks_rules::ContainerKind::{Container, EphemeralContainer, ImageVolume, InitContainer};
use eks_rules::Reason::{Unparsable, Untrusted};
use eks_rules::{ComplianceType, ContainerKind, Kind, Reason, Report, decode_list};
use serde_json::json;

use crate::scene::{cluster, judge};

const TRUSTED: &str = "ecr:self, eks-addons, public.ecr.aws/eks-distro, docker.io/library, ghcr.io/example-org, \
                       europe-west3-docker.pkg.dev/example";

/// One expected finding: owner, container, image, reason.
type Expected = (&'static str, ContainerKind, &'static str, &'static str, Reason);

const COMPLIANT: [&str; 9] = [
    "ecr_in_other_spellings",
    "eks_addons",
    "finished_job_of_an_untrusted_registry",
    "image_loaded_on_the_node",
    "image_volume_of_a_trusted_registry",
    "official_images_of_docker_hub",
    "own_account_registry",
    "pinned_by_digest",
    "sidecar_of_a_path_below",
];

const API: &str = "payments/Deployment/api";

const NON_COMPLIANT: [(&str, &[Expected]); 17] = [
    ("another_port", &[(API, Container, "app", "ghcr.io:5000/example-org/app:1", Untrusted)]),
    ("docker_hub_beyond_official_images", &[(API, Container, "cache", "bitnami/redis:7.2", Untrusted)]),
    (
        "ecr_name_below_another_domain",
        &[(
            API,
            Container,
            "app",
            "123456789012.dkr.ecr.eu-central-1.amazonaws.com.evil.example/payments/api:1",
            Untrusted,
        )],
    ),
    (
        "ecr_of_another_account",
        &[(API, Container, "app", "210987654321.dkr.ecr.eu-central-1.amazonaws.com/payments/api:1", Untrusted)],
    ),
    (
        "eks_addon_of_another_region",
        &[(
            "kube-system/DaemonSet/kube-proxy",
            Container,
            "kube-proxy",
            "602401143452.dkr.ecr.us-west-2.amazonaws.com/eks/kube-proxy:v1.33.3-eksbuild.4",
            Untrusted,
        )],
    ),
    ("host_in_upper_case_without_a_dot", &[(API, Container, "app", "Library/nginx", Untrusted)]),
    (
        "host_that_begins_like_a_trusted_one",
        &[(API, Container, "app", "ghcr.io.evil.example/example-org/app:1", Untrusted)],
    ),
    (
        "localhost",
        &[
            (API, Container, "app", "localhost/app", Untrusted),
            (API, Container, "cache", "localhost:5000/cache:1", Untrusted),
        ],
    ),
    ("only_an_ephemeral_container", &[(API, EphemeralContainer, "debugger-7xk2p", "nicolaka/netshoot", Untrusted)]),
    ("only_an_image_volume", &[(API, ImageVolume, "weights", "quay.io/somebody/weights:1", Untrusted)]),
    ("only_an_init_container", &[(API, InitContainer, "migrate", "quay.io/somebody/migrate:4", Untrusted)]),
    ("path_in_upper_case", &[(API, Container, "app", "ghcr.io/Example-Org/app:1", Unparsable)]),
    ("path_that_begins_like_a_trusted_one", &[(API, Container, "app", "ghcr.io/example-org-evil/app:1", Untrusted)]),
    ("reference_with_spaces", &[(API, Container, "app", "not a reference", Unparsable)]),
    (
        "static_pod",
        &[(
            "kube-system/Pod/node-agent-ip-10-0-3-117.eu-central-1.compute.internal",
            Container,
            "agent",
            "quay.io/somebody/agent:1",
            Untrusted,
        )],
    ),
    (
        "two_images_in_a_rollout",
        &[
            (API, Container, "app", "quay.io/somebody/api:1", Untrusted),
            (API, Container, "app", "quay.io/somebody/api:2", Untrusted),
        ],
    ),
    ("url_instead_of_a_reference", &[(API, Container, "app", "https://ghcr.io/example-org/app:1", Unparsable)]),
];

fn directory(half: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests/fixtures/trusted_reg_check", half].iter().collect()
}

fn report(half: &str, name: &str) -> Report {
    let json = std::fs::read(directory(half).join(format!("{name}.json"))).unwrap();
    let mut judge = judge(&json!({"trustedRegistries": TRUSTED}), &cluster());
    decode_list(Kind::Pod, eks_rules::Encoding::Json, &json, &mut |pod| judge.observe(pod)).unwrap();
    judge.report()
}

#[test]
fn no_fixture_is_missing_and_none_is_left_over() {
    for (half, expected) in
        [("compliant", COMPLIANT.to_vec()), ("non_compliant", NON_COMPLIANT.map(|(name, _)| name).to_vec())]
    {
        let found: BTreeSet<String> = std::fs::read_dir(directory(half))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let expected: BTreeSet<String> = expected.iter().map(|name| format!("{name}.json")).collect();
        assert_eq!(found, expected, "{half}");
    }
}

#[test]
fn compliant_fixtures_have_no_finding() {
    for name in COMPLIANT {
        let report = report("compliant", name);
        assert_eq!(report.findings, [], "{name}");
        assert_eq!(report.compliance_type, ComplianceType::Compliant, "{name}");
    }
}

#[test]
fn non_compliant_fixtures_have_their_findings_and_no_other() {
    for (name, expected) in NON_COMPLIANT {
        let report = report("non_compliant", name);
        let found: Vec<_> = report
            .findings
            .iter()
            .map(|finding| {
                let owner = finding.owner.as_ref().unwrap();
                let subject = format!("{}/{}/{}", finding.namespace.as_deref().unwrap(), owner.kind, owner.name);
                let (container, image) = (finding.container.as_deref().unwrap(), finding.image.as_deref().unwrap());
                (subject, finding.container_kind.unwrap(), container, image, finding.reasons.as_slice())
            })
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(subject, kind, container, image, reason)| {
                ((*subject).to_owned(), *kind, *container, *image, std::slice::from_ref(reason))
            })
            .collect();
        assert_eq!(found, expected, "{name}");
        assert_eq!(report.compliance_type, ComplianceType::NonCompliant, "{name}");
    }
}

#[test]
fn the_report_says_how_many_pods_share_a_finding_and_which_is_static() {
    let rollout = report("non_compliant", "two_images_in_a_rollout");
    let pods: Vec<_> = rollout.findings.iter().map(|finding| (finding.pods, finding.mirror)).collect();
    assert_eq!(pods, [(Some(2), Some(false)), (Some(1), Some(false))]);
    assert_eq!(report("non_compliant", "static_pod").findings[0].mirror, Some(true));
}

#[test]
fn an_image_that_was_loaded_on_the_node_is_a_note() {
    let report = report("compliant", "image_loaded_on_the_node");
    assert_eq!(report.annotation, "1 image of 1 pod in 1 namespace: all trusted. 1 running image names no repository.");
}
