//! What must not get out, and whom the functions trust.

use acceptance::{Event, Run, compliant, options, start, verdicts, violating, world};
use eks_rules::RuleName;
use loopback::{
    AccountSpec, ClusterSpec, EndpointKind, Fault, FaultAction, InvokeOptions, OWN_ACCOUNT, Outcome, RoleSpec, World,
    WorldSpec,
};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

fn schedule() -> Event {
    Event::schedule(RuleName::PrivEscalation)
}

/// Every secret of a world that a function came by in a run.
fn secrets(world: &World) -> Vec<String> {
    let mut secrets: Vec<String> = world
        .environment()
        .into_iter()
        .filter(|(name, _)| name == "AWS_SECRET_ACCESS_KEY" || name == "AWS_SESSION_TOKEN")
        .map(|(_, value)| value)
        .collect();
    assert_eq!(secrets.len(), 2);
    secrets.extend(world.put_calls().into_iter().map(|call| call.result_token));
    // A session token as it stands in a presigned URL, the secrets of assumed roles, and bearer tokens.
    secrets.push("loopback%2Bown%2Fsession".to_owned());
    secrets.push("loopback/assumed+secret".to_owned());
    secrets.push("loopback+assumed/session".to_owned());
    secrets.push("k8s-aws-v1.".to_owned());
    secrets.push("X-Amz-Signature".to_owned());
    secrets.push("Bearer ".to_owned());
    secrets
}

/// Expects that nothing which the function wrote or answered holds a secret, and that its log is one.
#[track_caller]
fn keeps_secrets(world: &World, token: &str, run: &Run) {
    let answered = match &run.invocation.outcome {
        Outcome::Response(value) => value.to_string(),
        Outcome::Error { error_type, error_message } => format!("{error_type} {error_message}"),
    };
    let written = format!("{}{}{answered}", run.invocation.stdout, run.invocation.stderr);
    for secret in secrets(world).iter().map(String::as_str).chain([token]) {
        assert!(!written.contains(secret), "{secret:?} got out: {written}");
    }
    run.log();
}

fn traced(level: &str) -> InvokeOptions {
    let environment = ["LOG_LEVEL", "RUST_LOG", "AWS_LAMBDA_LOG_LEVEL"].map(|name| (name.to_owned(), level.to_owned()));
    InvokeOptions { environment: environment.to_vec(), ..options() }
}

const TOKEN: &str = "a-result-token-that-is-a-secret";

#[tokio::test]
async fn no_secret_is_logged_at_any_level() {
    for level in ["error", "warn", "info", "debug", "trace", "TRACE"] {
        let world = start(WorldSpec {
            accounts: vec![AccountSpec {
                clusters: vec![compliant("alpha"), violating("beta")],
                roles: vec![RoleSpec::new("auditor")],
                ..AccountSpec::new(OWN_ACCOUNT)
            }],
            ..WorldSpec::default()
        })
        .await;
        let event = Event::schedule(RuleName::NetPolCheck).with("executionRoleName", "auditor").with_token(TOKEN);
        world.accept_result_token(TOKEN, &event.config_rule(), OWN_ACCOUNT);
        let run = event.run_with(&world, traced(level)).await;
        run.succeeded();
        keeps_secrets(&world, TOKEN, &run);
    }
}

#[tokio::test]
async fn no_secret_is_logged_when_things_go_wrong() {
    let unauthorized = || FaultAction::kubernetes_status(401, "Unauthorized", "Unauthorized");
    let reset = || FaultAction::ResetConnection;
    let denied =
        || FaultAction::AwsError { code: 400, name: "AccessDeniedException".to_owned(), message: "no".to_owned() };
    for faults in [
        vec![Fault::kubernetes("alpha", "pods", unauthorized()).times(usize::MAX)],
        vec![
            Fault::kubernetes("alpha", "pods", reset()).times(3),
            Fault::kubernetes("beta", "pods", FaultAction::InvalidJson),
        ],
        vec![Fault::aws("config", "PutEvaluations", denied())],
        vec![Fault::aws("config", "PutEvaluations", FaultAction::InvalidJson).times(usize::MAX)],
        vec![Fault::aws("sts", "GetCallerIdentity", denied())],
        vec![Fault::aws("eks", "DescribeCluster", FaultAction::InvalidJson).times(usize::MAX)],
    ] {
        let world = world(vec![compliant("alpha"), violating("beta")]).await;
        faults.into_iter().for_each(|fault| world.script(fault));
        let event = schedule().with_token(TOKEN);
        world.accept_result_token(TOKEN, &event.config_rule(), OWN_ACCOUNT);
        let run = event.run_with(&world, traced("trace")).await;
        assert!(matches!(run.invocation.outcome, Outcome::Error { .. }), "{:?}", run.invocation.outcome);
        keeps_secrets(&world, TOKEN, &run);
    }
}

#[tokio::test]
async fn no_secret_is_told_of_an_event_that_is_refused() {
    let world = world(vec![compliant("alpha")]).await;
    let proper = schedule().with_token(TOKEN).issued(&world);
    for (field, value) in [
        ("invokingEvent", serde_json::json!("{")),
        ("invokingEvent", serde_json::json!(7)),
        ("accountId", serde_json::json!("12345")),
        ("ruleParameters", serde_json::json!("[]")),
        ("eventLeftScope", serde_json::json!("no")),
        ("resultToken", serde_json::json!([TOKEN])),
        ("resultToken", serde_json::json!({"token": TOKEN})),
    ] {
        let mut event = proper.clone();
        event[field] = value;
        let run = Run::of(&world, RuleName::PrivEscalation, &event, traced("trace")).await;
        assert!(matches!(run.invocation.outcome, Outcome::Error { .. }), "{field}");
        keeps_secrets(&world, TOKEN, &run);
    }
}

/// Expects that `alpha` is not judged over a TLS failure, and that it never came to a request.
async fn tls_is_refused(endpoint: EndpointKind) {
    let cluster = ClusterSpec { endpoint, ..violating("alpha") };
    let world = world(vec![cluster, compliant("beta")]).await;
    let run = schedule().run(&world).await;
    let parts =
        ["1 of 2 clusters not judged: alpha: TLS: TLS with the Kubernetes API failed: ", "certificate", "proxy"];
    run.failed_with("ClustersNotJudged", &parts);
    assert_eq!(verdicts(&world).into_keys().collect::<Vec<_>>(), ["beta"]);
    assert!(world.kubernetes_requests().iter().all(|request| request.cluster == "beta"));
}

#[tokio::test]
async fn a_server_with_a_certificate_of_another_authority_is_refused() {
    tls_is_refused(EndpointKind::WrongCa).await;
}

#[tokio::test]
async fn a_server_with_a_certificate_of_another_host_is_refused() {
    tls_is_refused(EndpointKind::WrongHost).await;
}

/// A port of which everything that arrives is counted.
async fn elsewhere() -> (String, tokio::task::JoinHandle<usize>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let counting = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut taken = [0; 1024];
        stream.read(&mut taken).await.unwrap_or(0).max(1)
    });
    (address.to_string(), counting)
}

#[tokio::test]
async fn a_redirect_of_the_kubernetes_api_is_not_followed() {
    for scheme in ["http", "https"] {
        let (address, arrived) = elsewhere().await;
        let world = world(vec![compliant("alpha"), compliant("beta")]).await;
        let location = format!("{scheme}://{address}/api/v1/pods?limit=500");
        world.script(Fault::kubernetes("alpha", "pods", FaultAction::Redirect { location }).times(usize::MAX));
        let run = schedule().run(&world).await;
        run.failed_with("ClustersNotJudged", &["alpha: list: the Kubernetes API answered 302 to /api/v1/pods"]);
        assert_eq!(verdicts(&world).into_keys().collect::<Vec<_>>(), ["beta"]);
        assert!(!arrived.is_finished());
        arrived.abort();
    }
}

#[tokio::test]
async fn a_redirect_to_another_cluster_does_not_hand_it_the_token() {
    let world = world(vec![compliant("alpha"), violating("beta")]).await;
    let location = format!("{}/api/v1/pods?limit=500", world.kubernetes_endpoint("beta").unwrap());
    world.script(Fault::kubernetes("alpha", "pods", FaultAction::Redirect { location }).times(usize::MAX));
    schedule().run(&world).await.failed("ClustersNotJudged");
    // beta hears only from its own judgement, with its own token.
    let refused: Vec<_> = world.kubernetes_requests().into_iter().filter(|request| request.refusal.is_some()).collect();
    assert_eq!(refused, []);
    assert_eq!(verdicts(&world).into_keys().collect::<Vec<_>>(), ["beta"]);
}

#[tokio::test]
async fn a_redirect_of_aws_is_not_followed() {
    let (address, arrived) = elsewhere().await;
    let world = world(vec![compliant("alpha")]).await;
    let location = format!("http://{address}/");
    world.script(Fault::aws("config", "PutEvaluations", FaultAction::Redirect { location }).times(usize::MAX));
    schedule().run(&world).await.failed("PutEvaluationsFailed");
    assert!(!arrived.is_finished());
    arrived.abort();
}

#[tokio::test]
async fn only_what_the_rules_read_is_asked_for() {
    for rule in RuleName::ALL {
        let world = world(vec![compliant("alpha"), violating("beta")]).await;
        Event::schedule(rule).run(&world).await.succeeded();
        for request in world.kubernetes_requests() {
            assert_eq!(request.method, "GET");
            assert!(!request.path.contains("secrets"), "{}", request.path);
            let pods_only = request.path == "/api/v1/pods";
            assert!(pods_only || rule == RuleName::NetPolCheck, "{rule}: {}", request.path);
            // Never the watch cache, which knows no pages.
            assert!(request.query.iter().all(|(name, _)| name != "resourceVersion"), "{:?}", request.query);
        }
    }
}
