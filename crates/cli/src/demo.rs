//! `demo`: everything on loopback. The events of `events/` reach the three real function binaries through the Lambda
//! Runtime API; AWS and Kubernetes answer on 127.0.0.1; what AWS Config received is shown.

use std::path::Path;
use std::time::Duration;

use eks_rules::RuleName;
use loopback::{InvokeOptions, OWN_ACCOUNT, Outcome, StoredEvaluation, World, WorldError, demo_world, function_binary};
use serde_json::Value;

use crate::command_line::DemoArguments;
use crate::failure::{Failure, Status};
use crate::output;

/// The events of a rule, in the order in which they are delivered: the deleted cluster is there again afterwards.
macro_rules! events {
    ($rule:literal) => {
        [
            (
                "cluster deleted",
                include_str!(concat!("../../../events/", $rule, "/ConfigurationItemChangeNotification.deleted.json")),
            ),
            (
                "cluster changed",
                include_str!(concat!("../../../events/", $rule, "/ConfigurationItemChangeNotification.json")),
            ),
            (
                "changed, oversized",
                include_str!(concat!("../../../events/", $rule, "/OversizedConfigurationItemChangeNotification.json")),
            ),
            (
                "snapshot",
                include_str!(concat!("../../../events/", $rule, "/ConfigurationSnapshotDeliveryCompleted.json")),
            ),
            ("schedule", include_str!(concat!("../../../events/", $rule, "/ScheduledNotification.json"))),
        ]
    };
}

/// How long a function may take for one event; a large demo cluster is read several times.
const TIMEOUT: Duration = Duration::from_secs(300);

/// Runs the demo.
///
/// # Errors
/// Whatever keeps the loopback world or a function from running.
pub(crate) async fn demo(arguments: &DemoArguments) -> Result<Status, Failure> {
    let spec = demo_world(arguments.pods.map(|pods| pods as usize));
    let clusters: Vec<String> =
        spec.accounts.iter().flat_map(|account| &account.clusters).map(|cluster| cluster.name.clone()).collect();
    let world = World::start(spec).await.map_err(|error| failure(&error))?;
    for rule in RuleName::ALL {
        world.accept_result_token(&format!("loopback-result-token-{rule}"), &config_rule(rule), OWN_ACCOUNT);
    }
    if arguments.serve {
        return serve(&world, &clusters).await;
    }
    let mut failures = Vec::new();
    for rule in RuleName::ALL {
        let binary = function_binary(rule.binary()).map_err(|error| failure(&error))?;
        say(&format!("{rule}: {}\n", binary.file_name().unwrap_or_default().to_string_lossy()))?;
        failures.push(deliver(&world, rule, &binary).await?);
    }
    say("\nWhat AWS Config received:\n")?;
    let evaluations = world.evaluations();
    let rows = RuleName::ALL.into_iter().zip(failures).flat_map(|(rule, failure)| {
        let evaluations = &evaluations;
        clusters.iter().map(move |cluster| row(rule, cluster, evaluations, failure.as_deref()))
    });
    say(&output::received(&rows.collect::<Vec<_>>()))?;
    Ok(Status::Compliant)
}

/// Delivers a rule's events to its function, and says how the last one failed, if it did.
async fn deliver(world: &World, rule: RuleName, binary: &Path) -> Result<Option<String>, Failure> {
    let options = InvokeOptions { deadline: TIMEOUT, timeout: TIMEOUT, ..InvokeOptions::default() };
    let mut function = world.function(binary, options).await.map_err(|error| failure(&error))?;
    let mut failed = None;
    for (name, event) in events(rule) {
        let event: Value = serde_json::from_str(event)
            .map_err(|error| Failure::not_judged(format!("event {name} of {rule} is not JSON: {error}")))?;
        let (outcome, elapsed) = function.deliver(&event).await.map_err(|error| failure(&error))?;
        let told = match outcome {
            Outcome::Response(summary) => {
                failed = None;
                let count = summary["evaluations"].as_array().map_or(0, Vec::len);
                format!("{count} evaluations put")
            }
            Outcome::Error { error_type, error_message } => {
                failed = Some(error_message);
                format!("{error_type}, as it must while a cluster cannot be reached")
            }
        };
        say(&format!("  {name:<20} {:>6} ms  {told}\n", elapsed.as_millis()))?;
    }
    let ended = function.stop().await;
    if let Some(peak) = ended.peak_memory {
        say(&format!("  peak memory {} MiB\n", peak / (1024 * 1024)))?;
    }
    Ok(failed)
}

fn events(rule: RuleName) -> [(&'static str, &'static str); 5] {
    match rule {
        RuleName::NetPolCheck => events!("netPolCheck"),
        RuleName::PrivEscalation => events!("privEscalation"),
        RuleName::TrustedRegCheck => events!("trustedRegCheck"),
    }
}

/// The name of a rule in AWS Config, as the template gives it.
fn config_rule(rule: RuleName) -> String {
    format!("eks-{rule}-rule")
}

/// What AWS Config holds of a cluster for a rule; where it holds nothing, what the function said.
fn row(rule: RuleName, cluster: &str, evaluations: &[StoredEvaluation], failure: Option<&str>) -> output::Received {
    let held = evaluations.iter().find(|one| one.rule == config_rule(rule) && one.resource_id == cluster);
    match held {
        Some(held) => output::Received {
            rule,
            cluster: cluster.to_owned(),
            verdict: held.compliance_type.clone(),
            annotation: held.annotation.clone().unwrap_or_default(),
        },
        None => output::Received {
            rule,
            cluster: cluster.to_owned(),
            verdict: "not judged".to_owned(),
            annotation: format!("No evaluation. The function failed: {}", failure.unwrap_or("it said nothing")),
        },
    }
}

/// Keeps the world up until the user ends it.
async fn serve(world: &World, clusters: &[String]) -> Result<Status, Failure> {
    let mut text = "# The loopback world is up until Ctrl-C. In another terminal:\n".to_owned();
    for (name, value) in world.environment() {
        text.push_str(&format!("export {name}='{value}'\n"));
    }
    text.push_str("# and then, for example:\n");
    text.push_str("#   cargo run --release -- invoke privEscalation --event events/privEscalation/ScheduledNotification.json --put\n");
    for cluster in clusters {
        text.push_str(&format!("#   cargo run --release -- judge --cluster {cluster}\n"));
    }
    say(&text)?;
    tokio::signal::ctrl_c().await.map_err(|error| Failure::not_judged(format!("cannot wait for Ctrl-C: {error}")))?;
    Ok(Status::Compliant)
}

fn say(text: &str) -> Result<(), Failure> {
    output::print(text.as_bytes())
}

fn failure(error: &WorldError) -> Failure {
    Failure::not_judged(cluster_access::chain(error))
}
