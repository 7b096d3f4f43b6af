//! Which clusters are evaluated, and what becomes of the results of the others.

use acceptance::{Event, asked, compliant, evaluations, seeded, start, verdicts, violating, world};
use eks_rules::RuleName;
use loopback::{Fault, FaultAction, OWN_ACCOUNT, StoredEvaluation, World, WorldSpec};

const CLUSTER: &str = "AWS::EKS::Cluster";

fn schedule() -> Event {
    Event::schedule(RuleName::PrivEscalation)
}

fn told(world: &World) -> Vec<(String, String, String)> {
    let tell = |said: StoredEvaluation| (said.resource_type, said.resource_id, said.compliance_type);
    evaluations(world).into_iter().map(tell).collect()
}

fn owned(told: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    told.iter().map(|(one, two, three)| ((*one).to_owned(), (*two).to_owned(), (*three).to_owned())).collect()
}

#[tokio::test]
async fn clusters_and_excluded_clusters_choose_by_name_and_glob() {
    let world = world(["prod-a", "prod-b", "prod-canary", "staging", "test"].map(compliant).to_vec()).await;
    let event = schedule().with("clusters", "prod-*, staging").with("excludedClusters", "*-canary");
    event.run(&world).await.succeeded();
    assert_eq!(verdicts(&world).into_keys().collect::<Vec<_>>(), ["prod-a", "prod-b", "staging"]);
    let asked: Vec<_> = world.aws_requests().into_iter().filter(|one| one.operation == "DescribeCluster").collect();
    assert_eq!(asked.len(), 3);
}

#[tokio::test]
async fn the_older_name_of_clusters_is_taken() {
    let world = world(["alpha", "beta"].map(compliant).to_vec()).await;
    schedule().with("inscopeclusters", "beta").run(&world).await.succeeded();
    assert_eq!(verdicts(&world).into_keys().collect::<Vec<_>>(), ["beta"]);
}

#[tokio::test]
async fn a_changed_cluster_out_of_scope_is_not_applicable_and_not_read() {
    for (parameter, value) in [("clusters", "prod-*"), ("excludedClusters", "dev")] {
        let world = world(vec![violating("dev")]).await;
        let event = Event::cluster_changed(RuleName::PrivEscalation, "dev").with(parameter, value);
        event.run(&world).await.succeeded();
        assert_eq!(told(&world), owned(&[(CLUSTER, "dev", "NOT_APPLICABLE")]), "{parameter}");
        assert_eq!((world.kubernetes_requests().len(), asked(&world, "DescribeCluster")), (0, 0));
    }
}

#[tokio::test]
async fn every_page_of_list_clusters_is_read() {
    let clusters = ["alpha", "beta", "delta", "epsilon", "gamma"].map(compliant).to_vec();
    let world = start(WorldSpec { list_clusters_page: 2, ..WorldSpec::with_clusters(clusters) }).await;
    schedule().run(&world).await.succeeded();
    assert_eq!(asked(&world, "ListClusters"), 3);
    assert_eq!(verdicts(&world).into_keys().collect::<Vec<_>>(), ["alpha", "beta", "delta", "epsilon", "gamma"]);
}

#[tokio::test]
async fn an_account_without_clusters_is_not_applicable_as_a_whole() {
    let world = world(Vec::new()).await;
    schedule().run(&world).await.succeeded();
    assert_eq!(told(&world), owned(&[("AWS::::Account", OWN_ACCOUNT, "NOT_APPLICABLE")]));
}

#[tokio::test]
async fn an_account_without_clusters_in_scope_is_not_applicable_besides_the_clean_up() {
    let world = world(vec![compliant("alpha")]).await;
    let event = schedule().with("clusters", "prod-*");
    world.seed_evaluation(seeded(&event, CLUSTER, "alpha"));
    event.run(&world).await.succeeded();
    let expected = [("AWS::::Account", OWN_ACCOUNT, "NOT_APPLICABLE"), (CLUSTER, "alpha", "NOT_APPLICABLE")];
    assert_eq!(told(&world), owned(&expected));
    assert_eq!(world.evaluations(), []);
}

#[tokio::test]
async fn results_of_clusters_that_are_gone_are_withdrawn_by_type_and_id() {
    let arn = "arn:aws:eks:eu-west-1:111122223333:cluster/alpha";
    let clusters = vec![compliant("alpha")];
    let world = start(WorldSpec { compliance_details_page: 2, ..WorldSpec::with_clusters(clusters) }).await;
    let event = schedule();
    for (resource_type, id) in
        [(CLUSTER, "alpha"), (CLUSTER, "gone"), (CLUSTER, arn), ("AWS::EC2::Instance", "alpha"), (CLUSTER, "older")]
    {
        world.seed_evaluation(seeded(&event, resource_type, id));
    }
    event.run(&world).await.succeeded();
    let expected = [
        ("AWS::EC2::Instance", "alpha", "NOT_APPLICABLE"),
        (CLUSTER, "alpha", "COMPLIANT"),
        (CLUSTER, arn, "NOT_APPLICABLE"),
        (CLUSTER, "gone", "NOT_APPLICABLE"),
        (CLUSTER, "older", "NOT_APPLICABLE"),
    ];
    assert_eq!(told(&world), owned(&expected));
    assert_eq!(asked(&world, "GetComplianceDetailsByConfigRule"), 3);
    let held = world.evaluations();
    assert_eq!((held.len(), held[0].resource_id.as_str()), (1, "alpha"));
}

#[tokio::test]
async fn results_of_other_rules_are_left_alone() {
    let world = world(vec![compliant("alpha")]).await;
    let of_another_rule = seeded(&Event::schedule(RuleName::NetPolCheck), CLUSTER, "gone");
    world.seed_evaluation(of_another_rule.clone());
    schedule().run(&world).await.succeeded();
    assert_eq!(told(&world), owned(&[(CLUSTER, "alpha", "COMPLIANT")]));
    assert!(world.evaluations().contains(&of_another_rule));
}

#[tokio::test]
async fn nothing_is_withdrawn_and_nothing_said_on_an_incomplete_listing() {
    let clusters = ["alpha", "beta", "gamma"].map(compliant).to_vec();
    let world = start(WorldSpec { list_clusters_page: 2, ..WorldSpec::with_clusters(clusters) }).await;
    let event = schedule();
    let earlier = seeded(&event, CLUSTER, "gamma");
    world.seed_evaluation(earlier.clone());
    let denied = FaultAction::AwsError {
        code: 403,
        name: "AccessDeniedException".to_owned(),
        message: "User is not authorized to perform: eks:ListClusters".to_owned(),
    };
    world.script(Fault::aws("eks", "ListClusters", denied).after(1).times(usize::MAX));
    let run = event.run(&world).await;
    run.failed_with("ListClustersFailed", &["eu-west-1", "eks:ListClusters", "not authorized"]);
    assert_eq!((world.put_calls().len(), world.evaluations()), (0, vec![earlier]));
}

#[tokio::test]
async fn a_listing_of_clusters_that_turns_in_a_circle_is_no_listing() {
    let clusters = ["alpha", "beta", "gamma"].map(compliant).to_vec();
    let world = start(WorldSpec { list_clusters_page: 1, ..WorldSpec::with_clusters(clusters) }).await;
    world.script(Fault::aws("eks", "ListClusters", FaultAction::RepeatPage).after(1).times(usize::MAX));
    let event = schedule();
    let earlier = seeded(&event, CLUSTER, "gamma");
    world.seed_evaluation(earlier.clone());
    event.run(&world).await.failed_with("ListClustersFailed", &["came twice"]);
    assert_eq!((world.put_calls().len(), world.evaluations()), (0, vec![earlier]));
}

#[tokio::test]
async fn stored_results_whose_pages_turn_in_a_circle_are_not_cleaned_up_half() {
    let world =
        start(WorldSpec { compliance_details_page: 1, ..WorldSpec::with_clusters(vec![compliant("alpha")]) }).await;
    let event = schedule();
    for id in ["gone", "lost"] {
        world.seed_evaluation(seeded(&event, CLUSTER, id));
    }
    let circle = FaultAction::RepeatPage;
    world.script(Fault::aws("config", "GetComplianceDetailsByConfigRule", circle).after(1).times(usize::MAX));
    event.run(&world).await.failed_with("CleanUpFailed", &["came twice"]);
    assert_eq!(verdicts(&world).into_iter().collect::<Vec<_>>(), [("alpha".to_owned(), "COMPLIANT".to_owned())]);
}

#[tokio::test]
async fn a_clean_up_that_fails_is_told_and_keeps_no_verdict_back() {
    let world = world(vec![compliant("alpha")]).await;
    let denied = FaultAction::AwsError {
        code: 400,
        name: "AccessDeniedException".to_owned(),
        message: "not authorized to perform: config:GetComplianceDetailsByConfigRule".to_owned(),
    };
    world.script(Fault::aws("config", "GetComplianceDetailsByConfigRule", denied).times(usize::MAX));
    let run = schedule().run(&world).await;
    run.failed_with("CleanUpFailed", &["allow config:GetComplianceDetailsByConfigRule to the role", "not authorized"]);
    assert_eq!(verdicts(&world)["alpha"], "COMPLIANT");
}
