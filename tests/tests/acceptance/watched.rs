//! What an operator watches: the line of metrics of each run, and how long clusters have not been judged.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use acceptance::{Event, ORDERED_AT, Run, annotations, compliant, seeded, start, violating, world};
use eks_rules::RuleName;
use loopback::{AccountSpec, ClusterSpec, Fault, FaultAction, OWN_ACCOUNT, RoleSpec, World, WorldSpec};
use serde_json::Value;

const MEMBER: &str = "444455556666";

fn schedule() -> Event {
    Event::schedule(RuleName::PrivEscalation)
}

fn failed(name: &str) -> ClusterSpec {
    ClusterSpec { status: "FAILED".to_owned(), ..compliant(name) }
}

/// The one line of metrics of a run.
#[track_caller]
fn metrics(run: &Run) -> Value {
    let lines: Vec<Value> = run.log().into_iter().filter(|line| line["_aws"].is_object()).collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    lines[0].clone()
}

/// How many seconds ago that was, as the run says.
fn oldest(run: &Run) -> u64 {
    metrics(run)["OldestVerdictSeconds"].as_u64().unwrap_or_else(|| panic!("{}", metrics(run)))
}

/// The age of what [`seeded`] gives, within a minute.
fn is_of_the_seeded_result(age: u64) -> bool {
    let recorded = Duration::from_secs_f64(ORDERED_AT - 86_400.0);
    let expected = SystemTime::now().duration_since(UNIX_EPOCH + recorded).unwrap().as_secs();
    (expected - 60..=expected).contains(&age)
}

/// A world in which the rule reported on `alpha` a day before the event.
async fn reported(cluster: ClusterSpec) -> World {
    reported_beside(compliant("beta"), cluster).await
}

/// The same beside another cluster.
async fn reported_beside(beside: ClusterSpec, cluster: ClusterSpec) -> World {
    let world = world(vec![cluster, beside]).await;
    world.seed_evaluation(seeded(&schedule(), "AWS::EKS::Cluster", "alpha"));
    world
}

#[tokio::test]
async fn what_was_judged_just_now_has_no_age() {
    let world = reported(compliant("alpha")).await;
    let run = schedule().run(&world).await;
    run.succeeded();
    assert_eq!(oldest(&run), 0);
    assert_eq!((&metrics(&run)["ClustersJudged"], &metrics(&run)["ClustersNotJudged"]), (&2.into(), &0.into()));
}

#[tokio::test]
async fn a_cluster_that_is_not_judged_ages_from_its_last_judgement() {
    let run = schedule().run(&reported(failed("alpha")).await).await;
    run.failed("ClustersNotJudged");
    assert!(is_of_the_seeded_result(oldest(&run)), "{}", oldest(&run));
    // A result that is erased in this run is shown of nothing.
    let run = schedule().run(&reported(ClusterSpec { vanished: true, ..compliant("alpha") }).await).await;
    run.succeeded();
    assert_eq!(oldest(&run), 0);
}

#[tokio::test]
async fn reporting_a_cluster_that_is_not_judged_does_not_make_it_younger() {
    let world = reported(failed("alpha")).await;
    let mut said = Vec::new();
    for event in [schedule(), Event::cluster_changed(RuleName::PrivEscalation, "alpha"), schedule(), schedule()] {
        let scheduled = event.with("notJudged", "nonCompliant");
        let run = scheduled.run(&world).await;
        run.failed("ClustersNotJudged");
        said.push(annotations(&world)["alpha"].clone());
        // An event of one cluster does not ask for the results of all.
        if metrics(&run).get("OldestVerdictSeconds").is_some() {
            assert!(is_of_the_seeded_result(oldest(&run)), "{}", oldest(&run));
        }
    }
    said.dedup();
    assert_eq!(said.len(), 1, "{said:?}");
}

#[tokio::test]
async fn where_the_clusters_cannot_be_listed_every_shown_result_in_scope_ages() {
    let denied =
        || FaultAction::AwsError { code: 403, name: "AccessDeniedException".to_owned(), message: "no".to_owned() };
    let world = reported(compliant("alpha")).await;
    world.script(Fault::aws("eks", "ListClusters", denied()).times(usize::MAX));
    let run = schedule().run(&world).await;
    run.failed("ListClustersFailed");
    assert!(is_of_the_seeded_result(oldest(&run)), "{}", oldest(&run));
    let run = schedule().with("excludedClusters", "alpha").run(&world).await;
    run.failed("ListClustersFailed");
    assert_eq!(oldest(&run), 0);
}

#[tokio::test]
async fn what_aws_config_does_not_take_goes_on_ageing_there() {
    // Whether or not something else went wrong besides.
    for beside in [compliant("beta"), failed("beta")] {
        let world = reported_beside(beside, compliant("alpha")).await;
        let refused =
            FaultAction::AwsError { code: 403, name: "AccessDeniedException".to_owned(), message: "no".to_owned() };
        world.script(Fault::aws("config", "PutEvaluations", refused).times(usize::MAX));
        let run = schedule().run(&world).await;
        run.failed("PutEvaluationsFailed");
        assert!(is_of_the_seeded_result(oldest(&run)), "{}", oldest(&run));
    }
}

#[tokio::test]
async fn what_aws_config_shows_is_not_said_to_be_young_where_it_could_not_be_asked() {
    let world = reported(compliant("alpha")).await;
    world.script(Fault::aws("config", "GetComplianceDetailsByConfigRule", FaultAction::InvalidJson).times(usize::MAX));
    let run = schedule().run(&world).await;
    run.failed("CleanUpFailed");
    assert_eq!(metrics(&run).get("OldestVerdictSeconds"), None);
}

#[tokio::test]
async fn every_line_about_a_cluster_and_the_line_of_metrics_tell_its_account() {
    let account = AccountSpec {
        clusters: vec![violating("alpha"), failed("beta")],
        roles: vec![RoleSpec::new("auditor")],
        ..AccountSpec::new(MEMBER)
    };
    let accounts = vec![AccountSpec::new(OWN_ACCOUNT), account];
    let world = start(WorldSpec { accounts, ..WorldSpec::default() }).await;
    let run = schedule().of_account(MEMBER).with("executionRoleName", "auditor").run(&world).await;
    run.failed("ClustersNotJudged");
    assert_eq!(metrics(&run)["account"], MEMBER);
    let mut messages = Vec::new();
    for line in run.log().iter().filter(|line| line["rule"].is_string()) {
        assert_eq!(line["account"], MEMBER, "{line}");
        messages.extend(line["message"].as_str().map(str::to_owned));
    }
    messages.sort();
    assert_eq!(messages, ["finding", "not judged", "the invocation failed", "verdict"]);
}
