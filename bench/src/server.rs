//! The server process: a cluster of pods of about 12 KB JSON each, of which nothing is found.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use loopback::{ClusterSpec, PodProfile, World, WorldSpec};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;

use crate::Failure;

/// What is served.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Served {
    /// How many pods.
    #[arg(long)]
    pub(crate) pods: usize,
    /// How long each page takes, in milliseconds.
    #[arg(long)]
    pub(crate) delay: u64,
    /// Whether the server knows JSON only.
    #[arg(long)]
    pub(crate) json_only: bool,
    /// Whether pages are gzip'd for those who accept that.
    #[arg(long)]
    pub(crate) compressed: bool,
}

/// The name of the cluster, and of the kubeconfig's context.
pub(crate) const CLUSTER: &str = "bench";

/// Serves until standard input ends. The kubeconfig is the first line of standard output, as a JSON text.
pub(crate) async fn serve(served: Served) -> Result<(), Failure> {
    let cluster = ClusterSpec {
        generated_pods: served.pods,
        generated_profile: PodProfile::Custom(Arc::new(enlarge)),
        json_only: served.json_only,
        compressed: served.compressed,
        page_delay: Duration::from_millis(served.delay),
        ..ClusterSpec::new(CLUSTER, Vec::new())
    };
    let world = World::start(WorldSpec::with_clusters(vec![cluster])).await?;
    writeln!(std::io::stdout(), "{}", json!(world.kubeconfig(CLUSTER)?))?;
    tokio::io::stdin().read_to_end(&mut Vec::new()).await?;
    Ok(())
}

/// Gives a pod what pods of larger charts have: more environment, annotations and an init container.
fn enlarge(deployment: usize, pod: &mut Value) {
    for number in 0..2 {
        pod["metadata"]["annotations"][format!("checksum.example.com/config-{number}")] =
            json!(format!("{:064x}", deployment * 31 + number));
    }
    let app = &pod["spec"]["containers"][0];
    let init = json!({
        "name": "migrate", "image": app["image"], "args": ["migrate", "--wait"], "imagePullPolicy": "IfNotPresent",
        "securityContext": app["securityContext"], "volumeMounts": [{"mountPath": "/tmp", "name": "tmp"}],
    });
    pod["spec"]["initContainers"] = json!([init]);
    if let Some(environment) = pod["spec"]["containers"][0]["env"].as_array_mut() {
        for number in 0..2 {
            environment.push(json!({
                "name": format!("CREDENTIAL_{number:02}"),
                "valueFrom": {"secretKeyRef": {"name": "credentials", "key": format!("credential-{number:02}")}},
            }));
        }
    }
}
