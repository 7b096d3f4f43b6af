//! STS and EKS on the wire, and who may call.

use serde_json::{Value, json};

use super::client::{Keys, Presign, Response, aws, get_with, own_keys, send};
use super::worlds::five_pods;
use crate::{AccountSpec, AddonSpec, ClusterSpec, EndpointKind, ParameterSpec, RoleSpec, World, WorldSpec};

const MEMBER: &str = "444455556666";

/// The own account with three clusters and a page size of two, and a member account with one.
async fn two_accounts() -> World {
    let named = |name: &str| ClusterSpec { name: name.to_owned(), ..five_pods() };
    let own = AccountSpec { clusters: ["a", "b", "c"].map(named).to_vec(), ..AccountSpec::new("111122223333") };
    let role = RoleSpec { external_id: Some("secret-handshake".to_owned()), ..RoleSpec::new("config-reader") };
    let member = AccountSpec {
        clusters: vec![named("m")],
        roles: vec![role, RoleSpec::new("open")],
        ..AccountSpec::new(MEMBER)
    };
    World::start(WorldSpec { accounts: vec![own, member], list_clusters_page: 2, ..WorldSpec::default() })
        .await
        .unwrap()
}

async fn eks(world: &World, keys: &Keys, path: &str) -> Response {
    aws(world, keys, "eks", "GET", path, &[], "").await.unwrap()
}

async fn sts(world: &World, keys: &Keys, body: &str) -> Response {
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    aws(world, keys, "sts", "POST", "/", &headers, body).await.unwrap()
}

fn element(xml: &str, name: &str) -> String {
    let rest = xml.split(&format!("<{name}>")).nth(1).unwrap_or_else(|| panic!("no {name} in {xml}"));
    rest.split("</").next().unwrap().to_owned()
}

/// The answer to AssumeRole for a role of the member account, with these further parameters.
async fn assume(world: &World, role: &str, further: &str) -> Response {
    let body = format!(
        "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A{MEMBER}%3Arole%2F{role}&RoleSessionName=netPolCheck{further}"
    );
    sts(world, &own_keys(world), &body).await
}

fn keys_of(xml: &str) -> Keys {
    Keys {
        access_key: element(xml, "AccessKeyId"),
        secret: element(xml, "SecretAccessKey"),
        session_token: element(xml, "SessionToken"),
    }
}

#[tokio::test]
async fn list_clusters_is_paged_and_shows_the_callers_account_only() {
    let world = two_accounts().await;
    let first = eks(&world, &own_keys(&world), "/clusters?maxResults=100").await.json();
    assert_eq!(first["clusters"], json!(["a", "b"]));
    let token = first["nextToken"].as_str().unwrap().replace('+', "%2B");
    let second = eks(&world, &own_keys(&world), &format!("/clusters?nextToken={token}")).await.json();
    assert_eq!(second, json!({"clusters": ["c"], "nextToken": null}));
    assert_eq!(eks(&world, &own_keys(&world), "/clusters?maxResults=1").await.json()["clusters"], json!(["a"]));
    let requests = world.aws_requests();
    assert_eq!(
        (requests[0].service.as_str(), requests[0].operation.as_str(), requests[0].status),
        ("eks", "ListClusters", 200)
    );
    assert_eq!(requests[0].account, "111122223333");
}

#[tokio::test]
async fn errors_of_eks_are_rest_json() {
    let world = two_accounts().await;
    for (path, status, name) in [
        ("/clusters/m", 404, "ResourceNotFoundException"),
        ("/clusters?maxResults=101", 400, "InvalidParameterException"),
        ("/clusters?nextToken=x", 400, "InvalidParameterException"),
        ("/clusters/a/addons/vpc-cni", 404, "ResourceNotFoundException"),
    ] {
        let answer = eks(&world, &own_keys(&world), path).await;
        assert_eq!((answer.status, answer.header("x-amzn-errortype")), (status, name), "{path}");
        assert!(answer.json()["message"].is_string());
    }
}

#[tokio::test]
async fn describe_cluster_tells_what_the_cluster_is() {
    let connector = ClusterSpec { connector: true, ..ClusterSpec::new("connected", Vec::new()) };
    let creating = ClusterSpec { status: "CREATING".to_owned(), ..ClusterSpec::new("creating", Vec::new()) };
    let overridden = ClusterSpec {
        describe_overrides: json!({"certificateAuthority": {"data": "bm90IGEgcGVt"}, "tags": null}),
        addons: vec![AddonSpec {
            name: "vpc-cni".to_owned(),
            version: "v1.20.4-eksbuild.1".to_owned(),
            configuration_values: Some("{\"enableNetworkPolicy\": \"true\"}".to_owned()),
        }],
        ..ClusterSpec::new("over ridden", Vec::new())
    };
    let gone = ClusterSpec { vanished: true, ..ClusterSpec::new("gone", Vec::new()) };
    let silent = ClusterSpec { endpoint: EndpointKind::Silent, ..ClusterSpec::new("silent", Vec::new()) };
    let world =
        World::start(WorldSpec::with_clusters(vec![connector, creating, overridden, gone, silent])).await.unwrap();
    let keys = own_keys(&world);
    let described = async |name: &str| eks(&world, &keys, &format!("/clusters/{name}")).await.json()["cluster"].clone();
    let connected = described("connected").await;
    assert!(connected["connectorConfig"].is_object() && connected["endpoint"].is_null());
    let creating = described("creating").await;
    assert!(
        creating["endpoint"].is_null()
            && creating["certificateAuthority"].is_null()
            && creating["status"] == "CREATING"
    );
    let overridden = described("over%20ridden").await;
    assert_eq!(overridden["certificateAuthority"]["data"], "bm90IGEgcGVt");
    assert!(overridden.get("tags").is_none() && overridden["createdAt"].is_f64());
    assert_eq!(overridden["arn"], "arn:aws:eks:eu-west-1:111122223333:cluster/over ridden");
    let addon = eks(&world, &keys, "/clusters/over%20ridden/addons/vpc-cni").await.json();
    assert_eq!(addon["addon"]["configurationValues"], "{\"enableNetworkPolicy\": \"true\"}");
    assert_eq!(eks(&world, &keys, "/clusters/gone").await.status, 404);
    assert!(described("silent").await["endpoint"].as_str().unwrap().starts_with("https://127.0.0.1:"));
}

#[tokio::test]
async fn a_request_that_is_not_signed_properly_is_refused() {
    let world = two_accounts().await;
    let mut wrong_secret = own_keys(&world);
    wrong_secret.secret.push('x');
    let mut wrong_session = own_keys(&world);
    wrong_session.session_token.push('x');
    let mut stranger = own_keys(&world);
    stranger.access_key.push('X');
    for (keys, name) in [
        (wrong_secret, "SignatureDoesNotMatch"),
        (wrong_session, "UnrecognizedClientException"),
        (stranger, "UnrecognizedClientException"),
    ] {
        let answer = eks(&world, &keys, "/clusters").await;
        assert_eq!((answer.status, answer.header("x-amzn-errortype")), (403, name));
    }
    let unsigned = http::Request::get(format!("{}/clusters", world.aws_endpoint())).body(bytes::Bytes::new()).unwrap();
    assert_eq!(send(unsigned, None).await.unwrap().status, 403);
}

#[tokio::test]
async fn the_caller_identity_is_that_of_the_keys() {
    let world = two_accounts().await;
    let answer = sts(&world, &own_keys(&world), "Action=GetCallerIdentity&Version=2011-06-15").await;
    assert_eq!(element(&answer.text, "Account"), "111122223333");
    let assumed = assume(&world, "open", "").await;
    let answer = sts(&world, &keys_of(&assumed.text), "Action=GetCallerIdentity&Version=2011-06-15").await;
    assert_eq!(element(&answer.text, "Arn"), format!("arn:aws:sts::{MEMBER}:assumed-role/open/netPolCheck"));
}

#[tokio::test]
async fn an_assumed_role_acts_in_its_own_account() {
    let world = two_accounts().await;
    let answer = assume(&world, "config-reader", "&ExternalId=secret-handshake").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(element(&answer.text, "Expiration").len(), 20);
    let keys = keys_of(&answer.text);
    assert_eq!(eks(&world, &keys, "/clusters").await.json()["clusters"], json!(["m"]));
    let token = Presign { keys: keys.clone(), ..Presign::proper(&world, "m") }.token();
    assert_eq!(get_with(&world, "m", "/api/v1/pods", &token).await.unwrap().status, 200);
    let own = Presign::proper(&world, "m").token();
    assert_eq!(get_with(&world, "m", "/api/v1/pods", &own).await.unwrap().status, 401);
    let request = world.aws_requests().pop().unwrap();
    assert_eq!(
        (request.account.as_str(), request.role.as_str(), request.access_key),
        (MEMBER, "config-reader", keys.access_key)
    );
    let assumed: Value = world.aws_requests()[0].body.clone();
    assert_eq!(
        (&assumed["RoleSessionName"], &assumed["ExternalId"]),
        (&json!("netPolCheck"), &json!("secret-handshake"))
    );
}

#[tokio::test]
async fn a_role_that_does_not_trust_the_caller_is_not_assumed() {
    let world = two_accounts().await;
    for (role, further, status, code) in [
        ("config-reader", "", 403, "AccessDenied"),
        ("config-reader", "&ExternalId=guess", 403, "AccessDenied"),
        ("no-such-role", "", 403, "AccessDenied"),
        ("open", "&DurationSeconds=60", 400, "ValidationError"),
    ] {
        let answer = assume(&world, role, further).await;
        assert_eq!((answer.status, element(&answer.text, "Code")), (status, code.to_owned()), "{role}{further}");
    }
    let body =
        "Action=AssumeRole&RoleArn=arn%3Aaws%3Aiam%3A%3A444455556666%3Arole%2Fopen&RoleSessionName=not%20a%20name";
    assert_eq!(element(&sts(&world, &own_keys(&world), body).await.text, "Code"), "ValidationError");
}

#[tokio::test]
async fn a_parameter_is_that_of_the_callers_account() {
    let parameter = ParameterSpec {
        name: "/eks/registries".to_owned(),
        kind: "StringList".to_owned(),
        value: "docker.io,ghcr.io".to_owned(),
    };
    let own = AccountSpec { parameters: vec![parameter], ..AccountSpec::new("111122223333") };
    let world = World::start(WorldSpec { accounts: vec![own], ..WorldSpec::default() }).await.unwrap();
    let keys = own_keys(&world);
    let get = async |name: &str| {
        let headers = [("x-amz-target", "AmazonSSM.GetParameter"), ("content-type", "application/x-amz-json-1.1")];
        aws(&world, &keys, "ssm", "POST", "/", &headers, &json!({"Name": name}).to_string()).await.unwrap().json()
    };
    let found = get("/eks/registries").await;
    assert_eq!(
        (&found["Parameter"]["Value"], &found["Parameter"]["Type"]),
        (&json!("docker.io,ghcr.io"), &json!("StringList"))
    );
    assert_eq!(get("/other").await["__type"], "ParameterNotFound");
}

#[tokio::test]
async fn a_service_that_is_not_there_is_refused_and_remembered() {
    let world = two_accounts().await;
    let answer = aws(&world, &own_keys(&world), "s3", "GET", "/bucket", &[], "").await.unwrap();
    assert_eq!(answer.status, 403);
    let request = world.aws_requests().pop().unwrap();
    assert_eq!((request.service.as_str(), request.path.as_str(), request.status), ("s3", "/bucket", 403));
}
