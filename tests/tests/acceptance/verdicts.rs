//! What AWS Config receives of clusters that could be judged.

use acceptance::{
    Event, ORDERED_AT, annotations, asked, clean_pod, compliant, escalating_pod, evaluations, pods_in_pages, seeded,
    start, verdicts, violating, world,
};
use eks_rules::RuleName;
use loopback::objects::{namespace, network_policy};
use loopback::{ClusterSpec, Fault, FaultAction, PodProfile, WorldSpec};
use serde_json::json;
use std::sync::Arc;

#[tokio::test]
async fn each_rule_reports_each_cluster_under_its_name() {
    for rule in RuleName::ALL {
        let world = world(vec![compliant("alpha"), violating("beta")]).await;
        Event::schedule(rule).run(&world).await.succeeded();
        let said = evaluations(&world);
        let told: Vec<_> = said.iter().map(|said| (said.resource_id.as_str(), said.compliance_type.as_str())).collect();
        assert_eq!(told, [("alpha", "COMPLIANT"), ("beta", "NON_COMPLIANT")], "{rule}");
        for said in &said {
            assert_eq!(said.resource_type, "AWS::EKS::Cluster");
            assert_eq!(said.rule, format!("eks-{rule}-rule"));
            assert_eq!(said.ordering_timestamp, ORDERED_AT);
            assert!(said.annotation.as_ref().is_some_and(|text| text.ends_with('.')), "{said:?}");
        }
        assert_eq!(world.put_calls().len(), 1);
        assert_eq!(world.evaluations(), said);
    }
}

#[tokio::test]
async fn secrets_in_the_environment_are_what_the_parameter_makes_of_them() {
    let mut pod = clean_pod("app");
    pod["spec"]["initContainers"] = json!([pod["spec"]["containers"][0].clone()]);
    pod["spec"]["containers"][0]["envFrom"] = json!([{"secretRef": {"name": "database", "optional": true}}]);
    for (setting, verdict, annotation) in [
        ("", "COMPLIANT", "none may escalate privileges."),
        ("report", "COMPLIANT", "none may escalate privileges. 1 container has Secrets in its environment."),
        ("require", "NON_COMPLIANT", "1 of 2 containers has Secrets in its environment"),
    ] {
        let world = world(vec![ClusterSpec::new("alpha", vec![namespace("shop"), pod.clone()])]).await;
        let event = Event::schedule(RuleName::PrivEscalation).with("secretsInEnv", setting);
        let run = event.run(&world).await;
        run.succeeded();
        assert_eq!(verdicts(&world)["alpha"], verdict, "{setting}");
        assert!(annotations(&world)["alpha"].contains(annotation), "{:?}", annotations(&world));
        let log = run.log();
        let reasons: Vec<_> =
            log.iter().filter(|line| line["message"] == "finding").map(|line| &line["reasons"]).collect();
        let expected: &[&str] = if setting == "require" { &["SecretInEnvironment"] } else { &[] };
        assert_eq!(reasons, expected, "{setting}");
    }
}

#[tokio::test]
async fn a_violation_on_the_last_of_several_pages_is_found() {
    // 1,203 pods are at least three pages, and only the last pod's Deployment may escalate.
    let last = 1_202 % 200;
    let tweak = move |deployment: usize, pod: &mut serde_json::Value| {
        if deployment == last {
            pod["spec"]["containers"][0]["securityContext"] = json!({"privileged": true});
        }
    };
    let cluster = ClusterSpec {
        generated_pods: 1_203,
        generated_profile: PodProfile::Custom(Arc::new(tweak)),
        ..ClusterSpec::new("large", Vec::new())
    };
    let world = world(vec![cluster]).await;
    Event::schedule(RuleName::PrivEscalation).run(&world).await.succeeded();
    assert_eq!(verdicts(&world)["large"], "NON_COMPLIANT");
    let annotation = &annotations(&world)["large"];
    assert!(annotation.contains("service-002") && annotation.starts_with("7 of 2406 containers"), "{annotation}");
    let pages = world.kubernetes_requests();
    assert!(pages.len() > 2, "{pages:?}");
    assert!(pages.iter().all(|page| page.query.iter().any(|(name, _)| name == "limit")), "{pages:?}");
}

#[tokio::test]
async fn a_violation_of_the_very_last_pod_is_found_by_each_rule() {
    for rule in RuleName::ALL {
        let mut objects = vec![namespace("shop"), namespace("zoo"), network_policy("shop", "default-deny")];
        objects.extend((0..8).map(|number| clean_pod(&format!("app-{number}"))));
        objects.push(escalating_pod("zz-last"));
        let world = world(vec![ClusterSpec::new("alpha", objects)]).await;
        pods_in_pages(&world, "alpha", 2);
        Event::schedule(rule).run(&world).await.succeeded();
        assert_eq!(verdicts(&world)["alpha"], "NON_COMPLIANT", "{rule}");
        let pages = world.kubernetes_requests().iter().filter(|request| request.path.ends_with("/pods")).count();
        assert_eq!(pages, 5, "{rule}");
    }
}

#[tokio::test]
async fn a_namespace_without_a_policy_on_the_last_page_is_found() {
    let mut objects = Vec::new();
    for number in 0..5 {
        objects.push(namespace(&format!("team-{number}")));
        objects.push(network_policy(&format!("team-{number}"), "default-deny"));
    }
    objects.push(namespace("team-9"));
    let world = world(vec![ClusterSpec::new("alpha", objects)]).await;
    for resource in ["namespaces", "networkpolicies"] {
        world.script(Fault::kubernetes("alpha", resource, FaultAction::ShortPage(2)).times(usize::MAX));
    }
    Event::schedule(RuleName::NetPolCheck).run(&world).await.succeeded();
    let annotation = &annotations(&world)["alpha"];
    assert!(annotation.starts_with("1 of 6 namespaces has no network policy: team-9 NoPolicy"), "{annotation}");
}

#[tokio::test]
async fn empty_and_short_pages_are_pages_like_others() {
    let objects = vec![clean_pod("app-1"), clean_pod("app-2"), clean_pod("app-3"), escalating_pod("app-4")];
    let world = world(vec![ClusterSpec::new("alpha", objects)]).await;
    for size in [0, 1, 0, 2, 0] {
        world.script(Fault::kubernetes("alpha", "pods", FaultAction::ShortPage(size)));
    }
    Event::schedule(RuleName::PrivEscalation).run(&world).await.succeeded();
    let annotation = &annotations(&world)["alpha"];
    assert!(annotation.starts_with("1 of 4 containers"), "{annotation}");
    assert_eq!(verdicts(&world)["alpha"], "NON_COMPLIANT");
    assert_eq!(world.kubernetes_requests().len(), 6);
}

#[tokio::test]
async fn the_annotation_of_many_findings_fits_and_counts_what_is_left_out() {
    for rule in RuleName::ALL {
        let objects = (0..300).map(|number| {
            let mut pod = escalating_pod(&format!("a-workload-with-a-rather-long-name-{number:03}"));
            pod["metadata"]["namespace"] = json!(format!("namespace-{number:03}"));
            pod
        });
        let namespaces = (0..300).map(|number| namespace(&format!("namespace-{number:03}")));
        let world = world(vec![ClusterSpec::new("alpha", objects.chain(namespaces).collect())]).await;
        Event::schedule(rule).run(&world).await.succeeded();
        let annotation = &annotations(&world)["alpha"];
        assert!(annotation.encode_utf16().count() <= 256, "{annotation}");
        assert!(annotation.contains("300") && annotation.contains(" more."), "{rule}: {annotation}");
    }
}

#[tokio::test]
async fn each_finding_has_a_line_in_the_log() {
    let objects = (0..30).map(|number| escalating_pod(&format!("app-{number:02}"))).collect();
    let world = world(vec![ClusterSpec::new("alpha", objects)]).await;
    let run = Event::schedule(RuleName::PrivEscalation).run(&world).await;
    run.succeeded();
    let log = run.log();
    let findings: Vec<_> = log.iter().filter(|line| line["message"] == "finding").collect();
    assert_eq!(findings.len(), 30);
    for finding in findings {
        for field in
            ["rule", "cluster", "requestId", "namespace", "ownerKind", "ownerName", "container", "reasons", "advice"]
        {
            assert!(finding[field].is_string(), "{field}: {finding}");
        }
    }
}

#[tokio::test]
async fn a_change_event_evaluates_its_cluster_and_no_other() {
    let world = world(vec![compliant("alpha"), violating("beta"), violating("gamma")]).await;
    Event::cluster_changed(RuleName::PrivEscalation, "beta").run(&world).await.succeeded();
    let said = evaluations(&world);
    assert_eq!(said.len(), 1);
    assert_eq!((said[0].resource_id.as_str(), said[0].ordering_timestamp), ("beta", ORDERED_AT));
    assert_eq!(said[0].compliance_type, "NON_COMPLIANT");
    assert!(world.kubernetes_requests().iter().all(|request| request.cluster == "beta"));
    // A change says nothing of other clusters: none is listed, no result of another is cleaned up.
    assert_eq!((asked(&world, "ListClusters"), asked(&world, "GetComplianceDetailsByConfigRule")), (0, 0));
}

#[tokio::test]
async fn a_discovered_cluster_is_evaluated() {
    let world = world(vec![violating("beta")]).await;
    let event = Event::change(RuleName::NetPolCheck, "AWS::EKS::Cluster", "beta", "ResourceDiscovered");
    event.run(&world).await.succeeded();
    assert_eq!(verdicts(&world)["beta"], "NON_COMPLIANT");
}

#[tokio::test]
async fn a_cluster_that_is_gone_or_left_the_scope_loses_its_result_without_being_read() {
    let change = |status| Event::change(RuleName::PrivEscalation, "AWS::EKS::Cluster", "beta", status);
    for event in [
        change("ResourceDeleted"),
        change("ResourceDeletedNotRecorded"),
        change("ResourceNotRecorded"),
        change("OK").left_scope(),
    ] {
        let world = world(vec![violating("beta")]).await;
        world.seed_evaluation(seeded(&event, "AWS::EKS::Cluster", "beta"));
        event.run(&world).await.succeeded();
        let said = evaluations(&world);
        assert_eq!((said.len(), said[0].compliance_type.as_str()), (1, "NOT_APPLICABLE"));
        assert_eq!(said[0].ordering_timestamp, ORDERED_AT);
        assert_eq!(world.evaluations(), []);
        assert_eq!(world.kubernetes_requests(), []);
    }
}

#[tokio::test]
async fn a_change_of_another_resource_type_is_not_applicable_for_that_resource() {
    let world = world(vec![violating("beta")]).await;
    let event = Event::change(RuleName::PrivEscalation, "AWS::EC2::Instance", "i-0a1b2c3d4e5f60718", "OK");
    event.run(&world).await.succeeded();
    let said = evaluations(&world);
    assert_eq!(said.len(), 1);
    let told = (said[0].resource_type.as_str(), said[0].resource_id.as_str(), said[0].compliance_type.as_str());
    assert_eq!(told, ("AWS::EC2::Instance", "i-0a1b2c3d4e5f60718", "NOT_APPLICABLE"));
    assert_eq!(world.kubernetes_requests(), []);
}

#[tokio::test]
async fn the_same_event_twice_says_the_same_twice() {
    let world = world(vec![compliant("alpha"), violating("beta")]).await;
    let event = Event::schedule(RuleName::PrivEscalation);
    let gone = seeded(&event, "AWS::EKS::Cluster", "gone");
    world.seed_evaluation(gone);
    let token = world.issue_result_token(&event.config_rule(), loopback::OWN_ACCOUNT);
    let event = event.with_token(&token);
    event.run(&world).await.succeeded();
    let held = world.evaluations();
    event.run(&world).await.succeeded();
    assert_eq!(world.evaluations(), held);
    let calls = world.put_calls();
    assert_eq!(calls.len(), 2);
    // What was cleaned up the first time is not there to be cleaned up again.
    assert_eq!(calls[0].evaluations.len(), 3);
    assert_eq!(calls[1].evaluations, calls[0].evaluations[..2]);
}

#[tokio::test]
async fn the_token_testmode_stores_nothing() {
    let world = world(vec![compliant("alpha"), violating("beta")]).await;
    let event = Event::schedule(RuleName::PrivEscalation);
    let earlier = seeded(&event, "AWS::EKS::Cluster", "gone");
    world.seed_evaluation(earlier.clone());
    let run = event.with_token("TESTMODE").run(&world).await;
    assert_eq!(run.succeeded()["testMode"], true);
    assert_eq!(world.evaluations(), [earlier]);
    let calls = world.put_calls();
    assert!(calls.len() == 1 && calls[0].test_mode && calls[0].evaluations.len() == 2, "{calls:?}");
}

#[tokio::test]
async fn more_than_a_hundred_clusters_are_reported_in_chunks_with_the_same_token() {
    let deleting = |number: usize| ClusterSpec {
        status: "DELETING".to_owned(),
        ..ClusterSpec::new(&format!("cluster-{number:03}"), Vec::new())
    };
    let mut clusters: Vec<_> = (0..249).map(deleting).collect();
    clusters.push(violating("zz-last"));
    let world = start(WorldSpec { list_clusters_page: 60, ..WorldSpec::with_clusters(clusters) }).await;
    Event::schedule(RuleName::PrivEscalation).run(&world).await.succeeded();
    let calls = world.put_calls();
    assert_eq!(calls.iter().map(|call| call.evaluations.len()).collect::<Vec<_>>(), [100, 100, 50]);
    assert!(calls.iter().all(|call| call.result_token == calls[0].result_token));
    let said = evaluations(&world);
    assert!(said.iter().all(|said| said.ordering_timestamp == ORDERED_AT));
    assert_eq!(verdicts(&world).len(), 250);
    assert_eq!(verdicts(&world)["zz-last"], "NON_COMPLIANT");
    assert_eq!(asked(&world, "ListClusters"), 5);
}
