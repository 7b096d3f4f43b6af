//! The words of the annotation and of the advice.

use serde_json::{Value, json};

use crate::judging::{bare_pod, container, deployed, escalation, escalation_exempting, only, pod_of};

fn advice(pod: Value) -> String {
    only(&escalation(&json!({}), &[pod])).advice.clone()
}

#[test]
fn the_headline_says_what_was_judged_or_is_wrong_in_each_reading() {
    let ok = pod_of(json!({"allowPrivilegeEscalation": false}));
    let bad = pod_of(json!({"allowPrivilegeEscalation": true}));
    for (reading, fine, wrong) in [
        ("effective", "none may escalate privileges", "1 of 2 containers may escalate privileges, in 1 subject"),
        (
            "restricted",
            "none may escalate privileges (restricted)",
            "1 of 2 containers may escalate privileges (restricted), in 1 subject",
        ),
        (
            "explicit",
            "none sets allowPrivilegeEscalation: true",
            "1 of 2 containers sets allowPrivilegeEscalation: true, in 1 subject",
        ),
    ] {
        let parameters = json!({"reading": reading});
        let said = |pods: &[Value]| escalation(&parameters, pods).annotation;
        assert_eq!(said(std::slice::from_ref(&ok)), format!("1 container of 1 pod in 1 namespace: {fine}."));
        let subject = "shop/Pod/web-0[app] AllowPrivilegeEscalation";
        assert_eq!(said(&[ok.clone(), bad.clone()]), format!("{wrong}: {subject}."));
    }
    let several = escalation(&json!({"reading": "explicit"}), &[bad.clone(), deployed(bad, "api", "a")]).annotation;
    assert!(several.starts_with("2 of 2 containers set allowPrivilegeEscalation: true, in 2 subjects: "), "{several}");
}

#[test]
fn the_headline_does_not_hide_what_is_exempted() {
    let exemptions = json!([{"namespace": "shop", "reason": "agreed"}]);
    assert_eq!(
        escalation_exempting(&exemptions, &[pod_of(Value::Null)]).annotation,
        "1 container of 1 pod in 1 namespace: none may escalate privileges without an exemption. 1 exempted."
    );
}

#[test]
fn the_advice_fits_the_reasons() {
    for (context, words) in [
        (json!({}), "In the container, set securityContext.allowPrivilegeEscalation: false."),
        (
            json!({"allowPrivilegeEscalation": true}),
            "In the container, set securityContext.allowPrivilegeEscalation: false.",
        ),
        (
            json!({"allowPrivilegeEscalation": false, "privileged": true}),
            "In the container, set securityContext.privileged: false.",
        ),
        (
            json!({"allowPrivilegeEscalation": false, "capabilities": {"add": ["ALL"]}}),
            "In the container, take SYS_ADMIN and ALL out of securityContext.capabilities.add.",
        ),
        (
            json!({"privileged": true, "capabilities": {"add": ["SYS_ADMIN"]}}),
            "In the container, set securityContext.allowPrivilegeEscalation: false, and set securityContext.privileged: \
             false, and take SYS_ADMIN and ALL out of securityContext.capabilities.add.",
        ),
    ] {
        assert_eq!(advice(pod_of(context)), words);
    }
}

#[test]
fn the_advice_for_a_static_pod_leads_to_its_manifest() {
    let mut pod = pod_of(Value::Null);
    pod["metadata"]["annotations"] = json!({"kubernetes.io/config.mirror": "1"});
    assert_eq!(
        advice(pod),
        "In the static pod's manifest on its node, set securityContext.allowPrivilegeEscalation: false."
    );
}

#[test]
fn the_advice_for_an_ephemeral_container_is_to_be_rid_of_it() {
    let pod = bare_pod("web-0", json!({"ephemeralContainers": [container("debugger-x7k2p", Value::Null)]}));
    assert_eq!(
        advice(pod),
        "An ephemeral container cannot be changed: delete the pod once debugging is over, and debug with kubectl debug \
         --profile=restricted."
    );
}

#[test]
fn the_annotation_names_the_worst_first() {
    let pods = [
        deployed(pod_of(Value::Null), "a-unset", "1"),
        deployed(pod_of(json!({"allowPrivilegeEscalation": true})), "b-true", "1"),
        deployed(pod_of(json!({"allowPrivilegeEscalation": true})), "c-true-twice", "1"),
        deployed(pod_of(json!({"allowPrivilegeEscalation": true})), "c-true-twice", "2"),
        deployed(pod_of(json!({"allowPrivilegeEscalation": false, "capabilities": {"add": ["ALL"]}})), "d-admin", "1"),
        deployed(pod_of(json!({"privileged": true})), "e-all", "1"),
    ];
    assert_eq!(
        escalation(&json!({}), &pods).annotation,
        "6 of 6 containers may escalate privileges, in 5 subjects: shop/Deployment/e-all[app] Privileged,Unset; \
         shop/Deployment/d-admin[app] SysAdmin; shop/Deployment/c-true-twice[app] AllowPrivilegeEscalation; \
         shop/Deployment/a-unset[app] Unset; and 1 more."
    );
}
