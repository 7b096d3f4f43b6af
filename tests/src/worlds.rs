use loopback::objects::{namespace, network_policy, pod};
use loopback::{ClusterSpec, Fault, FaultAction, World, WorldSpec};
use serde_json::{Value, json};

/// Starts a world.
pub async fn start(spec: WorldSpec) -> World {
    World::start(spec).await.unwrap_or_else(|error| panic!("{error}"))
}

/// Starts a world of one account with these clusters.
pub async fn world(clusters: Vec<ClusterSpec>) -> World {
    start(WorldSpec::with_clusters(clusters)).await
}

/// A pod of the namespace `shop` in which no rule finds anything.
#[must_use]
pub fn clean_pod(name: &str) -> Value {
    pod("shop", name, |_| ())
}

/// A pod of the namespace `shop` whose container may escalate, and whose image nobody trusts.
#[must_use]
pub fn escalating_pod(name: &str) -> Value {
    pod("shop", name, |pod| {
        pod["spec"]["containers"][0]["securityContext"] = json!({"allowPrivilegeEscalation": true});
        pod["spec"]["containers"][0]["image"] = json!("docker.io/example/app:1");
    })
}

/// A cluster that complies with every rule.
#[must_use]
pub fn compliant(name: &str) -> ClusterSpec {
    ClusterSpec::new(name, vec![namespace("shop"), network_policy("shop", "default-deny"), clean_pod("app")])
}

/// A cluster that violates every rule.
#[must_use]
pub fn violating(name: &str) -> ClusterSpec {
    ClusterSpec::new(name, vec![namespace("shop"), escalating_pod("app")])
}

/// Lets a cluster list its pods in pages of this many. Faults that were scripted before it go before it.
pub fn pods_in_pages(world: &World, cluster: &str, of: usize) {
    world.script(Fault::kubernetes(cluster, "pods", FaultAction::ShortPage(of)).times(usize::MAX));
}
