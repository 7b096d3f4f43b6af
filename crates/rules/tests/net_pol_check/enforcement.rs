//! Whether anything enforces network policies.

use eks_rules::{ComplianceType, Judge, Kind, Need, Object, Reason, Report};
use serde_json::{Value, json};

use crate::cluster::{configuration, live, manifests, namespace, only, pod, policy, report, start};

const MISSING: &str = "not enforced: no VPC CNI policy agent, Cilium or Calico found";

fn daemon_set(namespace: &str, name: &str, args: &[&str]) -> (Kind, Value) {
    let containers = json!([
        {"name": name, "image": "x"},
        {"name": "aws-eks-nodeagent", "image": "y", "args": args},
    ]);
    let metadata = json!({"name": name, "namespace": namespace});
    (Kind::DaemonSet, json!({"metadata": metadata, "spec": {"template": {"spec": {"containers": containers}}}}))
}

fn addon(values: &str) -> (Kind, Value) {
    (Kind::VpcCniAddon, json!(values))
}

fn controller(value: &str) -> (Kind, Value) {
    let metadata = json!({"name": "amazon-vpc-cni", "namespace": "kube-system"});
    (Kind::VpcCniConfigMap, json!({"metadata": metadata, "data": {"enable-network-policy-controller": value}}))
}

fn node_class(spec: Value) -> (Kind, Value) {
    (Kind::NodeClass, json!({"metadata": {"name": "default"}, "spec": spec}))
}

/// The report on a compliant namespace and this evidence.
fn with(enforcement: &str, evidence: &[(Kind, Value)]) -> Report {
    let mut objects = vec![namespace("shop"), policy(json!({})), pod(json!({"app": "web"}))];
    objects.extend_from_slice(evidence);
    report(&json!({"enforcement": enforcement}), &objects)
}

#[track_caller]
fn enforced(evidence: &[(Kind, Value)]) {
    let report = with("report", evidence);
    assert!(!report.annotation.contains("enforce"), "{}", report.annotation);
    assert_eq!(with("require", evidence).findings, []);
}

#[track_caller]
fn not_enforced(evidence: &[(Kind, Value)]) {
    let report = with("report", evidence);
    assert_eq!(report.compliance_type, ComplianceType::Compliant);
    assert!(report.annotation.contains(MISSING), "{}", report.annotation);
    let report = with("require", evidence);
    assert_eq!(report.compliance_type, ComplianceType::NonCompliant);
    let finding = only(&report);
    assert_eq!((&finding.namespace, &finding.reasons[..]), (&None, &[Reason::NotEnforced][..]));
    assert!(finding.advice.starts_with("Switch on something that enforces network policies"), "{}", finding.advice);
    let report = with("ignore", evidence);
    assert_eq!(report.compliance_type, ComplianceType::Compliant);
    assert!(!report.annotation.contains("enforce"), "{}", report.annotation);
}

#[test]
fn without_evidence_nothing_enforces_policies() {
    not_enforced(&[]);
}

#[test]
fn the_add_on_enforces_where_its_configuration_enables_network_policies() {
    enforced(&[addon(r#"{"enableNetworkPolicy": "true"}"#)]);
    enforced(&[addon(r#"{"env": {"WARM_IP_TARGET": "5"}, "enableNetworkPolicy": true}"#)]);
    not_enforced(&[addon(r#"{"enableNetworkPolicy": "false"}"#)]);
    not_enforced(&[addon(r#"{"enableNetworkPolicy": false}"#)]);
    not_enforced(&[addon(r#"{"nodeAgent": {"enableNetworkPolicy": "true"}}"#)]);
    not_enforced(&[addon("")]);
    not_enforced(&[(Kind::VpcCniAddon, json!(null))]);
}

#[test]
fn the_add_ons_configuration_may_be_yaml() {
    enforced(&[addon("enableNetworkPolicy: \"true\"\n")]);
    enforced(&[addon("env:\n  WARM_IP_TARGET: \"5\"\nenableNetworkPolicy: true # since March\n")]);
    enforced(&[addon("enableNetworkPolicy : 'true'")]);
    not_enforced(&[addon("enableNetworkPolicy: \"false\"")]);
}

#[test]
fn a_configuration_that_says_nothing_readable_is_no_evidence_and_is_noted() {
    for values in ["env: {}\n", "nodeAgent:\n  enableNetworkPolicy: \"true\"\n", "{\"enableNetworkPolicy\": tru", "[]"]
    {
        not_enforced(&[addon(values)]);
        let notes = with("report", &[addon(values)]).notes;
        assert!(notes.iter().any(|note| note.starts_with("the vpc-cni add-on's configuration")), "{notes:?}");
    }
    let notes = with("report", &[addon("env: {}"), daemon_set("kube-system", "cilium", &[])]).notes;
    assert!(!notes.iter().any(|note| note.contains("add-on")), "{notes:?}");
}

#[test]
fn the_agent_of_aws_node_enforces_where_it_is_started_so() {
    enforced(&[daemon_set("kube-system", "aws-node", &["--enable-ipv6=false", "--enable-network-policy=true"])]);
    enforced(&[daemon_set("kube-system", "aws-node", &["--enable-network-policy"])]);
    enforced(&[daemon_set(
        "kube-system",
        "aws-node",
        &["--enable-network-policy=false", "--enable-network-policy=true"],
    )]);
    not_enforced(&[daemon_set(
        "kube-system",
        "aws-node",
        &["--enable-network-policy=true", "--enable-network-policy=false"],
    )]);
    not_enforced(&[daemon_set("kube-system", "aws-node", &["--enable-network-policy=false"])]);
    not_enforced(&[daemon_set("kube-system", "aws-node", &["--enable-network-policy-logs=true"])]);
    enforced(&[daemon_set(
        "kube-system",
        "aws-node",
        &["--enable-network-policy=true", "--enable-network-policy-logs=false"],
    )]);
    not_enforced(&[daemon_set("kube-system", "aws-node", &[])]);
    not_enforced(&[daemon_set("kube-system", "kube-proxy", &["--enable-network-policy=true"])]);
}

#[test]
fn auto_mode_enforces_with_its_controller_and_a_node_class_that_does_not_switch_it_off() {
    enforced(&[controller("true"), node_class(json!({}))]);
    enforced(&[controller("true"), node_class(json!({"networkPolicy": "DefaultAllow"}))]);
    enforced(&[controller("true"), node_class(json!({"networkPolicy": "DefaultDeny"}))]);
    enforced(&[controller("true"), node_class(json!({"networkPolicy": "Off"})), node_class(json!({}))]);
    not_enforced(&[controller("true"), node_class(json!({"networkPolicy": "Off"}))]);
    not_enforced(&[controller("true")]);
    not_enforced(&[controller("false"), node_class(json!({}))]);
    not_enforced(&[node_class(json!({}))]);
}

#[test]
fn only_the_one_config_map_is_evidence() {
    let (kind, mut other) = controller("true");
    other["metadata"]["namespace"] = json!("default");
    not_enforced(&[(kind, other), node_class(json!({}))]);
    assert_eq!(Kind::VpcCniConfigMap.single(), Some(("kube-system", "amazon-vpc-cni")));
}

#[test]
fn cilium_and_calico_enforce_in_whatever_namespace() {
    enforced(&[daemon_set("kube-system", "cilium", &[])]);
    enforced(&[daemon_set("calico-system", "calico-node", &[])]);
    not_enforced(&[daemon_set("kube-system", "cilium-envoy", &[])]);
}

#[test]
fn evidence_in_an_excluded_namespace_counts_and_makes_no_namespace() {
    let objects = [
        namespace("shop"),
        policy(json!({})),
        daemon_set("kube-system", "cilium", &[]),
        controller("true"),
        node_class(json!({})),
    ];
    let report = report(&json!({"enforcement": "require", "excludedNamespaces": "kube-system"}), &objects);
    assert_eq!(report.findings, []);
    assert_eq!((report.counts.namespaces, report.counts.excluded_namespaces), (1, 0));
}

#[test]
fn the_finding_of_the_cluster_comes_first_and_beside_those_of_namespaces() {
    let report = report(&json!({"enforcement": "require"}), &[namespace("shop")]);
    let reasons: Vec<_> =
        report.findings.iter().map(|finding| (finding.namespace.as_deref(), &finding.reasons[..])).collect();
    assert_eq!(reasons, [(None, &[Reason::NotEnforced][..]), (Some("shop"), &[Reason::NoPolicy])]);
    assert_eq!(report.counts.findings, 2);
}

#[test]
fn evidence_is_read_where_it_is_asked_for() {
    let needs = |enforcement: &str, scene| -> Vec<Need> {
        let reads = start(&json!({"enforcement": enforcement}), &scene).reads();
        let evidence = [Kind::VpcCniAddon, Kind::DaemonSet, Kind::VpcCniConfigMap, Kind::NodeClass];
        reads.iter().filter(|read| evidence.contains(&read.kind)).map(|read| read.need).collect()
    };
    assert_eq!(needs("report", live()), [Need::IfReadable; 4]);
    assert_eq!(needs("require", live()), [Need::IfServed; 4]);
    assert_eq!(needs("ignore", live()), []);
    assert_eq!(needs("report", manifests()), []);
    let order: Vec<Kind> = start(&json!({}), &live()).reads().iter().map(|read| read.kind).collect();
    assert_eq!(order[..2], [Kind::Namespace, Kind::NetworkPolicy]);
    assert_eq!(order.last(), Some(&Kind::Pod));
    let first_evidence = order.iter().position(|kind| *kind == Kind::VpcCniAddon).unwrap();
    assert!(order.iter().position(|kind| *kind == Kind::ClusterNetworkPolicy).unwrap() < first_evidence);
}

#[test]
fn enforcement_is_unknown_where_evidence_may_not_be_read() {
    let report = |evidence: &[(Kind, Value)]| {
        let mut judge: Judge = start(&json!({}), &live());
        crate::cluster::show(&mut judge, evidence);
        judge.forbidden(Kind::DaemonSet);
        judge.forbidden(Kind::VpcCniAddon);
        judge.forbidden(Kind::VpcCniConfigMap);
        judge.report()
    };
    let annotation = report(&[]).annotation;
    let unknown =
        "enforcement unknown: daemonsets.apps, vpc-cni add-on, configmaps kube-system/amazon-vpc-cni may not be read";
    assert!(annotation.contains(unknown), "{annotation}");
    let annotation = report(&[addon(r#"{"enableNetworkPolicy": true}"#)]).annotation;
    assert!(!annotation.contains("enforce"), "{annotation}");
}

#[test]
fn from_manifests_nothing_is_said_and_require_is_a_configuration_error() {
    let report = crate::cluster::report_of_manifests(&json!({}), &[namespace("shop"), policy(json!({}))]);
    assert_eq!(report.notes, [""; 0]);
    let error = configuration(&json!({"enforcement": "require"})).unwrap().judge(&manifests()).unwrap_err();
    let words = "rule parameter enforcement: given \"require\"; allowed: report, ignore: manifests do not show what enforces policies";
    assert_eq!(error.to_string(), words);
}

#[test]
fn pods_on_fargate_and_windows_are_noted_where_the_vpc_cni_enforces() {
    let mut fargate = pod(json!({"app": "web"}));
    fargate.1["spec"]["nodeName"] = json!("fargate-ip-10-0-1-2.eu-central-1.compute.internal");
    let mut windows = pod(json!({"app": "web"}));
    windows.1["spec"]["os"] = json!({"name": "windows"});
    let pods = [fargate, windows.clone(), windows];
    let notes = |evidence: &[(Kind, Value)]| {
        let mut objects = pods.to_vec();
        objects.extend_from_slice(evidence);
        with("report", &objects).notes
    };
    let (vpc_cni, calico) =
        (addon(r#"{"enableNetworkPolicy": true}"#), daemon_set("calico-system", "calico-node", &[]));
    let windows_too = "no policy is enforced for 1 Fargate pod and 2 Windows pods";
    assert_eq!(notes(std::slice::from_ref(&vpc_cni)), [windows_too]);
    // No DaemonSet runs on Fargate, Cilium's and Calico's neither.
    assert_eq!(notes(std::slice::from_ref(&calico)), ["no policy is enforced for 1 Fargate pod"]);
    assert_eq!(notes(&[vpc_cni, calico]), ["no policy is enforced for 1 Fargate pod"]);
}

#[test]
fn the_add_on_is_no_kubernetes_object() {
    assert!(!Kind::VpcCniAddon.kubernetes());
    let mut judge = start(&json!({}), &live());
    judge.observe(Object::VpcCniAddon(r#"{"enableNetworkPolicy": true}"#));
    assert_eq!(judge.report().notes, [""; 0]);
}
