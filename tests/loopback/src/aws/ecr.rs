//! Elastic Container Registry (AWS JSON 1.1, `AmazonEC2ContainerRegistry_V20150921`): DescribeImages,
//! DescribeRepositories, DescribeImageScanFindings, BatchGetImage. The limits are those of the ECR API reference.

use serde_json::{Map, Value, json};

use super::{AwsError, Call};
use crate::answer::Answer;
use crate::fault::FaultAction;
use crate::ledger::Shared;
use crate::listener::Received;
use crate::registry::{ImageSpec, RepositorySpec, ScanSpec};

const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

pub(super) fn operation(request: &Received) -> String {
    let target = request.header("x-amz-target");
    target.strip_prefix("AmazonEC2ContainerRegistry_V20150921.").unwrap_or_default().to_owned()
}

pub(super) fn answer(shared: &Shared, call: &Call<'_>) -> Result<Answer, AwsError> {
    let output = match call.operation {
        "DescribeImages" => describe_images(shared, call)?,
        "DescribeRepositories" => describe_repositories(shared, call)?,
        "DescribeImageScanFindings" => describe_image_scan_findings(shared, call)?,
        "BatchGetImage" => batch_get_image(shared, call)?,
        other => return Err(AwsError::new(400, "UnknownOperationException", other)),
    };
    Ok(Answer::new(200, "application/x-amz-json-1.1", output.to_string()))
}

fn invalid(message: &str) -> AwsError {
    AwsError::new(400, "InvalidParameterException", message)
}

/// The account whose registry is meant: the caller's own, unless the request names one.
fn registry<'a>(call: &'a Call<'_>) -> &'a str {
    match call.text("registryId") {
        "" => &call.caller.account,
        account => account,
    }
}

/// A repository that the caller may read.
fn repository<'a>(shared: &'a Shared, call: &Call<'_>, name: &str) -> Result<&'a RepositorySpec, AwsError> {
    let (account, region) = (registry(call), call.region);
    let found = shared.account(account).and_then(|account| {
        account.repositories.iter().find(|repository| repository.name == name && repository.region == region)
    });
    let own = account == call.caller.account;
    match found {
        Some(repository) if own || repository.readers.contains(&call.caller.account) => Ok(repository),
        None if own => {
            let message =
                format!("The repository with name '{name}' does not exist in the registry with id '{account}'");
            Err(AwsError::new(400, "RepositoryNotFoundException", message))
        }
        // ECR does not tell strangers what there is.
        _ => {
            let message = format!(
                "User: {} is not authorized to perform: ecr:{} on resource: arn:aws:ecr:{region}:{account}:repository/{name} \
                 because no resource-based policy allows the ecr:{} action",
                call.caller.arn(),
                call.operation,
                call.operation
            );
            Err(AwsError::new(400, "AccessDeniedException", message))
        }
    }
}

/// A list of the input with 1 to 100 members.
fn batch<'a>(call: &'a Call<'_>, member: &str) -> Result<&'a [Value], AwsError> {
    let items = call.input[member].as_array().map(Vec::as_slice).unwrap_or_default();
    if !(1..=100).contains(&items.len()) {
        let message = format!(
            "Invalid parameter at '{member}' failed to satisfy constraint: 'Member must have length between 1 and 100'"
        );
        return Err(invalid(&message));
    }
    Ok(items)
}

/// The image that an identifier names.
fn find<'a>(repository: &'a RepositorySpec, identifier: &Value) -> Option<&'a ImageSpec> {
    let (digest, tag) = (identifier["imageDigest"].as_str(), identifier["imageTag"].as_str());
    repository.images.iter().find(|image| {
        digest.is_none_or(|digest| image.digest == digest)
            && tag.is_none_or(|tag| image.tags.iter().any(|known| known == tag))
    })
}

fn image_not_found(call: &Call<'_>, repository: &RepositorySpec, identifier: &Value) -> AwsError {
    let message = format!(
        "The image with imageId {{imageDigest:'{}', imageTag:'{}'}} does not exist within the repository with name '{}' \
         in the registry with id '{}'",
        identifier["imageDigest"].as_str().unwrap_or("null"),
        identifier["imageTag"].as_str().unwrap_or("null"),
        repository.name,
        registry(call)
    );
    AwsError::new(400, "ImageNotFoundException", message)
}

fn describe_images(shared: &Shared, call: &Call<'_>) -> Result<Value, AwsError> {
    let repository = repository(shared, call, call.text("repositoryName"))?;
    let identifiers = batch(call, "imageIds")?;
    if !call.input["maxResults"].is_null() || !call.input["nextToken"].is_null() {
        return Err(invalid("maxResults and nextToken cannot be used with imageIds"));
    }
    let mut details = Vec::new();
    for identifier in identifiers {
        let image = find(repository, identifier).ok_or_else(|| image_not_found(call, repository, identifier))?;
        let mut detail = json!({
            "registryId": registry(call),
            "repositoryName": repository.name,
            "imageDigest": image.digest,
            "imageSizeInBytes": 31_415_926,
            "imagePushedAt": 1_735_786_800.0,
            "imageManifestMediaType": if image.index.is_some() { INDEX } else { IMAGE },
        });
        if !image.tags.is_empty() {
            detail["imageTags"] = json!(image.tags);
        }
        if let Some(scan) = image.scan.as_ref().filter(|scan| scan.in_summary) {
            detail["imageScanStatus"] = status(scan);
            if finished(scan) {
                detail["imageScanFindingsSummary"] =
                    json!({"imageScanCompletedAt": 1_735_786_800.0, "findingSeverityCounts": scan.findings});
            }
        }
        details.push(detail);
    }
    Ok(json!({"imageDetails": details}))
}

fn status(scan: &ScanSpec) -> Value {
    json!({"status": scan.status, "description": "as the loopback world says"})
}

/// Whether the scan found something, or could have.
fn finished(scan: &ScanSpec) -> bool {
    matches!(scan.status.as_str(), "COMPLETE" | "ACTIVE") || !scan.findings.is_empty()
}

/// The repositories that the request names; without names, the first ones of the caller's own registry.
fn named_or_first<'a>(shared: &'a Shared, call: &'a Call<'_>) -> Result<Vec<&'a RepositorySpec>, AwsError> {
    if !call.input["repositoryNames"].is_null() {
        let names = batch(call, "repositoryNames")?.iter();
        return names.map(|name| repository(shared, call, name.as_str().unwrap_or_default())).collect();
    }
    let most = usize::try_from(call.input["maxResults"].as_u64().unwrap_or(100)).unwrap_or(100);
    let account = shared.account(registry(call)).filter(|account| account.id == call.caller.account);
    let all = account.into_iter().flat_map(|account| &account.repositories);
    Ok(all.filter(|repository| repository.region == call.region).take(most).collect())
}

fn describe_repositories(shared: &Shared, call: &Call<'_>) -> Result<Value, AwsError> {
    let mut repositories = Vec::new();
    for found in named_or_first(shared, call)? {
        let (account, region, name) = (registry(call), call.region, &found.name);
        let mut described = json!({
            "repositoryArn": format!("arn:aws:ecr:{region}:{account}:repository/{name}"),
            "registryId": account,
            "repositoryName": name,
            "repositoryUri": format!("{account}.dkr.ecr.{region}.amazonaws.com/{name}"),
            "createdAt": 1_735_786_800.0,
            "imageTagMutability": found.tag_mutability,
            "imageScanningConfiguration": {"scanOnPush": true},
            "encryptionConfiguration": {"encryptionType": found.encryption},
        });
        if !found.exclusion_filters.is_empty() {
            let filters = found.exclusion_filters.iter();
            described["imageTagMutabilityExclusionFilters"] =
                filters.map(|filter| json!({"filterType": "WILDCARD", "filter": filter})).collect();
        }
        repositories.push(described);
    }
    Ok(json!({"repositories": repositories}))
}

fn describe_image_scan_findings(shared: &Shared, call: &Call<'_>) -> Result<Value, AwsError> {
    let repository = repository(shared, call, call.text("repositoryName"))?;
    let identifier = &call.input["imageId"];
    let image = find(repository, identifier).ok_or_else(|| image_not_found(call, repository, identifier))?;
    let Some(scan) = &image.scan else {
        let message = format!("Image scan does not exist for the image with '{identifier}'");
        return Err(AwsError::new(400, "ScanNotFoundException", message));
    };
    let mut output = json!({
        "registryId": registry(call),
        "repositoryName": repository.name,
        "imageId": {"imageDigest": image.digest},
        "imageScanStatus": status(scan),
    });
    if finished(scan) {
        let (findings, next) = page_of_findings(shared, call, scan)?;
        output["imageScanFindings"] = findings;
        output["nextToken"] = next.map_or(Value::Null, Value::String);
    }
    Ok(output)
}

/// One page of findings, and the token that leads to the next one.
fn page_of_findings(shared: &Shared, call: &Call<'_>, scan: &ScanSpec) -> Result<(Value, Option<String>), AwsError> {
    let most = match call.input["maxResults"].as_u64() {
        None => shared.spec.scan_findings_page,
        Some(most @ 1..=1000) => usize::try_from(most).unwrap_or(usize::MAX).min(shared.spec.scan_findings_page),
        Some(_) => return Err(invalid("maxResults must be between 1 and 1000")),
    };
    let start: usize = match call.text("nextToken") {
        "" => 0,
        token => {
            let start = token.strip_prefix("findings+").and_then(|start| start.parse().ok());
            start.ok_or_else(|| invalid("Invalid nextToken"))?
        }
    };
    let all: Vec<&String> =
        scan.findings.iter().flat_map(|(severity, number)| std::iter::repeat_n(severity, *number)).collect();
    let end = (start + most).min(all.len());
    let page = all.get(start..end).unwrap_or_default().iter().enumerate();
    let mut findings = Map::from_iter([("imageScanCompletedAt".to_owned(), json!(1_735_786_800.0))]);
    if scan.counted {
        findings.insert("findingSeverityCounts".to_owned(), json!(scan.findings));
    }
    if scan.enhanced {
        let page = page.map(|(index, severity)| {
            json!({"findingArn": format!("arn:aws:inspector2:{}:finding/{}", call.region, start + index),
                   "severity": severity, "status": "ACTIVE", "title": "CVE-2025-0001 - openssl", "score": 5.5})
        });
        findings.insert("enhancedFindings".to_owned(), page.collect());
    } else {
        let page = page.map(|(index, severity)| {
            json!({"name": format!("CVE-2025-{:04}", start + index), "severity": severity, "uri": "https://example.com/cve"})
        });
        findings.insert("findings".to_owned(), page.collect());
    }
    let next = match call.fault {
        Some(FaultAction::RepeatPage) => Some(start),
        _ => (end < all.len()).then_some(end),
    };
    Ok((Value::Object(findings), next.map(|next| format!("findings+{next}"))))
}

fn batch_get_image(shared: &Shared, call: &Call<'_>) -> Result<Value, AwsError> {
    let repository = repository(shared, call, call.text("repositoryName"))?;
    let accepted = call.input["acceptedMediaTypes"].as_array().map(Vec::as_slice).unwrap_or_default();
    if accepted.len() > 100 {
        return Err(invalid("acceptedMediaTypes: Member must have length less than or equal to 100"));
    }
    let (mut images, mut failures) = (Vec::new(), Vec::new());
    for identifier in batch(call, "imageIds")? {
        let Some(image) = find(repository, identifier) else {
            failures.push(json!({
                "imageId": identifier, "failureCode": "ImageNotFound", "failureReason": "Requested image not found",
            }));
            continue;
        };
        let media_type = if image.index.is_some() { INDEX } else { IMAGE };
        if !accepted.is_empty() && !accepted.iter().any(|accepted| accepted == media_type) {
            return Err(invalid(&format!("the image is of media type {media_type}, which is not accepted")));
        }
        images.push(json!({
            "registryId": registry(call),
            "repositoryName": repository.name,
            "imageId": {"imageDigest": image.digest},
            "imageManifest": manifest(image).to_string(),
            "imageManifestMediaType": media_type,
        }));
    }
    Ok(json!({"images": images, "failures": failures}))
}

fn manifest(image: &ImageSpec) -> Value {
    let Some(manifests) = &image.index else {
        return json!({"schemaVersion": 2, "mediaType": IMAGE, "config": {}, "layers": []});
    };
    let manifests = manifests.iter().map(|(digest, os)| {
        let architecture = if os == "unknown" { "unknown" } else { "amd64" };
        json!({"mediaType": IMAGE, "digest": digest, "size": 527, "platform": {"architecture": architecture, "os": os}})
    });
    json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests.collect::<Vec<_>>()})
}
