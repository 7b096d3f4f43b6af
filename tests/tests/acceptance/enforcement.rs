//! netPolCheck over the wire: what enforces policies, and the policies of network plugins.

use acceptance::{Event, annotations, compliant, verdicts, world};
use eks_rules::RuleName;
use loopback::objects::{config_map, daemon_set, namespace, network_policy};
use loopback::{AddonSpec, ClusterSpec, Fault, FaultAction, ResourceKind, World};
use serde_json::{Value, json};

fn schedule() -> Event {
    Event::schedule(RuleName::NetPolCheck)
}

fn with_addon(name: &str, values: Option<&str>) -> ClusterSpec {
    let addon = AddonSpec {
        name: "vpc-cni".to_owned(),
        version: "v1.20.4-eksbuild.1".to_owned(),
        configuration_values: values.map(str::to_owned),
    };
    ClusterSpec { addons: vec![addon], ..compliant(name) }
}

fn with(name: &str, objects: Vec<Value>) -> ClusterSpec {
    let mut cluster = compliant(name);
    cluster.objects.extend(objects);
    cluster
}

fn aws_node(arguments: &[&str]) -> Value {
    let agent = json!({"name": "aws-eks-nodeagent", "image": "public.ecr.aws/eks/agent:1", "args": arguments});
    daemon_set("kube-system", "aws-node", &[json!({"name": "aws-node", "image": "public.ecr.aws/eks/cni:1"}), agent])
}

fn node_class(network_policy: Option<&str>) -> Value {
    let mut class = json!({
        "apiVersion": "eks.amazonaws.com/v1", "kind": "NodeClass", "metadata": {"name": "default"}, "spec": {"role": "node"},
    });
    if let Some(setting) = network_policy {
        class["spec"]["networkPolicy"] = json!(setting);
    }
    class
}

fn controller(value: &str) -> Value {
    config_map("kube-system", "amazon-vpc-cni", &[("enable-network-policy-controller", value)])
}

#[tokio::test]
async fn each_evidence_of_enforcement_counts_and_nothing_that_only_looks_like_it() {
    let enforcing = vec![
        with_addon("addon-as-text", Some(r#"{"enableNetworkPolicy": "true"}"#)),
        with_addon("addon-as-boolean", Some(r#"{"env": {"X": "y"}, "enableNetworkPolicy": true}"#)),
        with_addon("addon-as-yaml", Some("env:\n  X: y\nenableNetworkPolicy: \"true\"\n")),
        with("agent", vec![aws_node(&["--enable-ipv6=false", "--enable-network-policy=true"])]),
        with("cilium", vec![daemon_set("kube-system", "cilium", &[])]),
        with("calico", vec![daemon_set("calico-system", "calico-node", &[])]),
        with("auto-mode", vec![controller("true"), node_class(None)]),
        with("auto-mode-deny", vec![controller("true"), node_class(Some("DefaultDeny"))]),
    ];
    let lax = vec![
        compliant("nothing"),
        with_addon("addon-off", Some(r#"{"enableNetworkPolicy": "false"}"#)),
        with_addon("addon-elsewhere", Some(r#"{"nodeAgent": {"enableNetworkPolicy": "true"}}"#)),
        with_addon("addon-silent", None),
        with("agent-off", vec![aws_node(&["--enable-network-policy=false"])]),
        with("another-set", vec![daemon_set("kube-system", "cilium-operator", &[])]),
        with("controller-alone", vec![controller("true")]),
        with("controller-off", vec![controller("false"), node_class(None)]),
        with("class-alone", vec![node_class(None)]),
        with("class-off", vec![controller("true"), node_class(Some("Disabled"))]),
    ];
    let expected: Vec<(String, String)> = {
        let name = |said: &'static str| move |cluster: &ClusterSpec| (cluster.name.clone(), said.to_owned());
        let mut expected: Vec<_> =
            enforcing.iter().map(name("COMPLIANT")).chain(lax.iter().map(name("NON_COMPLIANT"))).collect();
        expected.sort();
        expected
    };
    let world = world(enforcing.into_iter().chain(lax).collect()).await;
    schedule().with("enforcement", "require").run(&world).await.succeeded();
    assert_eq!(verdicts(&world).into_iter().collect::<Vec<_>>(), expected);
    assert!(annotations(&world)["nothing"].starts_with("nothing enforces "), "{:?}", annotations(&world));
}

#[tokio::test]
async fn that_nothing_enforces_policies_is_a_note_by_default_and_nothing_where_it_is_ignored() {
    let world = world(vec![compliant("alpha")]).await;
    schedule().run(&world).await.succeeded();
    assert!(annotations(&world)["alpha"].contains("not enforced: "), "{:?}", annotations(&world));
    let before = (world.aws_requests().len(), world.kubernetes_requests().len());
    schedule().with("enforcement", "ignore").run(&world).await.succeeded();
    assert!(!annotations(&world)["alpha"].contains("enforced"), "{:?}", annotations(&world));
    assert_eq!(verdicts(&world)["alpha"], "COMPLIANT");
    assert!(world.aws_requests()[before.0..].iter().all(|request| request.operation != "DescribeAddon"));
    assert!(world.kubernetes_requests()[before.1..].iter().all(|request| !request.path.contains("daemonsets")));
}

#[tokio::test]
async fn evidence_that_may_not_be_read_is_no_verdict_where_it_is_required() {
    let denied = |cluster: ClusterSpec, resource: &str| ClusterSpec { denied: vec![resource.to_owned()], ..cluster };
    let world = world(vec![
        denied(compliant("one"), "daemonsets"),
        denied(compliant("two"), "configmaps"),
        denied(with("three", vec![node_class(None)]), "nodeclasses"),
    ])
    .await;
    let run = schedule().with("enforcement", "require").run(&world).await;
    let parts = [
        "3 of 3 clusters not judged: ",
        "one: authorize: may not list daemonsets.apps (403)",
        "two: authorize: may not get configmaps kube-system/amazon-vpc-cni (403)",
        "three: authorize: may not list nodeclasses.eks.amazonaws.com (403)",
    ];
    run.failed_with("ClustersNotJudged", &parts);
    assert_eq!(world.put_calls(), []);
    schedule().run(&world).await.succeeded();
    for (cluster, annotation) in annotations(&world) {
        assert!(annotation.contains("enforcement unknown: "), "{cluster}: {annotation}");
    }
}

#[tokio::test]
async fn an_add_on_that_may_not_be_described_is_no_verdict_where_evidence_is_required() {
    let denied = || FaultAction::AwsError {
        code: 403,
        name: "AccessDeniedException".to_owned(),
        message: "not authorized to perform: eks:DescribeAddon".to_owned(),
    };
    let world = world(vec![compliant("alpha")]).await;
    world.script(Fault::aws("eks", "DescribeAddon", denied()).times(usize::MAX));
    let run = schedule().with("enforcement", "require").run(&world).await;
    run.failed_with("ClustersNotJudged", &["alpha: DescribeAddon: ", "not authorized", "Allow eks:DescribeAddon"]);
    schedule().run(&world).await.succeeded();
    assert!(annotations(&world)["alpha"].contains("enforcement unknown"), "{:?}", annotations(&world));
}

fn custom(group: &str, version: &str, kind: &str, name: &str, spec: &Value) -> Value {
    let mut object = json!({
        "apiVersion": format!("{group}/{version}"), "kind": kind, "metadata": {"name": name}, "spec": spec,
    });
    if !kind.starts_with("CiliumClusterwide") && !kind.starts_with("Global") {
        object["metadata"]["namespace"] = json!("shop");
    }
    object
}

#[tokio::test]
async fn policies_of_network_plugins_count_where_they_are_served() {
    let isolating = json!({"endpointSelector": {}, "ingress": [{}]});
    let calico = json!({"selector": "all()", "types": ["Ingress"]});
    let policies = [
        ("cilium", custom("cilium.io", "v2", "CiliumNetworkPolicy", "p", &isolating), true),
        ("cilium-wide", custom("cilium.io", "v2", "CiliumClusterwideNetworkPolicy", "p", &isolating), true),
        (
            "cilium-inert",
            custom("cilium.io", "v2", "CiliumNetworkPolicy", "p", &json!({"endpointSelector": {}, "ingress": []})),
            false,
        ),
        ("calico-stored", custom("crd.projectcalico.org", "v1", "NetworkPolicy", "p", &calico), true),
        ("calico-global", custom("crd.projectcalico.org", "v1", "GlobalNetworkPolicy", "p", &calico), true),
        ("calico-staged", custom("crd.projectcalico.org", "v1", "StagedNetworkPolicy", "p", &calico), false),
        (
            "aws",
            custom("networking.k8s.aws", "v1alpha1", "ApplicationNetworkPolicy", "p", &json!({"podSelector": {}})),
            true,
        ),
        (
            "admin",
            custom("policy.networking.k8s.io", "v1alpha1", "AdminNetworkPolicy", "p", &json!({"subject": {}})),
            false,
        ),
    ];
    let clusters =
        policies.iter().map(|(name, policy, _)| ClusterSpec::new(name, vec![namespace("shop"), policy.clone()]));
    let world = world(clusters.collect()).await;
    schedule().run(&world).await.succeeded();
    let said = verdicts(&world);
    for (name, _, counts) in &policies {
        let expected = if *counts { "COMPLIANT" } else { "NON_COMPLIANT" };
        assert_eq!(said[*name], expected, "{name}: {:?}", annotations(&world)[*name]);
    }
    schedule().with("cniPolicies", "ignore").run(&world).await.succeeded();
    assert!(verdicts(&world).values().all(|said| said == "NON_COMPLIANT"), "{:?}", verdicts(&world));
}

/// The paths that were asked for on a cluster.
fn paths(world: &World, cluster: &str) -> Vec<String> {
    let of = world.kubernetes_requests().into_iter().filter(|request| request.cluster == cluster);
    of.map(|request| request.path).collect()
}

#[tokio::test]
async fn kinds_that_a_cluster_does_not_serve_are_not_asked_for() {
    let both = vec![
        ResourceKind::new("crd.projectcalico.org", "v1", "NetworkPolicy", true),
        ResourceKind::new("crd.projectcalico.org", "v1", "GlobalNetworkPolicy", false),
        ResourceKind::new("projectcalico.org", "v3", "NetworkPolicy", true),
        ResourceKind::new("projectcalico.org", "v3", "GlobalNetworkPolicy", false),
    ];
    let half = vec![ResourceKind::new("cilium.io", "v2", "CiliumNetworkPolicy", true)];
    let world = world(vec![
        compliant("plain"),
        ClusterSpec { served: both, ..compliant("calico") },
        ClusterSpec { served: half, ..compliant("cilium") },
    ])
    .await;
    schedule().run(&world).await.succeeded();
    assert!(verdicts(&world).values().all(|said| said == "COMPLIANT"), "{:?}", verdicts(&world));
    let plain = paths(&world, "plain");
    assert!(plain.iter().all(|path| !path.contains("cilium") && !path.contains("calico")), "{plain:?}");
    assert_eq!(plain.iter().filter(|path| *path == "/apis").count(), 1);
    let calico = paths(&world, "calico");
    assert!(calico.iter().any(|path| path == "/apis/crd.projectcalico.org/v1/globalnetworkpolicies"), "{calico:?}");
    assert!(calico.iter().all(|path| !path.starts_with("/apis/projectcalico.org")), "{calico:?}");
}

#[tokio::test]
async fn a_served_kind_that_may_not_be_read_is_a_note_unless_it_could_hide_an_allowance() {
    let served = vec![ResourceKind::new("cilium.io", "v2", "CiliumNetworkPolicy", true)];
    let denied = vec!["ciliumnetworkpolicies".to_owned()];
    let hidden = |name: &str, objects| ClusterSpec {
        served: served.clone(),
        denied: denied.clone(),
        ..ClusterSpec::new(name, objects)
    };
    let world = world(vec![
        hidden("covered", vec![namespace("shop"), network_policy("shop", "default-deny")]),
        hidden("bare", vec![namespace("shop")]),
    ])
    .await;
    let run = schedule().run(&world).await;
    run.succeeded();
    assert_eq!(
        (verdicts(&world)["covered"].as_str(), verdicts(&world)["bare"].as_str()),
        ("COMPLIANT", "NON_COMPLIANT")
    );
    for line in run.log().iter().filter(|line| line["message"] == "verdict") {
        let notes = line["notes"].as_str().unwrap();
        assert!(notes.contains("ciliumnetworkpolicies.cilium.io may not be listed"), "{notes}");
    }
    let run = schedule().with("requires", "default-deny").run(&world).await;
    let part = "covered: authorize: may not list ciliumnetworkpolicies.cilium.io (403)";
    run.failed_with("ClustersNotJudged", &["2 of 2 clusters not judged: ", part]);
}

#[tokio::test]
async fn a_kind_that_is_gone_after_its_first_page_is_not_one_that_is_not_served() {
    let deny = json!({"endpointSelector": {}, "ingress": [{}], "egress": [{}]});
    let allow = json!({"endpointSelector": {}, "ingress": [{"fromEntities": ["all"]}]});
    let objects = vec![
        namespace("shop"),
        network_policy("shop", "default-deny"),
        custom("cilium.io", "v2", "CiliumNetworkPolicy", "a-deny", &deny),
        custom("cilium.io", "v2", "CiliumNetworkPolicy", "b-allow", &allow),
    ];
    let world = world(vec![ClusterSpec::new("alpha", objects)]).await;
    let list = "ciliumnetworkpolicies";
    world.script(Fault::kubernetes("alpha", list, FaultAction::ShortPage(1)));
    let gone = FaultAction::kubernetes_status(404, "NotFound", "the server could not find the requested resource");
    world.script(Fault::kubernetes("alpha", list, gone).after(1));
    let run = schedule().with("requires", "default-deny-ingress").run(&world).await;
    run.failed_with(
        "ClustersNotJudged",
        &["alpha: list: ", "ciliumnetworkpolicies.cilium.io", "gone before its last page"],
    );
    assert!(verdicts(&world).is_empty(), "{:?}", verdicts(&world));
}
