//! Clusters that are being made, deleted or mended, and those that cannot be looked into.

use acceptance::{Event, annotations, asked, compliant, evaluations, seeded, verdicts, violating, world};
use eks_rules::RuleName;
use loopback::{ClusterSpec, EndpointKind, World};
use serde_json::json;

fn schedule() -> Event {
    Event::schedule(RuleName::PrivEscalation)
}

fn in_status(name: &str, status: &str) -> ClusterSpec {
    ClusterSpec { status: status.to_owned(), ..violating(name) }
}

/// A world of this cluster and a compliant one, each with an earlier result.
async fn beside(cluster: ClusterSpec) -> World {
    let earlier = seeded(&schedule(), "AWS::EKS::Cluster", &cluster.name);
    let world = world(vec![cluster, compliant("beside")]).await;
    world.seed_evaluation(earlier);
    world
}

/// What AWS Config holds of a cluster.
fn held(world: &World, cluster: &str) -> Option<String> {
    world.evaluations().into_iter().find(|held| held.resource_id == cluster).map(|held| held.compliance_type)
}

#[tokio::test]
async fn a_cluster_that_is_being_made_is_skipped_and_its_earlier_result_kept() {
    for status in ["CREATING", "PENDING"] {
        let world = beside(in_status("alpha", status)).await;
        let run = schedule().run(&world).await;
        assert_eq!(run.succeeded()["notYet"], json!(["alpha"]), "{status}");
        assert_eq!(verdicts(&world).into_keys().collect::<Vec<_>>(), ["beside"], "{status}");
        assert_eq!(held(&world, "alpha").as_deref(), Some("NON_COMPLIANT"), "{status}");
    }
}

#[tokio::test]
async fn a_change_of_a_cluster_that_is_being_made_puts_an_empty_answer() {
    let world = world(vec![in_status("alpha", "CREATING")]).await;
    Event::cluster_changed(RuleName::PrivEscalation, "alpha").run(&world).await.succeeded();
    let calls = world.put_calls();
    assert!(calls.len() == 1 && calls[0].evaluations.is_empty(), "{calls:?}");
}

#[tokio::test]
async fn a_cluster_that_is_being_deleted_is_not_applicable() {
    let world = beside(in_status("alpha", "DELETING")).await;
    schedule().run(&world).await.succeeded();
    assert_eq!(verdicts(&world)["alpha"], "NOT_APPLICABLE");
    assert_eq!(held(&world, "alpha"), None);
}

#[tokio::test]
async fn a_cluster_that_is_gone_between_listing_and_describing_is_not_applicable() {
    let world = beside(ClusterSpec { vanished: true, ..compliant("alpha") }).await;
    schedule().run(&world).await.succeeded();
    assert_eq!(verdicts(&world)["alpha"], "NOT_APPLICABLE");
    assert_eq!(evaluations(&world).len(), 2);
    assert_eq!(held(&world, "alpha"), None);
}

#[tokio::test]
async fn a_cluster_that_is_being_updated_is_judged() {
    let world = beside(in_status("alpha", "UPDATING")).await;
    schedule().run(&world).await.succeeded();
    assert_eq!(verdicts(&world)["alpha"], "NON_COMPLIANT");
}

/// Expects that `alpha` is not judged, keeps its result, and keeps nothing of the other cluster back.
async fn not_judged(cluster: ClusterSpec, parts: &[&str]) {
    let world = beside(cluster).await;
    let run = schedule().run(&world).await;
    run.failed_with("ClustersNotJudged", &["1 of 2 clusters not judged: alpha: "]);
    run.failed_with("ClustersNotJudged", parts);
    assert_eq!(verdicts(&world).into_iter().collect::<Vec<_>>(), [("beside".to_owned(), "COMPLIANT".to_owned())]);
    assert_eq!(held(&world, "alpha").as_deref(), Some("NON_COMPLIANT"));
    let log = run.log();
    let line = log.iter().find(|line| line["message"] == "not judged").expect("the log tells");
    for field in ["cluster", "rule", "requestId", "step", "cause", "advice"] {
        assert!(line[field].is_string(), "{field}: {line}");
    }
}

#[tokio::test]
async fn a_failed_cluster_is_not_judged() {
    not_judged(in_status("alpha", "FAILED"), &["DescribeCluster: the cluster's status is FAILED", "Mend or delete"])
        .await;
}

#[tokio::test]
async fn a_status_that_nobody_knows_is_not_judged() {
    not_judged(in_status("alpha", "HIBERNATING"), &["the cluster's status is HIBERNATING"]).await;
}

#[tokio::test]
async fn a_connector_cluster_is_not_judged() {
    let cluster = ClusterSpec { connector: true, ..violating("alpha") };
    not_judged(cluster, &["EKS Connector", "excludedClusters"]).await;
}

#[tokio::test]
async fn a_cluster_that_cannot_be_reached_is_not_judged() {
    let cluster = ClusterSpec { endpoint: EndpointKind::Unreachable, ..compliant("alpha") };
    not_judged(cluster, &["connect: no connection to the Kubernetes API", "VpcConfig", "publicAccessCidrs"]).await;
}

#[tokio::test]
async fn a_cluster_that_takes_connections_and_says_nothing_is_not_judged() {
    let cluster = ClusterSpec { endpoint: EndpointKind::Silent, ..compliant("alpha") };
    not_judged(cluster, &["connect: no connection to the Kubernetes API"]).await;
}

#[tokio::test]
async fn a_cluster_of_another_account_is_not_judged() {
    let arn = json!({"arn": "arn:aws:eks:eu-west-1:999988887777:cluster/alpha"});
    let cluster = ClusterSpec { describe_overrides: arn, ..compliant("alpha") };
    not_judged(cluster, &["999988887777", "111122223333", "executionRoleName"]).await;
}

#[tokio::test]
async fn a_cluster_without_a_usable_endpoint_or_authority_is_not_judged() {
    for (overrides, part) in [
        (json!({"endpoint": null}), "no usable endpoint"),
        (json!({"endpoint": "http://127.0.0.1:1"}), "it is not an https URL"),
        (json!({"certificateAuthority": null}), "no usable certificateAuthority"),
        (json!({"certificateAuthority": {"data": "bm90IGEgY2VydGlmaWNhdGU="}}), "no usable certificateAuthority"),
        (json!({"certificateAuthority": {"data": "%%%"}}), "no usable certificateAuthority"),
    ] {
        not_judged(ClusterSpec { describe_overrides: overrides, ..compliant("alpha") }, &[part]).await;
    }
}

#[tokio::test]
async fn a_role_without_an_access_entry_is_not_let_in_and_told_what_to_do() {
    let cluster = ClusterSpec { access_entries: Some(vec!["another-role".to_owned()]), ..compliant("alpha") };
    not_judged(cluster, &["authenticate: the Kubernetes API refused the token (401)", "infra/access-entry.yaml"]).await;
}

#[tokio::test]
async fn not_judged_non_compliant_says_so_in_the_annotation() {
    let world = beside(in_status("alpha", "FAILED")).await;
    let run = schedule().with("notJudged", "nonCompliant").run(&world).await;
    run.failed_with("ClustersNotJudged", &["1 of 2 clusters not judged: alpha: "]);
    assert_eq!(verdicts(&world)["alpha"], "NON_COMPLIANT");
    let expected = "NOT JUDGED: DescribeCluster, the cluster's status is FAILED. Not judged since 20";
    assert!(annotations(&world)["alpha"].starts_with(expected), "{:?}", annotations(&world));
    assert_eq!(verdicts(&world)["beside"], "COMPLIANT");
}

#[tokio::test]
async fn a_long_cause_of_not_judged_fits_the_annotation() {
    let cluster = ClusterSpec { endpoint: EndpointKind::Unreachable, ..compliant(&"a".repeat(100)) };
    let mut long = ClusterSpec { json_only: true, ..compliant("alpha") };
    long.objects[2]["spec"]["containers"][0]["securityContext"] = json!({"privileged": "x".repeat(5_000)});
    let world = world(vec![cluster, long]).await;
    schedule().with("notJudged", "nonCompliant").run(&world).await.failed("ClustersNotJudged");
    for annotation in annotations(&world).values() {
        assert!(annotation.starts_with("NOT JUDGED: ") && annotation.encode_utf16().count() <= 256, "{annotation}");
    }
    assert_eq!(asked(&world, "PutEvaluations"), 1);
}

#[tokio::test]
async fn nothing_is_put_where_no_cluster_could_be_judged() {
    let world = world(vec![in_status("alpha", "FAILED")]).await;
    let earlier = seeded(&schedule(), "AWS::EKS::Cluster", "alpha");
    world.seed_evaluation(earlier.clone());
    schedule().run(&world).await.failed("ClustersNotJudged");
    // An empty answer would record that the rule ran well.
    assert_eq!((world.put_calls().len(), world.evaluations()), (0, vec![earlier]));
}
