//! The reviewed set. Each snapshot is one rule in one reading; each line is what AWS Config shows of one cluster.

use std::fmt::Write;

use eks_rules::{Configuration, Exemption, Kind, Report, RuleName, not_judged_annotation};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::judging::{bare_pod, configuration, container, controlled, deployed, in_namespace, in_phase, report_of};
use crate::net_pol_cluster::{
    host_network_pod, labelled_namespace, namespace, of_kind, pod as net_pol_pod, policy_in, report_exempting,
};

/// The longest name of a namespace or container, and of most other objects.
fn long_label(letter: &str) -> String {
    letter.repeat(63)
}

fn long_name(letter: &str) -> String {
    letter.repeat(253)
}

/// Compares a set of annotations with the reviewed one, and holds each against what every annotation must be.
#[track_caller]
fn assert_reviewed(name: &str, annotations: &[(&str, String)]) {
    let mut text = String::new();
    for (scene, annotation) in annotations {
        let (characters, units) = (annotation.chars().count(), annotation.encode_utf16().count());
        assert!((1..=256).contains(&characters) && units <= 256, "{name}, {scene}: {units} units: {annotation}");
        assert!(annotation.ends_with('.'), "{name}, {scene}: {annotation}");
        assert!(!annotation.contains(char::is_control), "{name}, {scene}: {annotation}");
        writeln!(text, "{scene} ({units}):\n  {annotation}").unwrap();
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(format!("annotation__{name}"), text));
}

/// Exemptions of everything in `exempt`, of something that is gone and of something that expired.
fn exemptions() -> Value {
    json!([
        {"namespace": "exempt", "reason": "agreed"},
        {"namespace": "gone", "reason": "agreed"},
        {"namespace": "payments", "reason": "agreed", "expires": "2026-10-31"},
    ])
}

/// A cluster as one of the rules about containers sees it: each scene's pods, and whether it has exemptions.
fn container_scenes(bad: &dyn Fn(usize) -> Value, good: &Value) -> Vec<(&'static str, Vec<Value>, Value)> {
    let of = |namespace: &str, container: Value, deployment: &str, suffix: &str| {
        let pod = bare_pod("x", json!({"containers": [container]}));
        in_namespace(deployed(pod, deployment, suffix), namespace)
    };
    let named = |name: &str, mut container: Value| {
        container["name"] = json!(name);
        container
    };
    let many = |number: usize| -> Vec<Value> {
        let replicas = |place: usize| if place == 2 { 12 } else { 1 };
        (0..number)
            .flat_map(|place| (0..replicas(place)).map(move |replica| (place, format!("r{replica:02}"))))
            .map(|(place, suffix)| of("payments", bad(place), &format!("service-{place:03}"), &suffix))
            .collect()
    };
    let init = bare_pod("x", json!({"initContainers": [bad(0)], "ephemeralContainers": [bad(1)]}));
    let mut static_pod = controlled(bare_pod("x", json!({"containers": [bad(0)]})), "proxy-node-1", "Node", "node-1");
    static_pod["metadata"]["annotations"] = json!({"kubernetes.io/config.mirror": "9d1c"});
    let passed_over = || {
        vec![
            in_namespace(bare_pod("a", json!({"containers": [bad(0)]})), "kube-system"),
            in_namespace(bare_pod("b", json!({"containers": [bad(0)]})), "kube-public"),
            in_phase(of("payments", bad(0), "report", "0"), "Succeeded"),
            in_phase(of("payments", bad(0), "report", "1"), "Failed"),
            of("exempt", bad(0), "agent", "0"),
            of("exempt", bad(0), "agent", "1"),
        ]
    };
    let ok = of("payments", good.clone(), "api", "a");
    vec![
        ("nothing judged", vec![], json!([])),
        ("nothing found", vec![ok.clone(), of("blog", good.clone(), "web", "a")], json!([])),
        ("one", vec![ok.clone(), of("payments", bad(0), "web", "a")], json!([])),
        (
            "one of several pods",
            ["a", "b", "c"].map(|suffix| of("payments", bad(0), "web", suffix)).to_vec(),
            json!([]),
        ),
        ("init, ephemeral, static", vec![in_namespace(init, "payments"), static_pod], json!([])),
        ("several", many(3), json!([])),
        ("too many", many(300), json!([])),
        (
            "long names",
            vec![
                of(&long_label("n"), named(&long_label("c"), bad(0)), &long_name("d"), "a"),
                of("payments", bad(3), "web", "a"),
            ],
            json!([]),
        ),
        (
            "only long names",
            vec![of(&long_label("n"), named(&long_label("c"), bad(0)), &long_name("d"), "a")],
            json!([]),
        ),
        (
            "non-ASCII",
            (0..40)
                .map(|place| of("zahlungen-ä", named("容器", bad(place)), &format!("dienst-🚀-{place}"), "a"))
                .collect(),
            json!([]),
        ),
        (
            "control characters",
            vec![of("pay\nments", named("a\tb\u{202e}c", bad(0)), "we\0b\u{1b}[31m", "a")],
            json!([]),
        ),
        ("all notes, nothing found", [passed_over(), vec![ok.clone()]].concat(), exemptions()),
        ("all notes, one", [passed_over(), vec![of("payments", bad(0), "web", "a")]].concat(), exemptions()),
        ("all notes, too many", [passed_over(), many(300)].concat(), exemptions()),
    ]
}

/// What a rule about containers says of each scene, with `kube-*` excluded.
fn review_containers(name: &str, rule: RuleName, mut parameters: Value, bad: &dyn Fn(usize) -> Value, good: &Value) {
    parameters["excludedNamespaces"] = json!("kube-*");
    let said: Vec<_> = container_scenes(bad, good)
        .into_iter()
        .map(|(scene, pods, exemptions)| {
            let mut configuration: Configuration = configuration(rule, &parameters).unwrap();
            configuration.exempt(Exemption::parse_list("exemptions", &exemptions.to_string()).unwrap());
            let report: Report = report_of(&configuration, &pods);
            (scene, report.annotation)
        })
        .collect();
    assert_reviewed(name, &said);
}

/// Containers that each reading finds, with reasons of every weight.
fn escalating(place: usize) -> Value {
    let context = match place % 4 {
        0 => json!({"allowPrivilegeEscalation": true}),
        1 => json!({"privileged": true, "allowPrivilegeEscalation": true}),
        2 => json!({"capabilities": {"add": ["SYS_ADMIN"]}, "allowPrivilegeEscalation": true}),
        _ => json!({"allowPrivilegeEscalation": true, "runAsNonRoot": true}),
    };
    container("app", context)
}

#[test]
fn priv_escalation_effective() {
    let bad = |place| if place % 5 == 4 { container("app", Value::Null) } else { escalating(place) };
    let good = container("app", json!({"allowPrivilegeEscalation": false}));
    review_containers("priv_escalation_effective", RuleName::PrivEscalation, json!({}), &bad, &good);
}

#[test]
fn priv_escalation_restricted() {
    let bad = |place| if place % 2 == 0 { container("app", Value::Null) } else { escalating(place) };
    let good = container("app", json!({"allowPrivilegeEscalation": false}));
    let parameters = json!({"reading": "restricted"});
    review_containers("priv_escalation_restricted", RuleName::PrivEscalation, parameters, &bad, &good);
}

#[test]
fn priv_escalation_explicit() {
    let parameters = json!({"reading": "explicit"});
    let good = container("app", Value::Null);
    review_containers("priv_escalation_explicit", RuleName::PrivEscalation, parameters, &escalating, &good);
}

#[test]
fn priv_escalation_secrets() {
    let bad = |place| {
        let mut container = if place % 2 == 0 {
            escalating(place)
        } else {
            container("app", json!({"allowPrivilegeEscalation": false}))
        };
        if place % 3 > 0 || place % 2 == 1 {
            container["envFrom"] = json!([{"secretRef": {"name": "database"}}]);
        }
        container
    };
    let good = container("app", json!({"allowPrivilegeEscalation": false}));
    let parameters = json!({"secretsInEnv": "require"});
    review_containers("priv_escalation_secrets", RuleName::PrivEscalation, parameters, &bad, &good);
}

#[test]
fn priv_escalation_secrets_reported() {
    let with_secret = |context: Value| {
        let mut container = container("app", context);
        container["env"] = json!([{"name": "A", "valueFrom": {"secretKeyRef": {"name": "database", "key": "b"}}}]);
        container
    };
    let bad = |place| if place % 2 == 0 { with_secret(Value::Null) } else { escalating(place) };
    let good = with_secret(json!({"allowPrivilegeEscalation": false}));
    let parameters = json!({"reading": "restricted", "secretsInEnv": "report"});
    review_containers("priv_escalation_secrets_reported", RuleName::PrivEscalation, parameters, &bad, &good);
}

/// Images that are not trusted, of every length and kind.
fn untrusted(place: usize) -> Value {
    let image = match place % 4 {
        0 => "docker.io/bitnami/redis:7.2".to_owned(),
        1 => format!("registry.example.com/a/deep/path/to/an/image-{place}@sha256:{}", "0f".repeat(32)),
        2 => "not a reference".to_owned(),
        _ => "quay.io/x:1".to_owned(),
    };
    json!({"name": "app", "image": image})
}

#[test]
fn trusted_reg_check_registries() {
    let parameters = json!({"trustedRegistries": "ghcr.io/example"});
    let good = json!({"name": "app", "image": "ghcr.io/example/api:1"});
    review_containers("trusted_reg_check_registries", RuleName::TrustedRegCheck, parameters, &untrusted, &good);
}

#[test]
fn trusted_reg_check_digests() {
    let parameters = json!({"trustedRegistries": "ghcr.io/example", "requireDigest": "true"});
    let good = json!({"name": "app", "image": format!("ghcr.io/example/api@sha256:{}", "0f".repeat(32))});
    let bad = |place| {
        if place % 2 == 0 { json!({"name": "app", "image": "ghcr.io/example/api:1"}) } else { untrusted(place) }
    };
    review_containers("trusted_reg_check_digests", RuleName::TrustedRegCheck, parameters, &bad, &good);
}

/// Namespaces with and without what a rung of netPolCheck asks for.
fn review_namespaces(name: &str, parameters: Value) {
    let deny = || json!({"policyTypes": ["Ingress", "Egress"]});
    let ok = |name: &str| vec![namespace(name), policy_in(name, deny())];
    let pod_of = |namespace: &str, deployment: &str| {
        let (kind, mut pod) = net_pol_pod(json!({"app": deployment}));
        pod["metadata"]["namespace"] = json!(namespace);
        pod["metadata"]["ownerReferences"][0]["name"] = json!(format!("{deployment}-5d8f7c9b4"));
        (kind, pod)
    };
    let bad = |name: &str, workloads: usize| -> Vec<(Kind, Value)> {
        let pods = (0..workloads).map(|place| pod_of(name, &format!("service-{place:02}")));
        std::iter::once(namespace(name)).chain(pods).collect()
    };
    let many =
        |number: usize| (0..number).flat_map(|place| bad(&format!("team-{place:03}"), place % 9)).collect::<Vec<_>>();
    let passed_over = || {
        let (kind, mut terminating) = namespace("leaving");
        terminating["status"]["phase"] = json!("Terminating");
        let (pod, mut finished) = pod_of("payments", "report");
        finished["status"]["phase"] = json!("Succeeded");
        let (_, mut host) = host_network_pod();
        host["metadata"]["namespace"] = json!("payments");
        let admin = of_kind(Kind::AdminNetworkPolicy, "", json!({}));
        let objects = vec![
            namespace("kube-system"),
            namespace("kube-public"),
            (kind, terminating),
            (pod, finished),
            (pod, host),
            admin,
        ];
        [objects, bad("exempt", 1)].concat()
    };
    let young = labelled_namespace("new", json!({"team": "blue"}));
    let evidence = json!({"enforcement": "ignore"});
    let scenes = [
        ("nothing judged", vec![], json!([]), &evidence),
        ("nothing found", [ok("payments"), ok("blog"), vec![pod_of("blog", "web")]].concat(), json!([]), &evidence),
        ("nothing found, not enforced", ok("payments"), json!([]), &parameters),
        ("one", [ok("blog"), bad("payments", 1)].concat(), json!([]), &evidence),
        ("one with many workloads", [ok("blog"), bad("payments", 60)].concat(), json!([]), &evidence),
        ("several", many(4), json!([]), &evidence),
        ("too many", many(300), json!([]), &evidence),
        ("too many, not enforced", many(300), json!([]), &parameters),
        (
            "long names",
            [
                bad(&long_label("n"), 0),
                vec![pod_of(&long_label("n"), &long_name("d"))],
                bad("payments", 1),
                vec![young],
            ]
            .concat(),
            json!([]),
            &evidence,
        ),
        (
            "non-ASCII",
            (0..40).flat_map(|place| bad(&format!("zahlungen-🚀-{place}"), 1)).collect(),
            json!([]),
            &evidence,
        ),
        ("control characters", bad("pay\nments\u{2028}\0", 1), json!([]), &evidence),
        ("all notes, nothing found", [ok("payments"), passed_over()].concat(), exemptions(), &parameters),
        ("all notes, one", [bad("payments", 1), passed_over()].concat(), exemptions(), &parameters),
        ("all notes, too many", [many(300), passed_over()].concat(), exemptions(), &parameters),
    ];
    let said: Vec<_> = scenes
        .into_iter()
        .map(|(scene, objects, exemptions, further)| {
            let mut given = parameters.clone();
            given.as_object_mut().unwrap().extend(further.as_object().unwrap().clone());
            given["excludedNamespaces"] = json!("kube-*");
            (scene, report_exempting(&given, &objects, &exemptions.to_string()).annotation)
        })
        .collect();
    assert_reviewed(name, &said);
}

#[test]
fn net_pol_check_any() {
    review_namespaces("net_pol_check_any", json!({"requires": "any"}));
}

#[test]
fn net_pol_check_covered() {
    review_namespaces("net_pol_check_covered", json!({"requires": "covered"}));
}

#[test]
fn net_pol_check_default_deny_ingress() {
    review_namespaces("net_pol_check_default_deny_ingress", json!({"requires": "default-deny-ingress"}));
}

#[test]
fn net_pol_check_default_deny_egress() {
    review_namespaces("net_pol_check_default_deny_egress", json!({"requires": "default-deny-egress"}));
}

#[test]
fn net_pol_check_default_deny() {
    review_namespaces("net_pol_check_default_deny", json!({"requires": "default-deny"}));
}

#[test]
fn net_pol_check_enforcement_required() {
    review_namespaces(
        "net_pol_check_enforcement_required",
        json!({"requires": "default-deny", "enforcement": "require"}),
    );
}

#[test]
fn not_judged() {
    let chain = "GET https://0123456789ABCDEF.gr7.eu-central-1.eks.amazonaws.com/api/v1/pods?limit=500";
    let said = [
        (
            "short",
            "list pods",
            "403 Forbidden: pods is forbidden: User eks-config-rules cannot list resource pods.".to_owned(),
        ),
        (
            "long",
            "list pods",
            format!("{chain}: {}.", "the connection was closed before the answer was complete; ".repeat(9)),
        ),
        ("one long word", "list pods", format!("{}.", "x".repeat(400))),
        ("lines", "describe cluster", "no answer\r\nafter 10 s\u{0}.".to_owned()),
        ("non-ASCII", "describe cluster", format!("{}.", "🚀".repeat(400))),
    ];
    let since: Timestamp = "2026-03-01T05:06:07.5Z".parse().unwrap();
    let worded = said.map(|(scene, step, cause)| (scene, not_judged_annotation(step, &cause, since)));
    assert_reviewed("not_judged", &worded);
}
