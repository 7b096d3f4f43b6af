//! The bearer token: a proper one is accepted, and each rule broken alone is refused.

use std::time::{Duration, SystemTime};

use super::client::{Keys, Presign, get_with, token_of};
use super::worlds::{five_pods, start};
use crate::ledger::Shared;
use crate::{ClusterSpec, World, WorldSpec};

/// The status and the reason of a refusal.
async fn refusal(world: &World, token: &str) -> String {
    let answer = get_with(world, "demo", "/api/v1/namespaces", token).await.unwrap();
    assert_eq!(answer.status, 401, "{}", answer.text);
    let status = answer.json();
    assert_eq!((&status["kind"], &status["reason"]), (&"Status".into(), &"Unauthorized".into()));
    world.kubernetes_requests().pop().unwrap().refusal.unwrap()
}

#[tokio::test]
async fn a_proper_token_is_accepted_and_names_its_user() {
    let world = start(five_pods()).await;
    let answer =
        get_with(&world, "demo", "/api/v1/namespaces", &Presign::proper(&world, "demo").token()).await.unwrap();
    assert_eq!(answer.status, 200, "{:?}", world.kubernetes_requests());
    let user = world.kubernetes_requests().pop().unwrap().user;
    assert_eq!(user.as_deref(), Some("arn:aws:sts::111122223333:assumed-role/eks-config-rules-function/function"));
}

#[tokio::test]
async fn the_url_must_be_that_of_this_worlds_sts() {
    let world = start(five_pods()).await;
    let proper = Presign::proper(&world, "demo").url();
    let host = world.aws_endpoint().replace("http://", "");
    for (url, reason) in [
        (proper.replace("http://", "https://"), "scheme"),
        (proper.replace(&host, "127.0.0.1:1"), "hostname"),
        (proper.replace("/?Action", "/x?Action"), "path"),
        (proper.replace("GetCallerIdentity", "GetSessionToken"), "action"),
        (proper.replace("2011-06-15", "2011-06-16"), "version"),
        (proper.replace("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"), "algorithm"),
        (format!("{proper}&x-id=GetCallerIdentity"), "non-whitelisted query parameter \"x-id\""),
        (format!("{proper}&Action=GetCallerIdentity"), "multiple values"),
        (proper.replace("host%3Bx-k8s-aws-id", "host"), "did not sign the x-k8s-aws-id"),
        (proper.replace("host%3Bx-k8s-aws-id", "x-k8s-aws-id"), "the host header is not signed"),
        (proper.replace("X-Amz-Expires=60", "X-Amz-Expires=901"), "X-Amz-Expires"),
        (proper.replace("X-Amz-Expires=60", "X-Amz-Expires=-1"), "X-Amz-Expires"),
        (proper.replace("X-Amz-Expires=60", "X-Amz-Expires=soon"), "X-Amz-Expires"),
        (proper.replace("X-Amz-Expires=60", "X-Amz-Expires=61"), "SignatureDoesNotMatch"),
        (proper.replace("X-Amz-Date=2", "X-Amz-Date=x"), "not a date"),
        (proper.replace("FUNCTION%2F", "STRANGER%2F"), "the access key is unknown"),
        (proper.replace("%2Fsts%2F", "%2Feks%2F"), "credential scope"),
    ] {
        assert_ne!(url, proper, "{reason}");
        let refused = refusal(&world, &token_of(&url)).await;
        assert!(refused.contains(reason), "{reason}: {refused}");
    }
}

#[tokio::test]
async fn the_encoding_is_base64url_without_padding_behind_the_prefix() {
    let world = start(five_pods()).await;
    let proper = Presign::proper(&world, "demo").token();
    let long = token_of(&format!("{}&{}", Presign::proper(&world, "demo").url(), "x".repeat(4096)));
    for (token, reason) in [
        (proper.replace("k8s-aws-v1.", ""), "prefix"),
        (proper.replace("k8s-aws-v1.", "k8s-aws-v2."), "prefix"),
        (format!("{proper}="), "padding"),
        (format!("{proper}!"), "padding"),
        (long, "too large"),
    ] {
        let refused = refusal(&world, &token).await;
        assert!(refused.contains(reason), "{reason}: {refused}");
    }
}

#[tokio::test]
async fn a_token_is_signed_for_one_cluster_with_the_secret_of_its_key() {
    let world = start(five_pods()).await;
    let other_cluster = Presign::proper(&world, "other");
    let mut other_secret = Presign::proper(&world, "demo");
    other_secret.keys.secret.push('x');
    let mut other_session = Presign::proper(&world, "demo");
    other_session.keys.session_token.push('x');
    let mut other_region = Presign::proper(&world, "demo");
    other_region.region = "us-east-1";
    let mut extra_header = Presign::proper(&world, "demo");
    extra_header.headers.push(("x-extra", "1"));
    for (presign, reason) in [
        (other_cluster, "SignatureDoesNotMatch"),
        (other_secret, "SignatureDoesNotMatch"),
        (other_session, "session token"),
        (other_region, "credential scope"),
        (extra_header, "SignatureDoesNotMatch"),
    ] {
        let refused = refusal(&world, &presign.token()).await;
        assert!(refused.contains(reason), "{reason}: {refused}");
    }
}

#[tokio::test]
async fn a_token_is_good_for_a_quarter_of_an_hour() {
    let world = start(five_pods()).await;
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    for (time, good) in [
        (SystemTime::now() - minutes(14), true),
        (SystemTime::now() - minutes(16), false),
        (SystemTime::now() + minutes(14), true),
        (SystemTime::now() + minutes(16), false),
    ] {
        let token = Presign { time, ..Presign::proper(&world, "demo") }.token();
        let answer = get_with(&world, "demo", "/api/v1/namespaces", &token).await.unwrap();
        assert_eq!(answer.status == 200, good);
    }
}

#[tokio::test]
async fn a_caller_without_an_access_entry_is_not_authenticated() {
    let entries = Some(vec!["auditor".to_owned()]);
    let world = start(ClusterSpec { access_entries: entries, ..five_pods() }).await;
    assert!(refusal(&world, &Presign::proper(&world, "demo").token()).await.contains("no access entry"));
}

#[tokio::test]
async fn a_caller_of_another_account_is_not_authenticated() {
    let mut spec = WorldSpec::with_clusters(vec![five_pods()]);
    spec.own_account = "999988887777".to_owned();
    let world = World::start(spec).await.unwrap();
    assert!(refusal(&world, &Presign::proper(&world, "demo").token()).await.contains("another account"));
}

#[test]
fn the_signature_of_the_botocore_vector_is_found() {
    let host = "sts.eu-west-1.amazonaws.com";
    let keys = Keys {
        access_key: "AKIDEXAMPLE".to_owned(),
        secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
        session_token: "TOKEN+/=".to_owned(),
    };
    let shared = Shared::new(
        WorldSpec::default(),
        host.to_owned(),
        Vec::new(),
        crate::ledger::Ledger {
            credentials: vec![crate::ledger::Credential {
                access_key: keys.access_key.clone(),
                secret: keys.secret.clone(),
                session_token: keys.session_token.clone(),
                account: "111122223333".to_owned(),
                role: "role".to_owned(),
                session_name: "session".to_owned(),
            }],
            ..crate::ledger::Ledger::default()
        },
    );
    let signature = "37cc77b5ef6f54b127f63bdd1c9d7c4ea7ad5134bf8a94738bfac32e34080bba";
    let url = |signature: &str| {
        format!(
            "http://{host}/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256\
         &X-Amz-Credential=AKIDEXAMPLE%2F20260102%2Feu-west-1%2Fsts%2Faws4_request&X-Amz-Date=20260102T030405Z&X-Amz-Expires=60\
         &X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&X-Amz-Security-Token=TOKEN%2B%2F%3D&X-Amz-Signature={signature}"
        )
    };
    let at = 1_767_323_045;
    let verify = |cluster: &str, signature: &str| {
        crate::kubernetes::token::verify(&shared, cluster, &token_of(&url(signature)), at)
    };
    assert_eq!(verify("demo", signature).unwrap().role, "role");
    assert!(verify("demo2", signature).is_err());
    assert!(verify("demo", &signature.replace("37cc", "37cd")).is_err());
}
