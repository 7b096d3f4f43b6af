//! What goes wrong between a function and AWS, beyond the fault matrix: what is said to whom, and what is not.

use acceptance::{Event, asked, compliant, seeded, start, violating, world};
use eks_rules::RuleName;
use loopback::{ClusterSpec, Fault, FaultAction, WorldSpec};

fn schedule() -> Event {
    Event::schedule(RuleName::PrivEscalation)
}

fn error(code: u16, name: &str, message: &str) -> FaultAction {
    FaultAction::AwsError { code, name: name.to_owned(), message: message.to_owned() }
}

#[tokio::test]
async fn a_listing_that_fails_on_page_two_says_nothing_at_all() {
    let clusters = vec![compliant("alpha"), violating("beta")];
    let world = start(WorldSpec { list_clusters_page: 1, ..WorldSpec::with_clusters(clusters) }).await;
    let earlier = seeded(&schedule(), "AWS::EKS::Cluster", "beta");
    world.seed_evaluation(earlier.clone());
    world.script(Fault::aws("eks", "ListClusters", error(500, "ServerException", "oops")).after(1).times(usize::MAX));
    schedule().run(&world).await.failed_with("ListClustersFailed", &["eu-west-1", "oops"]);
    assert_eq!((world.put_calls().len(), world.evaluations()), (0, vec![earlier]));
    assert_eq!(asked(&world, "DescribeCluster"), 0);
}

#[tokio::test]
async fn evaluations_that_were_not_stored_are_put_again_with_the_same_token() {
    let world = world(vec![compliant("alpha"), compliant("beta"), violating("gamma")]).await;
    world.script(Fault::aws("config", "PutEvaluations", FaultAction::FailEvaluations(2)));
    schedule().run(&world).await.succeeded();
    let calls = world.put_calls();
    let ids = |call: usize| calls[call].evaluations.iter().map(|said| said.resource_id.as_str()).collect::<Vec<_>>();
    assert_eq!(calls.len(), 2);
    assert_eq!((ids(0), ids(1)), (vec!["alpha", "beta", "gamma"], vec!["alpha", "beta"]));
    assert_eq!(calls[0].result_token, calls[1].result_token);
    assert_eq!(calls[0].evaluations[..2], calls[1].evaluations);
    assert_eq!(world.evaluations().len(), 3);
}

#[tokio::test]
async fn a_result_token_that_is_refused_is_final() {
    let world = world(vec![compliant("alpha")]).await;
    let run = schedule().with_token("a-token-that-nobody-issued").run(&world).await;
    let message = run.failed_with("PutEvaluationsFailed", &["The specified ResultToken is invalid"]);
    assert!(!message.contains("a-token-that-nobody-issued"), "{message}");
    assert_eq!(asked(&world, "PutEvaluations"), 1);
}

#[tokio::test]
async fn a_report_that_fails_and_a_cluster_that_was_not_judged_are_both_told() {
    let failed = ClusterSpec { status: "FAILED".to_owned(), ..compliant("alpha") };
    let world = world(vec![failed, compliant("beta")]).await;
    let run = schedule().with_token("a-token-that-nobody-issued").run(&world).await;
    let parts =
        ["of beta were not taken", "ResultToken is invalid", "1 of 2 clusters not judged: alpha: DescribeCluster: "];
    run.failed_with("PutEvaluationsFailed", &parts);
}
