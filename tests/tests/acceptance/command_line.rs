//! `eks-config-rules` on live clusters: the same verdict as the functions.

use std::path::PathBuf;
use std::process::Output;

use acceptance::{
    Event, annotations, clean_pod, command_line, compliant, escalating_pod, pods_in_pages, verdicts, violating, world,
};
use eks_rules::RuleName;
use loopback::objects::daemon_set;
use loopback::{ClusterSpec, EndpointKind, World};
use serde_json::Value;

const PARAMETERS: &str = r#"{"trustedRegistries": "public.ecr.aws"}"#;

/// Runs `judge` with these arguments and gives its exit status, its JSON, and what it told.
async fn judge(world: &World, arguments: &[&str]) -> (i32, Vec<Value>, String) {
    let common = ["judge", "--output", "json", "--no-progress"];
    let arguments: Vec<&str> = common.into_iter().chain(arguments.iter().copied()).collect();
    let Output { status, stdout, stderr } = command_line(world, &arguments).output().await.unwrap();
    let told = String::from_utf8(stderr).unwrap();
    let judged = if stdout.is_empty() { Vec::new() } else { serde_json::from_slice(&stdout).unwrap() };
    (status.code().unwrap(), judged, told)
}

/// Writes the kubeconfig of a cluster.
pub(crate) fn kubeconfig(world: &World, cluster: &str) -> PathBuf {
    let name = format!("kubeconfig-{}-{cluster}", std::process::id());
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, world.kubeconfig(cluster).unwrap()).unwrap();
    path
}

/// A world whose clusters enforce policies, so that what the add-on would tell makes no difference.
async fn clusters() -> World {
    let enforcing = |mut cluster: ClusterSpec| {
        cluster.objects.push(daemon_set("kube-system", "cilium", &[]));
        cluster
    };
    world(vec![enforcing(compliant("alpha")), enforcing(violating("beta"))]).await
}

#[tokio::test]
async fn a_cluster_and_a_context_get_the_verdict_that_the_function_gives() {
    let world = clusters().await;
    for rule in RuleName::ALL {
        Event::schedule(rule).run(&world).await.succeeded();
        for (cluster, status) in [("alpha", 0), ("beta", 1)] {
            let path = kubeconfig(&world, cluster);
            let parameters = if rule == RuleName::TrustedRegCheck { PARAMETERS } else { "{}" };
            let by_cluster = judge(&world, &[rule.as_str(), "--cluster", cluster, "--parameters", parameters]).await;
            let context = [
                rule.as_str(),
                "--context",
                cluster,
                "--kubeconfig",
                path.to_str().unwrap(),
                "--parameters",
                parameters,
            ];
            let by_context = judge(&world, &context).await;
            std::fs::remove_file(path).unwrap();
            for (exit, judged, told) in [by_cluster, by_context] {
                assert_eq!((exit, judged.len()), (status, 1), "{rule} {cluster}: {told}");
                assert_eq!(judged[0]["complianceType"], verdicts(&world)[cluster].as_str());
                assert_eq!(judged[0]["annotation"], annotations(&world)[cluster].as_str());
                assert_eq!((&judged[0]["rule"], &judged[0]["cluster"]), (&rule.as_str().into(), &cluster.into()));
                assert!(judged[0]["notJudged"].is_null());
            }
        }
    }
}

#[tokio::test]
async fn three_rules_are_judged_over_one_listing() {
    let world = clusters().await;
    let (status, judged, told) = judge(&world, &["--cluster", "beta", "--parameters", PARAMETERS]).await;
    assert_eq!((status, judged.len()), (1, 3), "{told}");
    let rules: Vec<_> = judged.iter().map(|judged| judged["rule"].as_str().unwrap()).collect();
    assert_eq!(rules, RuleName::ALL.map(RuleName::as_str));
    assert!(judged.iter().all(|judged| judged["complianceType"] == "NON_COMPLIANT"), "{judged:?}");
    let paths: Vec<_> = world.kubernetes_requests().into_iter().map(|request| request.path).collect();
    let mut once = paths.clone();
    once.sort();
    once.dedup();
    assert_eq!(paths.len(), once.len(), "{paths:?}");
    assert!(paths.iter().any(|path| path == "/api/v1/pods"));
}

#[tokio::test]
async fn a_cluster_of_many_pages_is_read_whole() {
    let world = world(vec![ClusterSpec::new("beta", vec![clean_pod("a"), clean_pod("b"), escalating_pod("c")])]).await;
    pods_in_pages(&world, "beta", 1);
    let (status, judged, _) = judge(&world, &["privEscalation", "--cluster", "beta"]).await;
    assert_eq!((status, &judged[0]["counts"]["pods"]), (1, &3.into()));
    assert_eq!(judged[0]["findings"][0]["reasons"], serde_json::json!(["AllowPrivilegeEscalation"]));
}

#[tokio::test]
async fn a_cluster_that_cannot_be_judged_ends_in_three_and_has_no_verdict() {
    for (endpoint, step) in [(EndpointKind::Unreachable, "connect"), (EndpointKind::WrongCa, "TLS")] {
        let world = world(vec![ClusterSpec { endpoint, ..compliant("alpha") }]).await;
        let (status, judged, _) = judge(&world, &["privEscalation", "--cluster", "alpha"]).await;
        assert_eq!(status, 3);
        assert!(judged[0]["complianceType"].is_null() && judged[0]["annotation"].is_null(), "{judged:?}");
        assert_eq!(judged[0]["notJudged"]["step"], step);
    }
}

#[tokio::test]
async fn a_context_with_a_wrong_authority_is_not_judged() {
    let world = world(vec![ClusterSpec { endpoint: EndpointKind::WrongCa, ..compliant("alpha") }]).await;
    let path = kubeconfig(&world, "alpha");
    let arguments = ["privEscalation", "--context", "alpha", "--kubeconfig", path.to_str().unwrap()];
    let (status, judged, _) = judge(&world, &arguments).await;
    std::fs::remove_file(path).unwrap();
    assert_eq!((status, &judged[0]["notJudged"]["step"]), (3, &"TLS".into()));
}

#[tokio::test]
async fn one_rule_that_may_not_read_keeps_no_other_back_and_decides_the_exit_status() {
    let cluster = ClusterSpec { denied: vec!["networkpolicies".to_owned()], ..violating("beta") };
    let world = world(vec![cluster]).await;
    let (status, judged, _) = judge(&world, &["netPolCheck", "privEscalation", "--cluster", "beta"]).await;
    assert_eq!(status, 3);
    assert_eq!(judged[0]["notJudged"]["step"], "authorize");
    assert_eq!(judged[1]["complianceType"], "NON_COMPLIANT");
}

#[tokio::test]
async fn a_cluster_or_context_that_is_not_there_is_wrong_use() {
    let world = clusters().await;
    let (status, judged, told) = judge(&world, &["privEscalation", "--cluster", "nowhere"]).await;
    assert_eq!((status, judged.len()), (2, 0), "{told}");
    let path = kubeconfig(&world, "alpha");
    let arguments = ["privEscalation", "--context", "nowhere", "--kubeconfig", path.to_str().unwrap()];
    let (status, judged, told) = judge(&world, &arguments).await;
    std::fs::remove_file(path).unwrap();
    assert_eq!((status, judged.len()), (2, 0), "{told}");
    assert!(told.contains("nowhere"), "{told}");
}

#[tokio::test]
async fn invoke_stores_nothing_unless_it_is_told_to() {
    let world = clusters().await;
    let event = Event::schedule(RuleName::PrivEscalation).issued(&world);
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("event-{}", std::process::id()));
    std::fs::write(&path, event.to_string()).unwrap();
    let arguments = ["invoke", "privEscalation", "--event", path.to_str().unwrap()];
    let tried = command_line(&world, &arguments).output().await.unwrap();
    assert!(tried.status.code().is_some_and(|code| code < 2), "{tried:?}");
    assert!(world.put_calls().iter().all(|call| call.test_mode) && world.evaluations().is_empty());
    let put = [&arguments[..], &["--put"]].concat();
    let put = command_line(&world, &put).output().await.unwrap();
    std::fs::remove_file(path).unwrap();
    assert!(put.status.code().is_some_and(|code| code < 2), "{put:?}");
    assert_eq!(world.evaluations().len(), 2);
}
