//! The fix of a live cluster: written, applied to the cluster's objects, and judged again over the wire.

use std::process::Command;

use loopback::{ClusterSpec, World, WorldSpec, demo_world};
use serde_json::{Value, json};

use crate::apply::{apply, merge};
use crate::scene::{Directory, Run, comments, documents};

const PARAMETERS: &str = r#"{
    "netPolCheck": {"requires": "default-deny"},
    "trustedRegCheck": {"trustedRegistries": "ecr:self,eks-addons,public.ecr.aws/docker", "trustedChartSources": "ecr:self"}
}"#;

/// The objects of the demo's violating cluster.
fn violating() -> Vec<Value> {
    let clusters = demo_world(None).accounts.remove(0).clusters;
    clusters.into_iter().find(|cluster| cluster.name == "violations").unwrap().objects
}

/// Judges a cluster of these objects, and writes `fix.yaml` where that is asked for.
fn judge(directory: &Directory, objects: &[Value], further: &[&str]) -> Run {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let spec = WorldSpec::with_clusters(vec![ClusterSpec::new("prod", objects.to_vec())]);
    let world = runtime.block_on(World::start(spec)).unwrap();
    let arguments = ["judge", "--cluster", "prod", "--output", "json", "--no-progress", "--parameters", PARAMETERS];
    let mut command = Command::new(env!("CARGO_BIN_EXE_eks-config-rules"));
    let output = command.args(arguments).args(further).envs(world.environment()).current_dir(directory.path()).output();
    Run::of(&output.unwrap())
}

/// Judges a cluster and writes what would mend it: what was found, and the file.
fn fix(directory: &Directory, objects: &[Value]) -> (Vec<Value>, String) {
    let mirror = ["--fix", "--fix-output", "fix.yaml", "--fix-mirror", "public.ecr.aws/docker/mirror"];
    let run = judge(directory, objects, &mirror);
    assert_eq!(run.status, 1, "{run:#?}");
    (run.findings(), directory.read("fix.yaml"))
}

/// Applies the file to a cluster: to its workloads, and to the pods that their controllers make anew.
fn applied(objects: &[Value], text: &str) -> Vec<Value> {
    let is_pod = |object: &&Value| object["kind"] == "Pod";
    let mut pods: Vec<Value> = objects.iter().filter(is_pod).cloned().collect();
    let mut others: Vec<Value> = objects.iter().filter(|object| !is_pod(object)).cloned().collect();
    for document in documents(text) {
        if document["kind"] == "NetworkPolicy" {
            apply(&mut others, &[document]);
            continue;
        }
        let same = |object: &&mut Value| {
            object["kind"] == document["kind"]
                && ["namespace", "name"].iter().all(|key| object["metadata"][key] == document["metadata"][key])
        };
        if let Some(workload) = others.iter_mut().find(same) {
            merge(workload, &document);
        }
        apply(&mut pods, &[document]);
    }
    others.extend(pods);
    others
}

/// Whether an object is one of those that nothing can be written for.
fn by_hand(object: &Value) -> bool {
    let name = object["metadata"]["name"].as_str().unwrap();
    let bare = ["static-agent-", "nightly-report-", "debugged-", "unparsable-"];
    bare.iter().any(|prefix| name.starts_with(prefix))
        || ["HelmRepository", "Application"].iter().any(|kind| object["kind"] == *kind)
}

#[test]
fn a_cluster_complies_with_every_rule_once_its_fix_is_applied() {
    let directory = Directory::new("live-whole");
    let objects: Vec<Value> = violating().into_iter().filter(|object| !by_hand(object)).collect();
    let (found, text) = fix(&directory, &objects);
    for reason in ["NoPolicy", "Privileged", "AllowPrivilegeEscalation", "SysAdmin", "Unset", "Untrusted"] {
        let told = |finding: &Value| finding["reasons"].as_array().unwrap().contains(&json!(reason));
        assert!(found.iter().any(told), "nothing is {reason}");
    }
    let after = judge(&directory, &applied(&objects, &text), &[]);
    assert_eq!((after.findings(), after.status), (vec![], 0), "{text}");
}

#[test]
fn what_is_left_of_a_cluster_is_what_the_file_says_to_do_by_hand() {
    let directory = Directory::new("live-left");
    let objects = violating();
    let (found, text) = fix(&directory, &objects);
    let after = judge(&directory, &applied(&objects, &text), &[]);
    let mut left: Vec<String> = Vec::new();
    for finding in after.findings() {
        assert!(found.contains(&finding), "a finding that was not there before: {finding}");
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let part = match (&finding["container"], &finding["source"]) {
            (Value::String(container), _) => format!("[{container}]"),
            (_, source) => format!(" {}", text(source)),
        };
        let owner = &finding["owner"];
        left.push(format!("{}/{}/{}{part}", text(&finding["namespace"]), text(&owner["kind"]), text(&owner["name"])));
    }
    left.sort();
    let expected = [
        "analytics/Job/nightly-report-29384756[app]",
        "legacy/Deployment/debugged[debugger-x8k2p]",
        "sandbox/Application/blog https://charts.example.net/blog",
        "sandbox/Application/blog oci://ghcr.io/example/charts/cache",
        "sandbox/Deployment/unparsable[app]",
        "sandbox/HelmRepository/community https://charts.example.net/stable",
        "sandbox/Pod/static-agent-ip-10-0-43-17.eu-west-1.compute.internal[app]",
    ];
    assert_eq!(left, expected);
    let told = comments(&text);
    for subject in expected {
        assert!(told.contains(&format!("  - {subject}: ")), "{subject}: {told}");
    }
    assert!(!text.contains("s3cret"), "{text}");
}
