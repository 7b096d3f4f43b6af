//! Pods as `kubectl get pods -o json` gives them. Each fixture breaks one thing, or shows one that is allowed.

use std::collections::BTreeSet;
use std::path::PathBuf;

use eks_rules::ContainerKind::{Container, EphemeralContainer, InitContainer};
use eks_rules::Reason::{AllowPrivilegeEscalation, Privileged, SecretInEnvironment, SysAdmin, Unset};
use eks_rules::{ComplianceType, ContainerKind, Reason, Report};
use serde_json::{Value, json};

use crate::judging::{escalation, owner};

/// These comply in every reading.
const COMPLIANT: [&str; 10] = [
    "debugged_with_the_restricted_profile",
    "finished_job",
    "hardened_deployment",
    "hardened_init_container_and_sidecar",
    "hardened_static_pod",
    "hardened_workloads_of_every_controller",
    "only_the_flag_is_set",
    "secret_mounted",
    "sys_admin_dropped_from_all",
    "windows_pod",
];

/// One expected finding: namespace and owner, container, the reasons of the effective reading.
type Expected = (&'static str, ContainerKind, &'static str, &'static [Reason]);

const API: &str = "payments/Deployment/api";

/// These do not, in the effective reading, with what is found. In the other readings only those reasons count that they
/// know, so a fixture may comply there.
const NON_COMPLIANT: [(&str, &[Expected]); 20] = [
    ("all_added_in_lower_case", &[("monitoring/DaemonSet/profiler", Container, "profiler", &[SysAdmin])]),
    ("bare_pod", &[("default/Pod/shell", Container, "shell", &[Unset])]),
    ("flag_of_the_pod_alone", &[(API, Container, "app", &[Unset])]),
    ("flag_true", &[(API, Container, "app", &[AllowPrivilegeEscalation])]),
    ("flag_unset", &[(API, Container, "app", &[Unset])]),
    ("no_security_context", &[(API, Container, "app", &[Unset])]),
    ("only_a_sidecar", &[(API, InitContainer, "proxy", &[AllowPrivilegeEscalation])]),
    ("only_an_ephemeral_container", &[(API, EphemeralContainer, "debugger-x7k2p", &[Unset])]),
    ("only_an_init_container", &[(API, InitContainer, "migrate", &[AllowPrivilegeEscalation])]),
    ("privileged_and_flag_true", &[(API, Container, "app", &[AllowPrivilegeEscalation, Privileged])]),
    ("privileged_daemon_set", &[("kube-system/DaemonSet/ebs-csi-node", Container, "ebs-plugin", &[Privileged, Unset])]),
    ("replica_set_of_another_controller", &[("payments/ReplicaSet/api-6f9c7d5b8d", Container, "app", &[Unset])]),
    (
        "second_container_true_after_one_without_a_security_context",
        &[(API, Container, "agent", &[AllowPrivilegeEscalation]), (API, Container, "app", &[Unset])],
    ),
    ("secrets_in_environment", &[(API, Container, "app", &[SecretInEnvironment])]),
    (
        "static_pod",
        &[(
            "kube-system/Pod/health-ip-10-0-3-117.eu-central-1.compute.internal",
            Container,
            "health",
            &[Privileged, Unset],
        )],
    ),
    ("sys_admin_added", &[("monitoring/DaemonSet/profiler", Container, "profiler", &[SysAdmin])]),
    ("terminating_pod", &[(API, Container, "app", &[Unset])]),
    ("two_templates_in_a_rollout", &[(API, Container, "app", &[AllowPrivilegeEscalation, Privileged, Unset])]),
    ("user_namespace", &[(API, Container, "app", &[AllowPrivilegeEscalation])]),
    ("windows_by_node_selector_alone", &[("payments/Deployment/legacy", Container, "iis", &[Unset])]),
];

fn directory(half: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "fixtures", "priv_escalation", half].iter().collect()
}

fn judge(half: &str, stem: &str, reading: &str) -> Report {
    let text = std::fs::read_to_string(directory(half).join(stem).with_extension("json")).unwrap();
    let list: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(list["kind"], "List");
    escalation(&json!({"reading": reading, "secretsInEnv": "require"}), list["items"].as_array().unwrap())
}

#[test]
fn every_compliant_fixture_complies_in_every_reading() {
    for stem in COMPLIANT {
        for reading in ["effective", "restricted", "explicit"] {
            let report = judge("compliant", stem, reading);
            assert_eq!(report.compliance_type, ComplianceType::Compliant, "{stem}, {reading}: {}", report.annotation);
        }
    }
}

#[test]
fn every_non_compliant_fixture_has_its_findings_in_every_reading() {
    for (stem, expected) in NON_COMPLIANT {
        for (reading, known) in [
            ("effective", &[AllowPrivilegeEscalation, Privileged, SysAdmin, Unset, SecretInEnvironment][..]),
            ("restricted", &[AllowPrivilegeEscalation, Unset, SecretInEnvironment]),
            ("explicit", &[AllowPrivilegeEscalation, SecretInEnvironment]),
        ] {
            let report = judge("non_compliant", stem, reading);
            let found: Vec<_> = report
                .findings
                .iter()
                .map(|finding| {
                    let owner = format!("{}/{}", finding.namespace.as_deref().unwrap(), owner(finding));
                    let container = finding.container.clone().unwrap();
                    (owner, finding.container_kind.unwrap(), container, finding.reasons.clone())
                })
                .collect();
            let wanted: Vec<_> = expected
                .iter()
                .map(|(owner, kind, container, reasons)| {
                    let reasons: Vec<_> = reasons.iter().copied().filter(|reason| known.contains(reason)).collect();
                    ((*owner).to_owned(), *kind, (*container).to_owned(), reasons)
                })
                .filter(|(.., reasons)| !reasons.is_empty())
                .collect();
            assert_eq!(found, wanted, "{stem}, {reading}");
        }
    }
}

#[test]
fn every_fixture_stands_in_one_of_the_lists_and_every_entry_has_its_fixture() {
    let files = |half: &str| -> BTreeSet<String> {
        std::fs::read_dir(directory(half))
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(files("compliant"), COMPLIANT.iter().map(|stem| (*stem).to_owned()).collect());
    assert_eq!(files("non_compliant"), NON_COMPLIANT.iter().map(|entry| entry.0.to_owned()).collect());
}
