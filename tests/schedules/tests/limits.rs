//! What only shows after seconds or minutes, on a clock that runs ahead.

use std::sync::Arc;
use std::time::Duration;

use acceptance::{Event, clean_pod, compliant, pods_in_pages};
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::future::ProvideCredentials as Provided;
use cluster_access::{InvocationError, Limits, Summary};
use eks_rules::RuleName;
use loopback::objects::namespace;
use loopback::{ClusterSpec, EndpointKind, Fault, FaultAction, World, WorldSpec};
use schedules::{credentials, invoke, invoke_as};
use serde_json::json;
use tokio::time::Instant;

fn world(clusters: Vec<ClusterSpec>) -> Arc<World> {
    Arc::new(World::in_memory(WorldSpec::with_clusters(clusters)).unwrap())
}

fn schedule() -> Event {
    Event::schedule(RuleName::PrivEscalation)
}

async fn timed(world: &Arc<World>) -> (Result<Summary, InvocationError>, Duration) {
    let begun = Instant::now();
    let ended = invoke(world, &schedule(), Limits::default()).await;
    (ended, begun.elapsed())
}

/// How long an invocation takes that succeeds although the cluster's list of pods was struck like this once.
async fn after(action: FaultAction) -> Duration {
    let world = world(vec![compliant("alpha")]);
    world.script(Fault::kubernetes("alpha", "pods", action));
    let (ended, elapsed) = timed(&world).await;
    assert_eq!(ended.unwrap().evaluations[0].compliance_type, "COMPLIANT");
    elapsed
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_silent_for_thirty_seconds_is_asked_for_again() {
    for action in [FaultAction::Stall, FaultAction::StallBody] {
        let elapsed = after(action).await;
        assert!((30..32).contains(&elapsed.as_secs()), "{elapsed:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_takes_almost_as_long_is_waited_for() {
    let world = world(vec![compliant("alpha")]);
    world.script(Fault::kubernetes("alpha", "pods", FaultAction::Delay(Duration::from_secs(29))));
    let (ended, elapsed) = timed(&world).await;
    ended.unwrap();
    assert!((29..30).contains(&elapsed.as_secs()), "{elapsed:?}");
    assert_eq!(world.kubernetes_requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_does_not_come_about_is_given_up_after_five_seconds_and_one_more_try() {
    let world = world(vec![ClusterSpec { endpoint: EndpointKind::Silent, ..compliant("alpha") }]);
    let (ended, elapsed) = timed(&world).await;
    let error = ended.unwrap_err();
    assert!(error.to_string().contains("alpha: connect: "), "{error}");
    assert!((10..12).contains(&elapsed.as_secs()), "{elapsed:?}");
}

#[tokio::test(start_paused = true)]
async fn a_busy_server_is_asked_again_when_it_says_but_never_later_than_in_twenty_seconds() {
    assert_eq!(after(FaultAction::overloaded(7)).await.as_secs(), 7);
    assert_eq!(after(FaultAction::overloaded(3600)).await.as_secs(), 20);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stays_silent_is_left_after_five_tries_and_the_others_are_reported() {
    let world = world(vec![compliant("alpha"), compliant("beta")]);
    world.script(Fault::kubernetes("alpha", "pods", FaultAction::Stall).times(usize::MAX));
    let (ended, elapsed) = timed(&world).await;
    let error = ended.unwrap_err().to_string();
    assert!(error.contains("1 of 2 clusters not judged: alpha: list: "), "{error}");
    assert!((150..170).contains(&elapsed.as_secs()), "{elapsed:?}");
    assert_eq!(world.evaluations().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_too_large_is_refused_at_every_step_and_not_asked_for_again() {
    const MEBIBYTE: usize = 1024 * 1024;
    let steps = [
        ("/apis", 0),
        ("namespaces", 0),
        ("networkpolicies", 0),
        ("ciliumnetworkpolicies", 0),
        ("daemonsets", 0),
        ("configmaps", 0),
        ("pods", 0),
        ("pods", 1),
    ];
    let cilium = json!({
        "apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy",
        "metadata": {"name": "nothing", "namespace": "shop"}, "spec": {"endpointSelector": {}},
    });
    for (resource, after) in steps {
        let objects = vec![namespace("shop"), cilium.clone(), clean_pod("app-1"), clean_pod("app-2")];
        let world = world(vec![ClusterSpec::new("alpha", objects)]);
        let body = format!("{{{}}}", " ".repeat(MEBIBYTE));
        let action = FaultAction::Status { code: 200, headers: Vec::new(), body };
        world.script(Fault::kubernetes("alpha", resource, action).after(after).times(usize::MAX));
        pods_in_pages(&world, "alpha", 1);
        let event = Event::schedule(RuleName::NetPolCheck).with("enforcement", "require");
        let limits = Limits { body: MEBIBYTE, ..Limits::default() };
        let error = invoke(&world, &event, limits).await.unwrap_err().to_string();
        assert!(error.contains("alpha: list: the answer to "), "{resource}: {error}");
        assert!(error.contains(resource) && error.contains("it is larger than 1 MiB"), "{resource}: {error}");
        assert_eq!(world.evaluations(), [], "{resource}");
        let of_it = |path: &str| path == resource || path.split('/').any(|segment| segment == resource);
        let asked = world.kubernetes_requests().into_iter().filter(|request| of_it(&request.path)).count();
        assert_eq!(asked, after + 1, "{resource}");
    }
}

/// Credentials that are other ones, which nobody knows, after a while.
#[derive(Debug)]
struct Changing {
    first: Credentials,
    until: Instant,
}

impl ProvideCredentials for Changing {
    fn provide_credentials<'a>(&'a self) -> Provided<'a>
    where
        Self: 'a,
    {
        let other = Credentials::new("ASIANOBODYKNOWS", "secret", None, None, "nobody's");
        Provided::ready(Ok(if Instant::now() < self.until { self.first.clone() } else { other }))
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_is_renewed_after_fourteen_minutes() {
    // A page each twenty-five seconds: the thirty-fifth is asked for after fourteen minutes and ten seconds.
    let mut objects = vec![namespace("shop")];
    objects.extend((0..40).map(|number| clean_pod(&format!("app-{number:02}"))));
    let delay = Duration::from_secs(25);
    let world = world(vec![ClusterSpec { page_delay: delay, ..ClusterSpec::new("alpha", objects) }]);
    pods_in_pages(&world, "alpha", 1);
    let until = Instant::now() + Duration::from_secs(60);
    let changing = Changing { first: credentials(&world), until };
    let error = invoke_as(&world, &schedule(), Limits::default(), changing).await.unwrap_err().to_string();
    // The token that was signed with the first credentials was good until then, and the renewed one is that of nobody.
    assert!(error.contains("alpha: authenticate: "), "{error}");
    let requests = world.kubernetes_requests();
    let accepted = requests.iter().take_while(|request| request.status == 200).count();
    assert_eq!(accepted, 34, "{error}");
    assert!(requests[accepted..].iter().all(|request| request.status == 401));
}
