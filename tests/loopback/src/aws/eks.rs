//! Amazon EKS (REST-JSON): ListClusters, DescribeCluster, DescribeAddon.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{AwsError, Call};
use crate::answer::Answer;
use crate::fault::FaultAction;
use crate::kubernetes::cluster::RunningCluster;
use crate::ledger::Shared;
use crate::listener::Received;
use crate::signature;

pub(super) fn operation(request: &Received) -> String {
    let segments: Vec<&str> = request.path.split('/').collect();
    let name = match (request.method.as_str(), segments.as_slice()) {
        ("GET", ["", "clusters"]) => "ListClusters",
        ("GET", ["", "clusters", _]) => "DescribeCluster",
        ("GET", ["", "clusters", _, "addons", _]) => "DescribeAddon",
        _ => "",
    };
    name.to_owned()
}

pub(super) fn answer(shared: &Shared, call: &Call<'_>) -> Result<Answer, AwsError> {
    match call.operation {
        "ListClusters" => list_clusters(shared, call),
        "DescribeCluster" => describe_cluster(shared, call),
        "DescribeAddon" => describe_addon(shared, call),
        _ => Err(AwsError::new(
            404,
            "UnknownOperationException",
            format!("{} {}", call.request.method, call.request.path),
        )),
    }
}

fn list_clusters(shared: &Shared, call: &Call<'_>) -> Result<Answer, AwsError> {
    let query = signature::query_pairs(&call.request.query).unwrap_or_default();
    let parameter = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let wanted = match parameter("maxResults").map(str::parse::<usize>) {
        None => shared.spec.list_clusters_page,
        Some(Ok(wanted)) if (1..=100).contains(&wanted) => wanted.min(shared.spec.list_clusters_page),
        Some(_) => return Err(invalid("maxResults must be between 1 and 100")),
    };
    let start = match parameter("nextToken") {
        None => 0,
        Some(token) => token
            .strip_prefix("clusters+")
            .and_then(|start| start.parse().ok())
            .ok_or_else(|| invalid("Invalid nextToken"))?,
    };
    let names: Vec<&str> = shared
        .clusters
        .iter()
        .filter(|cluster| cluster.account == call.caller.account)
        .map(|cluster| cluster.spec.name.as_str())
        .collect();
    let end = (start + wanted).min(names.len());
    let page = names.get(start..end).unwrap_or_default();
    let next = match call.fault {
        Some(FaultAction::RepeatPage) => Some(start),
        _ => (end < names.len()).then_some(end),
    };
    let next = next.map(|next| format!("clusters+{next}"));
    Ok(Answer::json(200, &json!({"clusters": page, "nextToken": next})))
}

fn invalid(message: &str) -> AwsError {
    AwsError::new(400, "InvalidParameterException", message)
}

/// The cluster that the path names, of the caller's account.
fn named<'a>(shared: &'a Shared, call: &Call<'_>) -> Result<&'a RunningCluster, AwsError> {
    let name = call.request.path.split('/').nth(2).and_then(|name| signature::decode(name, false)).unwrap_or_default();
    shared
        .cluster(&call.caller.account, &name)
        .filter(|cluster| !cluster.spec.vanished)
        .map(AsRef::as_ref)
        .ok_or_else(|| AwsError::new(404, "ResourceNotFoundException", format!("No cluster found for name: {name}.")))
}

fn describe_cluster(shared: &Shared, call: &Call<'_>) -> Result<Answer, AwsError> {
    let cluster = named(shared, call)?;
    let spec = &cluster.spec;
    let region = &shared.spec.region;
    let mut described = json!({
        "name": spec.name,
        "arn": format!("arn:aws:eks:{region}:{}:cluster/{}", cluster.account, spec.name),
        "createdAt": 1_735_786_800.123,
        "version": spec.version,
        "roleArn": format!("arn:aws:iam::{}:role/{}-cluster", cluster.account, spec.name),
        "status": spec.status,
        "platformVersion": "eks.9",
        "tags": {},
        "logging": {"clusterLogging": [{"types": ["api", "audit"], "enabled": true}]},
        "accessConfig": {"authenticationMode": "API_AND_CONFIG_MAP"},
    });
    if spec.connector {
        merge(
            &mut described,
            &json!({"connectorConfig": {
                "activationId": "4b1f3c1e-0000-4000-8000-000000000000",
                "provider": "OTHER",
                "roleArn": format!("arn:aws:iam::{}:role/connector", cluster.account),
            }}),
        );
    } else if !matches!(spec.status.as_str(), "CREATING" | "PENDING") {
        merge(
            &mut described,
            &json!({
                "endpoint": cluster.endpoint,
                "certificateAuthority": {"data": STANDARD.encode(&cluster.announced_ca)},
                "resourcesVpcConfig": {
                    "subnetIds": ["subnet-0a1b2c3d4e5f60718"], "securityGroupIds": [], "vpcId": "vpc-0a1b2c3d4e5f60718",
                    "endpointPublicAccess": spec.endpoint == crate::EndpointKind::Reachable, "endpointPrivateAccess": true,
                    "publicAccessCidrs": [],
                },
                "identity": {"oidc": {"issuer": format!("https://oidc.eks.{region}.amazonaws.com/id/LOOPBACK")}},
            }),
        );
    }
    merge(&mut described, &spec.describe_overrides);
    Ok(Answer::json(200, &json!({"cluster": described})))
}

fn describe_addon(shared: &Shared, call: &Call<'_>) -> Result<Answer, AwsError> {
    let cluster = named(shared, call)?;
    let name = call.request.path.split('/').nth(4).and_then(|name| signature::decode(name, false)).unwrap_or_default();
    let addon = cluster.spec.addons.iter().find(|addon| addon.name == name).ok_or_else(|| {
        AwsError::new(
            404,
            "ResourceNotFoundException",
            format!("No addon: {name} found in cluster: {}", cluster.spec.name),
        )
    })?;
    Ok(Answer::json(
        200,
        &json!({"addon": {
            "addonName": addon.name,
            "clusterName": cluster.spec.name,
            "status": "ACTIVE",
            "addonVersion": addon.version,
            "health": {"issues": []},
            "addonArn": format!("arn:aws:eks:{}:{}:addon/{}/{}/loopback", shared.spec.region, cluster.account, cluster.spec.name, addon.name),
            "createdAt": 1_735_786_800.123,
            "modifiedAt": 1_735_786_800.123,
            "tags": {},
            "configurationValues": addon.configuration_values,
        }}),
    ))
}

/// Puts the members of `source`, where it is an object, over those of `target`; null removes.
fn merge(target: &mut Value, source: &Value) {
    if let (Some(target), Some(source)) = (target.as_object_mut(), source.as_object()) {
        for (key, value) in source {
            if value.is_null() {
                target.remove(key);
            } else {
                target.insert(key.clone(), value.clone());
            }
        }
    }
}
