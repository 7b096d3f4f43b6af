//! Objects that somebody made to do harm: to the log, to the annotation, to the function.

use acceptance::{Event, annotations, clean_pod, compliant, evaluations, options, verdicts, world};
use eks_rules::RuleName;
use loopback::objects::{container, namespace, pod};
use loopback::{ClusterSpec, InvokeOptions};
use serde_json::{Value, json};

/// Texts that break lines, colour terminals, end JSON strings, reverse the reading order, or are just long.
fn hostile_texts() -> Vec<String> {
    let texts = [
        "line\nbreak",
        "carriage\r\nreturn",
        "\u{1b}[31mred\u{1b}[0m",
        "\u{1b}]8;;https://evil.example\u{7}link",
        "\",\"complianceType\":\"COMPLIANT\"}",
        "nul\0byte",
        "\u{202e}reversed",
        "line\u{2028}separator",
        "snow☃man-日本語-🦀",
        "{}{{}}{0}%s$(reboot)`id`",
    ];
    texts.iter().map(|text| (*text).to_owned()).chain(["x".repeat(10_000), "🦀".repeat(10_000)]).collect()
}

/// A pod that every rule finds something in, with this text wherever there is room for one.
fn hostile_pod(number: usize, text: &str) -> Value {
    pod("shop", &format!("{number}-{text}"), |pod| {
        pod["metadata"]["namespace"] = json!(format!("shop-{text}"));
        pod["metadata"]["labels"] = json!({text: text});
        let container = &mut pod["spec"]["containers"][0];
        container["name"] = json!(text);
        container["image"] = json!(text);
        container["securityContext"] = json!({"privileged": true, "capabilities": {"add": [text, "SYS_ADMIN"]}});
    })
}

#[tokio::test]
async fn no_text_of_a_pod_breaks_a_line_of_the_log_or_the_limits_of_an_annotation() {
    for rule in RuleName::ALL {
        let clusters = hostile_texts().into_iter().enumerate().map(|(number, text)| {
            let objects = vec![namespace(&format!("shop-{text}")), hostile_pod(number, &text)];
            ClusterSpec::new(&format!("cluster-{number:02}"), objects)
        });
        let world = world(clusters.collect()).await;
        let options = InvokeOptions { environment: vec![("LOG_LEVEL".to_owned(), "trace".to_owned())], ..options() };
        let run = Event::schedule(rule).run_with(&world, options).await;
        run.succeeded();
        let findings = run.log().into_iter().filter(|line| line["message"] == "finding").count();
        assert_eq!(findings, 12, "{rule}");
        assert!(!run.invocation.stderr.contains('\u{1b}'));
        for said in evaluations(&world) {
            let annotation = said.annotation.unwrap();
            assert_eq!(said.compliance_type, "NON_COMPLIANT", "{rule} {}: {annotation}", said.resource_id);
            assert!(annotation.encode_utf16().count() <= 256, "{annotation}");
            assert!(!annotation.chars().any(char::is_control), "{annotation:?}");
        }
        assert_eq!(verdicts(&world).len(), 12);
    }
}

#[tokio::test]
async fn no_text_in_an_error_breaks_a_line_of_the_log() {
    let clusters = hostile_texts().into_iter().enumerate().map(|(number, text)| {
        let mut broken = hostile_pod(number, &text);
        broken["spec"]["containers"][0]["securityContext"]["privileged"] = json!(text);
        ClusterSpec { json_only: true, ..ClusterSpec::new(&format!("cluster-{number:02}"), vec![broken]) }
    });
    let world = world(clusters.collect()).await;
    let run = Event::schedule(RuleName::PrivEscalation).with("notJudged", "nonCompliant").run(&world).await;
    run.failed_with("ClustersNotJudged", &["12 of 12 clusters not judged"]);
    assert_eq!(run.log().into_iter().filter(|line| line["message"] == "not judged").count(), 12);
    for annotation in annotations(&world).values() {
        assert!(annotation.starts_with("NOT JUDGED: decode"), "{annotation}");
        assert!(!annotation.chars().any(char::is_control), "{annotation:?}");
    }
}

#[tokio::test]
async fn a_hostile_error_of_the_server_breaks_no_line_of_the_log() {
    let world = world(vec![ClusterSpec::new("alpha", vec![clean_pod("app")])]).await;
    let message = hostile_texts().concat();
    let action = loopback::FaultAction::kubernetes_status(403, "Forbidden", &message);
    world.script(loopback::Fault::kubernetes("alpha", "pods", action).times(usize::MAX));
    let run = Event::schedule(RuleName::PrivEscalation).with("notJudged", "nonCompliant").run(&world).await;
    run.failed("ClustersNotJudged");
    run.log();
    let annotation = &annotations(&world)["alpha"];
    assert!(annotation.starts_with("NOT JUDGED: authorize, may not list pods (403): "), "{annotation}");
    assert!(annotation.encode_utf16().count() <= 256 && !annotation.chars().any(char::is_control), "{annotation:?}");
}

#[tokio::test]
async fn a_pod_of_ten_thousand_containers_is_judged() {
    let many = pod("shop", "many", |pod| {
        let containers =
            (0..10_000).map(|number| json!({"name": format!("c{number}"), "image": "public.ecr.aws/x/y:1"}));
        pod["spec"]["containers"] = containers.collect();
    });
    let world = world(vec![ClusterSpec::new("alpha", vec![many])]).await;
    Event::schedule(RuleName::PrivEscalation).run(&world).await.succeeded();
    assert_eq!(verdicts(&world)["alpha"], "NON_COMPLIANT");
    let annotation = &annotations(&world)["alpha"];
    assert!(annotation.starts_with("10000 of 10000 containers") && annotation.contains("more"), "{annotation}");
}

#[tokio::test]
async fn a_deeply_nested_object_is_no_way_to_end_the_function() {
    let mut nested = json!({});
    for _ in 0..100 {
        nested = json!({"x": [nested]});
    }
    let deep = pod("shop", "deep", |pod| pod["spec"]["affinity"] = nested);
    let other = pod("shop", "other", |pod| pod["spec"]["containers"] = json!([container("app", "nginx")]));
    let cluster = ClusterSpec { json_only: true, ..ClusterSpec::new("alpha", vec![deep, other]) };
    let world = world(vec![cluster, ClusterSpec::new("beta", vec![clean_pod("app")])]).await;
    let run = Event::schedule(RuleName::PrivEscalation).run(&world).await;
    run.log();
    assert_eq!(verdicts(&world)["beta"], "COMPLIANT");
    // Whether or not the parser bears the depth: a verdict is one over all pods, or there is none.
    match verdicts(&world).get("alpha") {
        Some(_) => assert!(annotations(&world)["alpha"].starts_with("2 containers"), "{:?}", annotations(&world)),
        None => assert!(run.failed("ClustersNotJudged").contains("alpha: decode: ")),
    }
}

#[tokio::test]
async fn what_an_error_tells_is_bounded() {
    let long = "x".repeat(300_000);
    let world = world(vec![compliant("alpha"), compliant("beta")]).await;
    let action = loopback::FaultAction::kubernetes_status(403, "Forbidden", &long);
    world.script(loopback::Fault::kubernetes("alpha", "pods", action).times(usize::MAX));
    let mut broken = clean_pod("app");
    broken["metadata"]["name"] = json!(long);
    broken["spec"]["containers"][0]["securityContext"]["privileged"] = json!(long);
    let cluster = ClusterSpec { json_only: true, ..ClusterSpec::new("alpha", vec![broken]) };
    let other = acceptance::world(vec![cluster]).await;
    let schedule = || Event::schedule(RuleName::PrivEscalation);
    for (run, error_type) in [
        (schedule().run(&world).await, "ClustersNotJudged"),
        (schedule().run(&other).await, "ClustersNotJudged"),
        (schedule().with("excludedNamespaces", "a").with("reading", &long).run(&world).await, "InvalidParameter"),
        (schedule().with(&long, "a").run(&world).await, "InvalidParameter"),
        (schedule().with("exemptions", &format!("[{{\"{long}\": 1}}]")).run(&world).await, "InvalidParameter"),
        (schedule().with("executionRoleName", &long).run(&world).await, "InvalidParameter"),
        (schedule().of_account(&long).run(&world).await, "InvalidEvent"),
    ] {
        assert!(run.failed(error_type).len() < 10_000, "{error_type}: {} bytes", run.failed(error_type).len());
        for line in run.invocation.stderr.lines() {
            assert!(line.len() < 20_000, "{error_type}: {} bytes: {}", line.len(), &line[..200]);
        }
    }
}
