use eks_rules::RuleName;
use fastrand::Rng;
use loopback::objects::{config_map, container, daemon_set, namespace, network_policy};
use loopback::{AccountSpec, AddonSpec, ClusterSpec, OWN_ACCOUNT, ParameterSpec, ResourceKind, RoleSpec, WorldSpec};
use serde_json::{Value, json};

use crate::event::Event;

/// A world of one to three small clusters, and the event that is to be handled in it.
pub(super) struct SmallWorld {
    pub(super) spec: WorldSpec,
    pub(super) names: Vec<String>,
    pub(super) event: Event,
    pub(super) page: usize,
    pub(super) earlier: Vec<(&'static str, String)>,
}

pub(super) fn generate(random: &mut Rng, rule: RuleName, seed: u64) -> SmallWorld {
    let all = ["alpha", "beta", "gamma"];
    let names: Vec<String> = all[..random.usize(1..=3)].iter().map(|name| (*name).to_owned()).collect();
    let clusters = names.iter().map(|name| cluster(random, name)).collect();
    let parameter = ParameterSpec {
        name: "clusters".to_owned(),
        kind: "StringList".to_owned(),
        value: "alpha,beta,gamma".to_owned(),
    };
    let account = AccountSpec {
        clusters,
        roles: vec![RoleSpec::new("auditor")],
        parameters: vec![parameter],
        ..AccountSpec::new(OWN_ACCOUNT)
    };
    let spec = WorldSpec {
        // The SDK counts its retries by region over a whole process: no schedule is to use up what another needs.
        region: format!("eu-test-{seed}"),
        accounts: vec![account],
        list_clusters_page: random.usize(1..=3),
        compliance_details_page: random.usize(1..=3),
        ..WorldSpec::default()
    };
    let earlier = ["alpha", "gamma", "gone-1", "gone-2", "gone-3"].into_iter().filter(|_| random.bool());
    let earlier = earlier.map(|id| ("AWS::EKS::Cluster", id.to_owned())).collect();
    let event = event(random, rule, &names);
    SmallWorld { spec, names, event, page: random.usize(1..=7), earlier }
}

fn event(random: &mut Rng, rule: RuleName, names: &[String]) -> Event {
    let mut event = match random.u8(..8) {
        0 => Event::cluster_changed(rule, &names[random.usize(..names.len())]),
        _ => Event::schedule(rule),
    };
    if random.u8(..4) == 0 {
        event = event.with("executionRoleName", "auditor");
    }
    if random.u8(..4) == 0 {
        event = event.with("clusters", "ssm:clusters");
    }
    let mut one_of = |values: &[&'static str]| values[random.usize(..values.len())];
    match rule {
        RuleName::NetPolCheck => event
            .with(
                "requires",
                one_of(&["any", "covered", "default-deny-ingress", "default-deny-egress", "default-deny"]),
            )
            .with("enforcement", one_of(&["report", "require", "ignore"])),
        RuleName::PrivEscalation => event.with("reading", one_of(&["effective", "restricted", "explicit"])),
        RuleName::TrustedRegCheck => event,
    }
}

fn cluster(random: &mut Rng, name: &str) -> ClusterSpec {
    let namespaces = &["kube-system", "shop", "bank"][..random.usize(1..=3)];
    let mut objects: Vec<Value> = namespaces.iter().map(|name| namespace(name)).collect();
    for space in namespaces {
        if random.bool() {
            objects.push(network_policy(space, "default-deny"));
        }
        if random.u8(..4) == 0 {
            objects.push(allow_all(space));
        }
        if random.u8(..4) == 0 {
            objects.push(cilium_policy(space));
        }
        let pods = random.usize(0..7);
        objects.extend((0..pods).map(|number| pod(random, space, number)));
    }
    if random.bool() {
        objects.push(daemon_set("kube-system", "aws-node", &[agent(random.bool())]));
    }
    if random.u8(..4) == 0 {
        objects.push(config_map("kube-system", "amazon-vpc-cni", &[("enable-network-policy-controller", "true")]));
    }
    for object in &mut objects {
        // Half of an object, and nothing that a rule looks at.
        object["metadata"].as_object_mut().map(|metadata| metadata.remove("managedFields"));
    }
    let mut cluster = ClusterSpec { json_only: random.u8(..4) == 0, ..ClusterSpec::new(name, objects) };
    if random.bool() {
        cluster.addons.push(AddonSpec {
            name: "vpc-cni".to_owned(),
            version: "v1.19.0-eksbuild.1".to_owned(),
            configuration_values: random.bool().then(|| "{\"enableNetworkPolicy\":\"true\"}".to_owned()),
        });
    }
    if random.bool() {
        cluster.served.push(ResourceKind::new("crd.projectcalico.org", "v1", "GlobalNetworkPolicy", false));
    }
    match random.u8(..16) {
        0 => cluster.status = "CREATING".to_owned(),
        1 => cluster.status = "DELETING".to_owned(),
        2 => cluster.vanished = true,
        _ => {}
    }
    cluster
}

/// A pod with no more than the rules look at, since thousands of worlds are made. Most are clean; the others break one of
/// the rules, or several.
fn pod(random: &mut Rng, namespace: &str, number: usize) -> Value {
    let (mut security, mut image) = (json!({"allowPrivilegeEscalation": false}), "public.ecr.aws/example/app:1");
    let odd = random.u8(..12);
    match odd {
        0 => security = json!({"allowPrivilegeEscalation": true}),
        1 => security = json!({"privileged": true}),
        2 => security = Value::Null,
        3 => image = "docker.io/example/app:1",
        _ => {}
    }
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": format!("app-{number}"), "namespace": namespace, "uid": format!("{namespace}-{number}")},
        "spec": {"hostNetwork": odd == 4, "containers": [{"name": "app", "image": image, "securityContext": security}]},
        "status": {"phase": "Running"},
    })
}

fn allow_all(namespace: &str) -> Value {
    let mut policy = network_policy(namespace, "allow-all");
    policy["spec"] = json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [{}], "egress": [{}]});
    policy
}

fn cilium_policy(namespace: &str) -> Value {
    json!({
        "apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy",
        "metadata": {"name": "deny", "namespace": namespace, "uid": format!("cilium-{namespace}")},
        "spec": {"endpointSelector": {}, "ingress": [{}], "egress": [{}]},
    })
}

fn agent(enabled: bool) -> Value {
    let mut agent = container("aws-eks-nodeagent", "602401143452.dkr.ecr.eu-west-1.amazonaws.com/amazon/agent:v1");
    agent["args"] = json!([format!("--enable-network-policy={enabled}")]);
    agent
}
