//! What makes a container a finding, in each of the three readings.

use eks_rules::Reason::{self, AllowPrivilegeEscalation, Privileged, SysAdmin, Unset};
use serde_json::{Value, json};

use crate::judging::{bare_pod, container, escalation, pod_of};

/// The reasons against a pod of which at most one container is found.
#[track_caller]
fn reasons(reading: &str, pod: &Value) -> Vec<Reason> {
    let findings = escalation(&json!({"reading": reading}), std::slice::from_ref(pod)).findings;
    assert!(findings.len() <= 1, "{reading}: {findings:#?}");
    findings.into_iter().flat_map(|finding| finding.reasons).collect()
}

/// One row: the reasons that `effective`, `restricted` and `explicit` have against a pod.
#[track_caller]
fn row(pod: &Value, effective: &[Reason], restricted: &[Reason], explicit: &[Reason]) {
    for (reading, expected) in [("effective", effective), ("restricted", restricted), ("explicit", explicit)] {
        assert_eq!(reasons(reading, pod), expected, "{reading}: {pod}");
    }
    assert_eq!(reasons("", pod), effective, "effective is the default: {pod}");
}

fn windows(security_context: Value) -> Value {
    let mut pod = pod_of(security_context);
    pod["spec"]["os"] = json!({"name": "windows"});
    pod
}

#[test]
fn true_is_a_finding_in_every_reading() {
    let found = &[AllowPrivilegeEscalation];
    row(&pod_of(json!({"allowPrivilegeEscalation": true})), found, found, found);
}

#[test]
fn false_and_nothing_else_is_ok_in_every_reading() {
    row(&pod_of(json!({"allowPrivilegeEscalation": false})), &[], &[], &[]);
    let hardened = json!({
        "allowPrivilegeEscalation": false, "privileged": false, "runAsNonRoot": true, "readOnlyRootFilesystem": true,
        "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"},
    });
    row(&pod_of(hardened), &[], &[], &[]);
}

#[test]
fn unset_is_a_finding_save_in_the_explicit_reading() {
    for unset in [json!({}), json!({"allowPrivilegeEscalation": null}), json!({"runAsNonRoot": true})] {
        row(&pod_of(unset), &[Unset], &[Unset], &[]);
    }
    row(&pod_of(json!({"privileged": false})), &[Unset], &[Unset], &[]);
    row(&pod_of(json!({"privileged": null, "capabilities": null})), &[Unset], &[Unset], &[]);
}

#[test]
fn no_security_context_is_as_unset() {
    row(&pod_of(Value::Null), &[Unset], &[Unset], &[]);
    let null = bare_pod("web-0", json!({"containers": [{"name": "app", "securityContext": null}]}));
    row(&null, &[Unset], &[Unset], &[]);
}

#[test]
fn unset_is_counted_in_the_annotation_of_the_explicit_reading() {
    let report = escalation(&json!({"reading": "explicit"}), &[pod_of(json!({})), pod_of(Value::Null)]);
    assert_eq!(
        report.annotation,
        "2 containers of 2 pods in 1 namespace: none sets allowPrivilegeEscalation: true (2 leave it unset)."
    );
    let one =
        [pod_of(json!({"privileged": true})), windows(json!({})), pod_of(json!({"allowPrivilegeEscalation": true}))];
    assert_eq!(
        escalation(&json!({"reading": "explicit"}), &one).annotation,
        "1 of 3 containers sets allowPrivilegeEscalation: true (1 leaves it unset), in 1 subject: \
         shop/Pod/web-0[app] AllowPrivilegeEscalation."
    );
}

#[test]
fn privileged_with_the_flag_unset_has_both_reasons_and_is_ok_in_the_explicit_reading() {
    row(&pod_of(json!({"privileged": true})), &[Privileged, Unset], &[Unset], &[]);
}

#[test]
fn privileged_with_the_flag_true_is_a_finding_in_every_reading() {
    let flag = &[AllowPrivilegeEscalation];
    let both = &[AllowPrivilegeEscalation, Privileged];
    row(&pod_of(json!({"privileged": true, "allowPrivilegeEscalation": true})), both, flag, flag);
}

#[test]
fn privileged_with_the_flag_false_is_a_finding_in_the_effective_reading_alone() {
    row(&pod_of(json!({"privileged": true, "allowPrivilegeEscalation": false})), &[Privileged], &[], &[]);
}

#[test]
fn an_added_sys_admin_with_the_flag_false_is_a_finding_in_the_effective_reading_alone() {
    for name in ["SYS_ADMIN", "CAP_SYS_ADMIN", "sys_admin", "Cap_Sys_Admin", "cap_sys_admin"] {
        for add in [json!([name]), json!(["NET_BIND_SERVICE", name])] {
            let context = json!({"allowPrivilegeEscalation": false, "capabilities": {"add": add}});
            row(&pod_of(context), &[SysAdmin], &[], &[]);
        }
    }
}

#[test]
fn an_added_all_with_the_flag_false_is_as_an_added_sys_admin() {
    for name in ["ALL", "all", "All", "CAP_ALL", "cap_all"] {
        let context = json!({"allowPrivilegeEscalation": false, "capabilities": {"add": [name]}});
        row(&pod_of(context), &[SysAdmin], &[], &[]);
    }
}

#[test]
fn other_capabilities_are_ok() {
    for name in
        ["NET_ADMIN", "SYS_ADMI", "SYS_ADMINS", "XCAP_SYS_ADMIN", "CAP_CAP_SYS_ADMIN", "ALLES", "", "CAP_", "sys-admin"]
    {
        let context = json!({"allowPrivilegeEscalation": false, "capabilities": {"add": [name]}});
        row(&pod_of(context), &[], &[], &[]);
    }
}

#[test]
fn a_field_of_the_pods_security_context_counts_as_unset() {
    for flag in [false, true] {
        let mut pod = pod_of(Value::Null);
        pod["spec"]["securityContext"] = json!({"allowPrivilegeEscalation": flag, "runAsNonRoot": true});
        row(&pod, &[Unset], &[Unset], &[]);
    }
    let mut pod = pod_of(json!({"allowPrivilegeEscalation": false}));
    pod["spec"]["securityContext"] = json!({"allowPrivilegeEscalation": true, "privileged": true});
    row(&pod, &[], &[], &[]);
}

#[test]
fn unset_in_a_windows_pod_is_ok_in_every_reading() {
    for unset in [Value::Null, json!({}), json!({"windowsOptions": {"runAsUserName": "ContainerUser"}})] {
        row(&windows(unset), &[], &[], &[]);
    }
}

#[test]
fn true_in_a_windows_pod_is_ok_in_the_restricted_reading_alone() {
    let flag = &[AllowPrivilegeEscalation];
    row(&windows(json!({"allowPrivilegeEscalation": true})), flag, &[], flag);
}

#[test]
fn a_linux_pod_that_says_so_is_judged_like_one_that_does_not() {
    for name in ["linux", "", "Windows"] {
        let mut pod = pod_of(json!({}));
        pod["spec"]["os"] = json!({"name": name});
        row(&pod, &[Unset], &[Unset], &[]);
    }
}

#[test]
fn an_added_sys_admin_wins_over_a_dropped_all() {
    let capabilities = json!({"add": ["SYS_ADMIN"], "drop": ["ALL"]});
    let pod = |flag| pod_of(json!({"allowPrivilegeEscalation": flag, "capabilities": capabilities}));
    let flag = &[AllowPrivilegeEscalation];
    row(&pod(json!(false)), &[SysAdmin], &[], &[]);
    row(&pod(json!(true)), &[AllowPrivilegeEscalation, SysAdmin], flag, flag);
    row(&pod(json!(null)), &[SysAdmin, Unset], &[Unset], &[]);
}

#[test]
fn a_dropped_sys_admin_wins_over_an_added_one_and_an_added_all() {
    for added in ["ALL", "SYS_ADMIN", "CAP_SYS_ADMIN", "all"] {
        for dropped in ["SYS_ADMIN", "sys_admin", "Sys_Admin"] {
            let capabilities = json!({"add": [added], "drop": ["NET_RAW", dropped]});
            let pod = |flag| pod_of(json!({"allowPrivilegeEscalation": flag, "capabilities": capabilities}));
            let flag = &[AllowPrivilegeEscalation];
            row(&pod(json!(false)), &[], &[], &[]);
            row(&pod(json!(true)), flag, flag, flag);
            row(&pod(json!(null)), &[Unset], &[Unset], &[]);
        }
    }
}

#[test]
fn dropping_other_capabilities_does_not_take_sys_admin_away() {
    // containerd makes CAP_CAP_SYS_ADMIN of the third, which no container has.
    let capabilities = json!({"add": ["ALL"], "drop": ["NET_RAW", "SYS_ADMINS", "CAP_SYS_ADMIN", "cap_sys_admin"]});
    row(&pod_of(json!({"allowPrivilegeEscalation": false, "capabilities": capabilities})), &[SysAdmin], &[], &[]);
}

#[test]
fn windows_by_node_selector_alone_is_judged_as_linux() {
    let mut pod = pod_of(json!({}));
    pod["spec"]["nodeSelector"] = json!({"kubernetes.io/os": "windows"});
    row(&pod, &[Unset], &[Unset], &[]);
}

#[test]
fn a_user_namespace_changes_nothing() {
    let pod = |context| {
        let mut pod = pod_of(context);
        pod["spec"]["hostUsers"] = json!(false);
        pod
    };
    let flag = &[AllowPrivilegeEscalation];
    row(&pod(json!({"allowPrivilegeEscalation": true})), flag, flag, flag);
    row(&pod(json!({})), &[Unset], &[Unset], &[]);
    row(&pod(json!({"allowPrivilegeEscalation": false})), &[], &[], &[]);
}

#[test]
fn true_in_an_init_container_a_sidecar_or_an_ephemeral_container_is_a_finding_in_every_reading() {
    let safe = container("app", json!({"allowPrivilegeEscalation": false}));
    let mut sidecar = container("extra", json!({"allowPrivilegeEscalation": true}));
    let bad = sidecar.clone();
    sidecar["restartPolicy"] = json!("Always");
    let mut debugger = bad.clone();
    debugger["targetContainerName"] = json!("app");
    let found = &[AllowPrivilegeEscalation];
    for (list, one, kind) in [
        ("initContainers", bad, "initContainer"),
        ("initContainers", sidecar, "initContainer"),
        ("ephemeralContainers", debugger, "ephemeralContainer"),
    ] {
        let pod = bare_pod("web-0", json!({"containers": [safe], list: [one]}));
        row(&pod, found, found, found);
        let report = escalation(&json!({}), &[pod]);
        let finding = serde_json::to_value(&report.findings[0]).unwrap();
        assert_eq!((&finding["container"], &finding["containerKind"]), (&json!("extra"), &json!(kind)));
    }
}

#[test]
fn the_first_container_does_not_hide_the_second() {
    let containers =
        json!([container("app", Value::Null), container("agent", json!({"allowPrivilegeEscalation": true}))]);
    let pod = bare_pod("web-0", json!({"containers": containers}));
    for (reading, expected) in [
        ("effective", vec![("agent", vec![AllowPrivilegeEscalation]), ("app", vec![Unset])]),
        ("restricted", vec![("agent", vec![AllowPrivilegeEscalation]), ("app", vec![Unset])]),
        ("explicit", vec![("agent", vec![AllowPrivilegeEscalation])]),
    ] {
        let report = escalation(&json!({"reading": reading}), std::slice::from_ref(&pod));
        let found: Vec<_> = report
            .findings
            .iter()
            .map(|finding| (finding.container.as_deref().unwrap(), finding.reasons.clone()))
            .collect();
        assert_eq!(found, expected, "{reading}");
    }
}

#[test]
fn all_reasons_of_a_container_are_listed_in_their_order() {
    let add = json!({"add": ["SYS_ADMIN"]});
    let flag = &[AllowPrivilegeEscalation];
    let context = json!({"capabilities": add, "privileged": true, "allowPrivilegeEscalation": true});
    row(&pod_of(context), &[AllowPrivilegeEscalation, Privileged, SysAdmin], flag, flag);
    let context = json!({"capabilities": add, "privileged": true});
    row(&pod_of(context), &[Privileged, SysAdmin, Unset], &[Unset], &[]);
}

#[test]
fn reasons_are_told_by_their_names_in_json() {
    let names = serde_json::to_value([AllowPrivilegeEscalation, Privileged, SysAdmin, Unset]).unwrap();
    assert_eq!(names, json!(["AllowPrivilegeEscalation", "Privileged", "SysAdmin", "Unset"]));
}

#[test]
fn a_reading_that_does_not_exist_is_an_error_that_names_the_three() {
    for wrong in ["strict", "Effective", "effective,restricted"] {
        let error = crate::judging::configuration(eks_rules::RuleName::PrivEscalation, &json!({"reading": wrong}));
        let expected = format!("rule parameter reading: given {wrong:?}; allowed: effective, restricted, explicit");
        assert_eq!(error.unwrap_err().to_string(), expected);
    }
}
