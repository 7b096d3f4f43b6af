//! The deadline: before Lambda ends the function, what is judged is reported and the rest named.

use std::time::Duration;

use acceptance::{Event, compliant, options, seeded, verdicts, violating, world};
use eks_rules::RuleName;
use loopback::{Fault, FaultAction, InvokeOptions, World};

/// Much more than judging two small clusters takes, and little enough to be waited for.
const DEADLINE: Duration = Duration::from_secs(6);

fn schedule() -> Event {
    Event::schedule(RuleName::PrivEscalation)
}

fn soon() -> InvokeOptions {
    InvokeOptions { deadline: DEADLINE, ..options() }
}

/// Runs the schedule over a compliant and a violating cluster where this AWS operation never answers.
async fn stalled(service: &str, operation: &str, doing: &str) -> World {
    let world = world(vec![compliant("alpha"), violating("beta")]).await;
    world.script(Fault::aws(service, operation, FaultAction::Stall).times(usize::MAX));
    let run = schedule().run_with(&world, soon()).await;
    run.failed_with("DeadlineExceeded", &[&format!("the time ran out while {doing}; "), "AWS endpoints"]);
    assert!(run.invocation.elapsed < DEADLINE, "{:?}", run.invocation.elapsed);
    world
}

#[tokio::test]
async fn a_stalled_cluster_keeps_no_other_from_being_reported() {
    let world = world(vec![compliant("alpha"), violating("beta"), violating("gamma")]).await;
    let earlier = seeded(&schedule(), "AWS::EKS::Cluster", "alpha");
    world.seed_evaluation(earlier.clone());
    world.script(Fault::kubernetes("alpha", "pods", FaultAction::Stall).times(usize::MAX));
    let run = schedule().run_with(&world, soon()).await;
    let parts = ["1 of 3 clusters not judged: alpha: deadline: the time ran out", "`clusters`"];
    run.failed_with("ClustersNotJudged", &parts);
    assert!(run.invocation.elapsed < DEADLINE, "{:?}", run.invocation.elapsed);
    let said: Vec<_> = verdicts(&world).into_keys().collect();
    assert_eq!(said, ["beta", "gamma"]);
    assert!(world.evaluations().contains(&earlier));
}

#[tokio::test]
async fn clusters_whose_turn_never_comes_are_named_too() {
    let world = world((0..9).map(|number| compliant(&format!("cluster-{number}"))).collect()).await;
    // Four are read at a time, and these four never end.
    for number in 0..4 {
        world.script(Fault::kubernetes(&format!("cluster-{number}"), "pods", FaultAction::Stall).times(usize::MAX));
    }
    let run = schedule().run_with(&world, soon()).await;
    let message = run.failed_with("ClustersNotJudged", &["9 of 9 clusters not judged: "]);
    assert!(run.invocation.elapsed < DEADLINE, "{:?}", run.invocation.elapsed);
    for number in 0..9 {
        assert!(message.contains(&format!("cluster-{number}: deadline: ")), "{message}");
    }
    assert_eq!(world.put_calls(), []);
}

#[tokio::test]
async fn a_listing_of_clusters_that_stalls_is_told_before_the_deadline() {
    let world = stalled("eks", "ListClusters", "listing the clusters").await;
    assert_eq!(world.put_calls(), []);
}

#[tokio::test]
async fn a_caller_that_cannot_be_found_out_is_told_before_the_deadline() {
    let world = stalled("sts", "GetCallerIdentity", "getting credentials").await;
    assert_eq!(world.put_calls(), []);
}

#[tokio::test]
async fn a_description_that_stalls_keeps_no_other_cluster_back() {
    let world = world(vec![compliant("alpha"), violating("beta")]).await;
    world.script(Fault::aws("eks", "DescribeCluster", FaultAction::Stall).times(1));
    let run = schedule().run_with(&world, soon()).await;
    run.failed_with("ClustersNotJudged", &["1 of 2 clusters not judged: ", "deadline: "]);
    assert_eq!(verdicts(&world).len(), 1);
}

#[tokio::test]
async fn a_clean_up_that_stalls_keeps_no_verdict_back() {
    let world = stalled("config", "GetComplianceDetailsByConfigRule", "looking up earlier results").await;
    let said: Vec<_> = verdicts(&world).into_values().collect();
    assert_eq!(said, ["COMPLIANT", "NON_COMPLIANT"]);
}

#[tokio::test]
async fn a_report_that_stalls_is_told_before_the_deadline() {
    stalled("config", "PutEvaluations", "reporting to AWS Config").await;
}
