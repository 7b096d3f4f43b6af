//! Faults between a function and ECR: each row strikes each call that an index of images needs. The cluster that runs it is
//! not judged then; the other, which asks ECR nothing, is reported.

use std::collections::BTreeSet;
use std::time::Duration;

use acceptance::{Event, asked, evaluations, options, start, verdicts};
use eks_rules::RuleName;
use loopback::objects::{namespace, pod};
use loopback::{
    AccountSpec, ClusterSpec, Fault, FaultAction, ImageSpec, InvokeOptions, OWN_ACCOUNT, RepositorySpec, ScanSpec,
    World, WorldSpec,
};
use serde_json::json;

use super::all;
use super::aws::{Row, passing, staying};

/// A call to ECR: its operation, and how many calls of it are answered properly first.
#[derive(Clone, Copy)]
struct Step {
    name: &'static str,
    operation: &'static str,
    after: usize,
}

#[rustfmt::skip]
const STEPS: [Step; 6] = [
    Step { name: "DescribeRepositories", operation: "DescribeRepositories", after: 0 },
    Step { name: "DescribeImages of the index", operation: "DescribeImages", after: 0 },
    Step { name: "BatchGetImage", operation: "BatchGetImage", after: 0 },
    Step { name: "DescribeImages of what is in it", operation: "DescribeImages", after: 1 },
    Step { name: "DescribeImageScanFindings, page 1", operation: "DescribeImageScanFindings", after: 0 },
    Step { name: "DescribeImageScanFindings, page 2", operation: "DescribeImageScanFindings", after: 1 },
];

const REPOSITORY: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app";

fn digest(number: usize) -> String {
    format!("sha256:{number:064x}")
}

/// Two clusters, `alpha` without pods and `beta` with an image of ECR: an index, of which only single findings are told.
async fn two_clusters() -> World {
    let running = pod("shop", "app", |pod| {
        pod["spec"]["containers"][0]["image"] = json!(format!("{REPOSITORY}:1"));
        let container = pod["spec"]["containers"][0]["name"].clone();
        let image_id = format!("{REPOSITORY}@{}", digest(1));
        pod["status"]["containerStatuses"] = json!([{"name": container, "imageID": image_id}]);
    });
    let scan = ScanSpec { in_summary: false, counted: false, ..ScanSpec::new("COMPLETE", &[("HIGH", 3)]) };
    let images = vec![ImageSpec::index(&digest(1), &[(&digest(2), "linux")]), ImageSpec::new(&digest(2), Some(scan))];
    let repository = RepositorySpec::new("eu-west-1", "team/app", images);
    start(WorldSpec {
        scan_findings_page: 2,
        accounts: vec![AccountSpec {
            clusters: vec![
                ClusterSpec::new("alpha", vec![namespace("shop")]),
                ClusterSpec::new("beta", vec![namespace("shop"), running]),
            ],
            repositories: vec![repository],
            ..AccountSpec::new(OWN_ACCOUNT)
        }],
        ..WorldSpec::default()
    })
    .await
}

fn event() -> Event {
    Event::schedule(RuleName::TrustedRegCheck)
        .with("trustedRegistries", "ecr:self")
        .with("failOnSeverity", "HIGH")
        .with("requireKmsEncryption", "true")
}

fn strike(step: Step, action: &FaultAction, times: usize) -> Fault {
    Fault::aws("ecr", step.operation, action.clone()).after(step.after).times(times)
}

/// Expects that the cluster without images was reported and the other was not.
fn reported(world: &World, case: &str) {
    assert_eq!(
        verdicts(world).into_iter().collect::<Vec<_>>(),
        [("alpha".to_owned(), "COMPLIANT".to_owned())],
        "{case}"
    );
}

#[tokio::test]
async fn what_passes_changes_nothing() {
    let calm = two_clusters().await;
    event().run(&calm).await.succeeded();
    let expected = evaluations(&calm);
    assert_eq!(verdicts(&calm)["beta"], "NON_COMPLIANT");
    let calls = STEPS.map(|step| asked(&calm, step.operation));
    assert_eq!(calls, [1, 2, 1, 2, 2, 2], "every step is there");
    let cases = passing().into_iter().flat_map(|row| STEPS.map(|step| (row.clone(), step)));
    let cases = cases.map(|((name, action, more), step)| {
        let (expected, calls) = (expected.clone(), calls);
        async move {
            let case = format!("{name} × {}", step.name);
            let world = two_clusters().await;
            world.script(strike(step, &action, 1));
            event().run(&world).await.succeeded();
            assert_eq!(evaluations(&world), expected, "{case}");
            let place = STEPS.iter().position(|other| other.name == step.name).unwrap();
            assert_eq!(asked(&world, step.operation), calls[place] + more, "{case}");
        }
    });
    all(cases.collect::<Vec<_>>()).await;
}

#[tokio::test]
async fn what_stays_leaves_the_cluster_unjudged_and_names_the_call() {
    let cases = staying().into_iter().flat_map(|row| STEPS.map(|step| (row.clone(), step)));
    let cases = cases.map(|(row, step): (Row, Step)| async move {
        let case = format!("{} × {}", row.name, step.name);
        let world = two_clusters().await;
        world.script(strike(step, &row.action, usize::MAX));
        let run = event().run(&world).await;
        let call = format!("beta: ECR: ecr:{} of ", step.operation);
        run.failed_with("ClustersNotJudged", &["1 of 2 clusters not judged: ", &call, "team/app", row.cause]);
        let denied = row.name == "AccessDenied";
        let advice =
            if denied { "Allow the action on the repository" } else { "ECR may be throttling or out of reach" };
        run.failed_with("ClustersNotJudged", &[advice]);
        assert_eq!(asked(&world, step.operation), step.after + row.attempts, "{case}");
        reported(&world, &case);
    });
    all(cases.collect::<Vec<_>>()).await;
}

#[tokio::test]
async fn what_stalls_is_left_before_the_deadline() {
    all(STEPS.map(|step| async move {
        let world = two_clusters().await;
        world.script(strike(step, &FaultAction::Stall, usize::MAX));
        let run = event().run_with(&world, InvokeOptions { deadline: Duration::from_secs(16), ..options() }).await;
        run.failed_with("ClustersNotJudged", &["1 of 2 clusters not judged: ", "beta: deadline: the time ran out"]);
        reported(&world, step.name);
    }))
    .await;
}

#[test]
fn no_case_is_lost() {
    let rows = passing().len() + staying().len() + 1;
    let steps: BTreeSet<&str> = STEPS.iter().map(|step| step.name).collect();
    assert_eq!((rows, steps.len(), rows * steps.len()), (17, 6, 102));
}
