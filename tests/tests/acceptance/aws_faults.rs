//! What goes wrong between a function and AWS: throttling and server errors on each call, and what no retry mends.

use acceptance::{Event, asked, compliant, evaluations, seeded, start, verdicts, violating, world};
use eks_rules::RuleName;
use loopback::{AccountSpec, ClusterSpec, Fault, FaultAction, OWN_ACCOUNT, ParameterSpec, RoleSpec, World, WorldSpec};

/// Every call of an invocation, by service and operation; GetCallerIdentity is asked for where no role is assumed.
const CALLS: [(&str, &str); 7] = [
    ("ssm", "GetParameter"),
    ("sts", "AssumeRole"),
    ("eks", "ListClusters"),
    ("eks", "DescribeCluster"),
    ("eks", "DescribeAddon"),
    ("config", "GetComplianceDetailsByConfigRule"),
    ("config", "PutEvaluations"),
];

fn schedule() -> Event {
    Event::schedule(RuleName::PrivEscalation)
}

fn error(code: u16, name: &str, message: &str) -> FaultAction {
    FaultAction::AwsError { code, name: name.to_owned(), message: message.to_owned() }
}

/// Spoils every call of an invocation once, and expects that each is made a second time and nothing else happens.
async fn each_call_is_made_again(action: FaultAction) {
    let world = start(WorldSpec {
        accounts: vec![AccountSpec {
            clusters: vec![compliant("alpha")],
            roles: vec![RoleSpec::new("auditor")],
            parameters: vec![ParameterSpec {
                name: "clusters".to_owned(),
                kind: "StringList".to_owned(),
                value: "alpha,beta".to_owned(),
            }],
            ..AccountSpec::new(OWN_ACCOUNT)
        }],
        ..WorldSpec::default()
    })
    .await;
    for (service, operation) in CALLS {
        world.script(Fault::aws(service, operation, action.clone()));
    }
    let event =
        Event::schedule(RuleName::NetPolCheck).with("clusters", "ssm:clusters").with("executionRoleName", "auditor");
    event.run(&world).await.succeeded();
    for (_, operation) in CALLS {
        assert_eq!(asked(&world, operation), 2, "{operation}");
    }
    let said = evaluations(&world);
    assert_eq!(said.last().map(|said| said.compliance_type.as_str()), Some("COMPLIANT"));
    assert_eq!(world.evaluations().len(), 1);
}

#[tokio::test]
async fn each_call_that_is_throttled_once_is_made_again() {
    each_call_is_made_again(FaultAction::throttled()).await;
}

#[tokio::test]
async fn each_call_that_fails_once_in_the_server_is_made_again() {
    for code in [500, 503] {
        each_call_is_made_again(error(code, "InternalFailure", "try again")).await;
    }
}

#[tokio::test]
async fn each_call_whose_connection_is_reset_once_is_made_again() {
    each_call_is_made_again(FaultAction::ResetConnection).await;
}

#[tokio::test]
async fn each_call_whose_answer_breaks_off_once_is_made_again() {
    // PutEvaluations has been carried out then: to say the same twice is no harm.
    each_call_is_made_again(FaultAction::TruncateBody).await;
}

#[tokio::test]
async fn the_caller_is_asked_for_again_where_sts_throttles() {
    let world = world(vec![compliant("alpha")]).await;
    world.script(Fault::aws("sts", "GetCallerIdentity", FaultAction::throttled()));
    schedule().run(&world).await.succeeded();
    assert_eq!(asked(&world, "GetCallerIdentity"), 2);
}

#[tokio::test]
async fn throttling_that_stays_ends_each_call_after_four_tries_with_its_own_error() {
    // In one go, since each waits for some seconds between its tries.
    let expected = [
        ("sts", "GetCallerIdentity", "CredentialsFailed"),
        ("eks", "ListClusters", "ListClustersFailed"),
        ("eks", "DescribeCluster", "ClustersNotJudged"),
        ("config", "GetComplianceDetailsByConfigRule", "CleanUpFailed"),
        ("config", "PutEvaluations", "PutEvaluationsFailed"),
    ];
    let struck = |service: &'static str, operation: &'static str, error_type: &'static str| async move {
        let world = world(vec![compliant("alpha")]).await;
        world.script(Fault::aws(service, operation, FaultAction::throttled()).times(usize::MAX));
        let run = schedule().run(&world).await;
        run.failed_with(error_type, &["Rate exceeded"]);
        assert_eq!(asked(&world, operation), 4, "{operation}");
        let told = verdicts(&world).len();
        assert_eq!(told, usize::from(operation == "GetComplianceDetailsByConfigRule"), "{operation}");
    };
    let [one, two, three, four, five] = expected.map(|(service, operation, error)| struck(service, operation, error));
    tokio::join!(one, two, three, four, five);
}

#[tokio::test]
async fn credentials_that_have_expired_are_told_and_nothing_is_said() {
    for (service, operation, error_type) in
        [("sts", "GetCallerIdentity", "CredentialsFailed"), ("eks", "ListClusters", "ListClustersFailed")]
    {
        let world = world(vec![compliant("alpha")]).await;
        let expired = error(403, "ExpiredTokenException", "The security token included in the request is expired");
        world.script(Fault::aws(service, operation, expired).times(usize::MAX));
        schedule().run(&world).await.failed_with(error_type, &["is expired"]);
        assert_eq!(world.put_calls(), []);
    }
}

#[tokio::test]
async fn a_cluster_that_may_not_be_described_is_not_judged() {
    let world = world(vec![compliant("alpha"), violating("beta")]).await;
    let denied = error(403, "AccessDeniedException", "not authorized to perform: eks:DescribeCluster");
    world.script(Fault::aws("eks", "DescribeCluster", denied));
    let run = schedule().run(&world).await;
    let parts = ["1 of 2 clusters not judged: ", "DescribeCluster: ", "not authorized", "Allow eks:DescribeCluster"];
    run.failed_with("ClustersNotJudged", &parts);
    assert_eq!(verdicts(&world).len(), 1);
    assert_eq!(asked(&world, "DescribeCluster"), 2);
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
async fn evaluations_that_are_never_stored_are_an_error_that_names_them() {
    let world = world(vec![compliant("alpha"), compliant("beta")]).await;
    world.script(Fault::aws("config", "PutEvaluations", FaultAction::FailEvaluations(1)).times(usize::MAX));
    let run = schedule().run(&world).await;
    run.failed_with("PutEvaluationsFailed", &["failed to store, 3 times, the evaluations of alpha"]);
    assert_eq!(world.put_calls().len(), 3);
    let held: Vec<_> = world.evaluations().into_iter().map(|held| held.resource_id).collect();
    assert_eq!(held, ["beta"]);
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
async fn a_right_to_report_that_is_missing_is_told_with_its_name() {
    let world = world(vec![compliant("alpha")]).await;
    let denied = error(400, "AccessDeniedException", "not authorized to perform: config:PutEvaluations");
    world.script(Fault::aws("config", "PutEvaluations", denied).times(usize::MAX));
    let run = schedule().run(&world).await;
    run.failed_with("PutEvaluationsFailed", &["allow config:PutEvaluations to the role", "not authorized"]);
    assert_eq!(asked(&world, "PutEvaluations"), 1);
}

/// A world of 250 clusters that cost nothing to judge: three chunks.
async fn three_chunks() -> World {
    let deleting = |number: usize| ClusterSpec {
        status: "DELETING".to_owned(),
        ..ClusterSpec::new(&format!("cluster-{number:03}"), Vec::new())
    };
    world((0..250).map(deleting).collect()).await
}

#[tokio::test]
async fn a_second_of_three_chunks_that_fails_once_is_put_again() {
    let world = three_chunks().await;
    world.script(Fault::aws("config", "PutEvaluations", FaultAction::throttled()).after(1));
    schedule().run(&world).await.succeeded();
    assert_eq!(asked(&world, "PutEvaluations"), 4);
    assert_eq!(evaluations(&world).len(), 250);
    assert_eq!(verdicts(&world).len(), 250);
}

#[tokio::test]
async fn a_second_of_three_chunks_that_is_refused_is_an_error_and_the_first_stays_reported() {
    let world = three_chunks().await;
    let refused = error(400, "InvalidResultTokenException", "The specified ResultToken is invalid.");
    world.script(Fault::aws("config", "PutEvaluations", refused).after(1).times(usize::MAX));
    schedule().run(&world).await.failed_with("PutEvaluationsFailed", &["ResultToken is invalid"]);
    assert!(evaluations(&world).len() >= 100);
    assert!(world.put_calls().iter().all(|call| call.evaluations.len() == 100));
    assert!(asked(&world, "PutEvaluations") <= 3);
}

#[tokio::test]
async fn a_report_that_fails_and_a_cluster_that_was_not_judged_are_both_told() {
    let failed = ClusterSpec { status: "FAILED".to_owned(), ..compliant("alpha") };
    let world = world(vec![failed, compliant("beta")]).await;
    let run = schedule().with_token("a-token-that-nobody-issued").run(&world).await;
    run.failed("PutEvaluationsFailed");
    let log = run.log();
    let told = |text: &str| log.iter().any(|line| line.to_string().contains(text));
    assert!(told("the cluster's status is FAILED") && told("ResultToken is invalid"), "{log:?}");
}
