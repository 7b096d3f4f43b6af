//! Secrets in environment variables: which references count, in each setting and reading.

use eks_rules::ContainerKind::{self, Container, EphemeralContainer, InitContainer};
use eks_rules::Reason::{self, AllowPrivilegeEscalation, SecretInEnvironment, Unset};
use eks_rules::{Exemption, Finding, Report, RuleName};
use serde_json::{Value, json};

use crate::judging::{bare_pod, configuration, container, deployed, escalation, only, report_of};

/// A container that escalates nothing, with these variables and sources; null leaves them out.
fn with(env: Value, env_from: Value) -> Value {
    let mut container = container("app", json!({"allowPrivilegeEscalation": false}));
    for (field, value) in [("env", env), ("envFrom", env_from)] {
        if !value.is_null() {
            container[field] = value;
        }
    }
    container
}

/// A container with one variable from a Secret.
fn with_secret() -> Value {
    with(json!([variable("database")]), json!(null))
}

fn variable(secret: &str) -> Value {
    json!({"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": secret, "key": "password"}}})
}

fn pod(container: Value) -> Value {
    bare_pod("web-0", json!({"containers": [container]}))
}

fn judge(setting: &str, pods: &[Value]) -> Report {
    escalation(&json!({"secretsInEnv": setting}), pods)
}

fn found(report: &Report) -> Vec<(ContainerKind, &str, &[Reason])> {
    let told = |finding: &Finding| -> (ContainerKind, &'static str) {
        (finding.container_kind.unwrap(), if finding.container.as_deref() == Some("app") { "app" } else { "other" })
    };
    let told = report.findings.iter().map(|finding| (told(finding), &finding.reasons[..]));
    told.map(|((kind, name), reasons)| (kind, name, reasons)).collect()
}

#[test]
fn references_to_secrets_count_in_env_and_in_env_from_and_others_do_not() {
    let none = json!(null);
    let source = |source: Value| json!([{"name": "A", "valueFrom": source}]);
    for (counts, env, env_from) in [
        (true, json!([variable("database")]), none.clone()),
        (true, none.clone(), json!([{"secretRef": {"name": "database"}}])),
        (true, none.clone(), json!([{"secretRef": {"name": "database"}, "prefix": "DB_"}])),
        (true, json!([{"name": "A", "value": "x"}, variable("database")]), none.clone()),
        (true, none.clone(), json!([{"configMapRef": {"name": "a"}}, {"secretRef": {"name": "database"}}])),
        (true, source(json!({"secretKeyRef": {"name": "a", "key": "b", "optional": true}})), none.clone()),
        (true, none.clone(), json!([{"secretRef": {"name": "a", "optional": true}}])),
        (true, source(json!({"secretKeyRef": {}})), none.clone()),
        (true, none.clone(), json!([{"secretRef": {"name": null}}])),
        (false, none.clone(), none.clone()),
        (false, json!([]), json!([])),
        (false, json!([null, {"name": "A", "value": "secretKeyRef"}]), json!([null])),
        (false, source(none.clone()), json!([{"secretRef": null}])),
        (false, source(json!({"secretKeyRef": null})), none.clone()),
        (
            false,
            source(json!({"configMapKeyRef": {"name": "a", "key": "b"}})),
            json!([{"configMapRef": {"name": "a"}}]),
        ),
        (false, source(json!({"fieldRef": {"fieldPath": "metadata.name"}})), none.clone()),
        (false, source(json!({"resourceFieldRef": {"resource": "limits.cpu"}})), none.clone()),
        (false, source(json!({"fileKeyRef": {"volumeName": "a", "path": "b", "key": "c"}})), none.clone()),
    ] {
        let pods = [pod(with(env.clone(), env_from.clone()))];
        let report = judge("require", &pods);
        let expected: &[_] = if counts { &[(Container, "app", &[SecretInEnvironment][..])] } else { &[] };
        assert_eq!(found(&report), expected, "{env} {env_from}");
        let noted = judge("report", &pods).notes;
        assert_eq!(noted.len(), usize::from(counts), "{env} {env_from}: {noted:?}");
    }
}

#[test]
fn a_mounted_secret_and_one_to_pull_images_with_are_no_finding() {
    let mut pod = pod(with(json!(null), json!(null)));
    pod["spec"]["volumes"] = json!([{"name": "database", "secret": {"secretName": "database"}}]);
    pod["spec"]["imagePullSecrets"] = json!([{"name": "registry"}]);
    assert_eq!(judge("require", &[pod]).findings, []);
}

#[test]
fn containers_of_every_kind_count() {
    let mut other = with_secret();
    other["name"] = json!("other");
    for (list, kind) in [("initContainers", InitContainer), ("ephemeralContainers", EphemeralContainer)] {
        let pod = bare_pod("web-0", json!({"containers": [with(json!(null), json!(null))], list: [other]}));
        assert_eq!(found(&judge("require", &[pod])), [(kind, "other", &[SecretInEnvironment][..])]);
    }
    let mut sidecar = other.clone();
    sidecar["restartPolicy"] = json!("Always");
    let pod = bare_pod("web-0", json!({"containers": [with_secret(), other], "initContainers": [sidecar]}));
    let expected = [(Container, "app"), (InitContainer, "other"), (Container, "other")];
    assert_eq!(found(&judge("require", &[pod])), expected.map(|(kind, name)| (kind, name, &[SecretInEnvironment][..])));
}

#[test]
fn the_setting_is_a_finding_a_note_or_nothing_in_every_reading() {
    for reading in ["effective", "restricted", "explicit"] {
        let judge =
            |setting: &str| escalation(&json!({"reading": reading, "secretsInEnv": setting}), &[pod(with_secret())]);
        let required = judge("require");
        assert_eq!(found(&required), [(Container, "app", &[SecretInEnvironment][..])], "{reading}");
        assert_eq!(required.notes, [""; 0]);
        let reported = judge("report");
        assert_eq!(
            (&reported.findings[..], &reported.notes[..]),
            (&[][..], &["1 container has Secrets in its environment".to_owned()][..])
        );
        for ignored in [judge("ignore"), judge("")] {
            assert_eq!((ignored.findings.len(), ignored.notes.len()), (0, 0), "{reading}");
        }
    }
}

#[test]
fn it_is_the_last_reason_beside_others() {
    let mut container = with_secret();
    container["securityContext"] = json!({"allowPrivilegeEscalation": true});
    assert_eq!(
        only(&judge("require", &[pod(container.clone())])).reasons,
        [AllowPrivilegeEscalation, SecretInEnvironment]
    );
    assert_eq!(only(&judge("report", &[pod(container.clone())])).reasons, [AllowPrivilegeEscalation]);
    container["securityContext"] = json!({});
    assert_eq!(only(&judge("require", &[pod(container)])).reasons, [Unset, SecretInEnvironment]);
}

#[test]
fn a_windows_pod_is_no_exception() {
    let mut pod = pod(with_secret());
    pod["spec"]["os"] = json!({"name": "windows"});
    assert_eq!(found(&judge("require", &[pod])), [(Container, "app", &[SecretInEnvironment][..])]);
}

#[test]
fn an_exemption_holds_for_it_where_it_is_a_finding_and_the_note_counts_all() {
    let exempting = |setting: &str| {
        let mut configuration = configuration(RuleName::PrivEscalation, &json!({"secretsInEnv": setting})).unwrap();
        let exemptions = json!([{"namespace": "shop", "container": "app", "reason": "it reads nothing else"}]);
        configuration.exempt(Exemption::parse_list("exemptions", &exemptions.to_string()).unwrap());
        report_of(&configuration, &[pod(with_secret())])
    };
    let required = exempting("require");
    assert_eq!((required.findings.len(), required.counts.exempted), (0, 1));
    assert_eq!(
        required.annotation,
        "1 container of 1 pod in 1 namespace: none may escalate privileges, none has Secrets in its environment without \
         an exemption. 1 exempted."
    );
    let reported = exempting("report");
    assert_eq!(reported.counts.exempted, 0);
    assert!(reported.notes.contains(&"1 container has Secrets in its environment".to_owned()), "{:?}", reported.notes);
    assert!(reported.notes.iter().any(|note| note.contains("redundant")), "{:?}", reported.notes);
}

#[test]
fn the_headline_tells_both_numbers() {
    let bad = |env: Value| {
        let mut container = with(env, json!(null));
        container["securityContext"] = json!({"allowPrivilegeEscalation": true});
        pod(container)
    };
    let (good, secret) = (pod(with(json!(null), json!(null))), pod(with_secret()));
    let both = bad(json!([variable("database")]));
    for (pods, expected) in [
        (
            vec![good.clone()],
            "1 container of 1 pod in 1 namespace: none may escalate privileges, none has Secrets in its environment",
        ),
        (
            vec![good.clone(), secret.clone()],
            "1 of 2 containers has Secrets in its environment, none may escalate privileges, in 1 subject",
        ),
        (
            vec![secret.clone(), secret.clone()],
            "2 of 2 containers have Secrets in their environment, none may escalate privileges, in 1 subject",
        ),
        (
            vec![good, bad(json!(null))],
            "1 of 2 containers may escalate privileges, none has Secrets in its environment, in 1 subject",
        ),
        (
            vec![both.clone(), secret],
            "1 of 2 containers may escalate privileges, 2 have Secrets in their environment, in 1 subject",
        ),
        (
            vec![both, bad(json!(null))],
            "2 of 2 containers may escalate privileges, 1 has Secrets in its environment, in 1 subject",
        ),
    ] {
        let annotation = judge("require", &pods).annotation;
        let told = annotation.strip_suffix('.').unwrap().split(": shop/").next().unwrap();
        assert_eq!(told, expected);
    }
}

#[test]
fn the_advice_names_a_few_secrets_of_all_pods_and_never_a_variable_or_value() {
    let of = |secrets: &[&str], suffix: &str| {
        let variables: Vec<Value> = secrets.iter().map(|secret| variable(secret)).collect();
        deployed(pod(with(json!(variables), json!([{"secretRef": {"name": "smtp"}}]))), "web", suffix)
    };
    for (pods, secrets) in [
        (vec![of(&[], "a")], "Secret smtp"),
        (vec![of(&["database", "database"], "a"), of(&["smtp"], "b")], "Secrets database, smtp"),
        (vec![of(&["z", "database"], "a"), of(&["api-key"], "b")], "Secrets api-key, database, smtp and others"),
    ] {
        for pods in [pods.clone(), pods.into_iter().rev().collect()] {
            let expected = format!(
                "In the container, take {secrets} out of env and envFrom and read the files of a mounted volume instead."
            );
            assert_eq!(only(&judge("require", &pods)).advice, expected);
        }
    }
}

#[test]
fn the_advice_says_what_to_do_about_privileges_first() {
    let mut container = with_secret();
    container["securityContext"] = json!({});
    assert_eq!(
        only(&judge("require", &[pod(container)])).advice,
        "In the container, set securityContext.allowPrivilegeEscalation: false, and take Secret database out of env and \
         envFrom and read the files of a mounted volume instead."
    );
    let debugger = bare_pod("web-0", json!({"ephemeralContainers": [with_secret()]}));
    assert_eq!(
        only(&judge("require", &[debugger])).advice,
        "An ephemeral container cannot be changed: delete the pod once debugging is over."
    );
}

#[test]
fn a_setting_that_does_not_exist_is_an_error_that_names_the_three() {
    for wrong in ["true", "Require", "report,require"] {
        let error = configuration(RuleName::PrivEscalation, &json!({"secretsInEnv": wrong})).unwrap_err();
        let expected = format!("rule parameter secretsInEnv: given {wrong:?}; allowed: ignore, report, require");
        assert_eq!(error.to_string(), expected);
    }
}
