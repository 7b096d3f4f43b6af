//! Elastic Container Registry: its limits, who may read what, and what it says of scans.

use serde_json::{Value, json};

use super::client::{Response, aws, own_keys};
use crate::{AccountSpec, ImageSpec, OWN_ACCOUNT, RepositorySpec, ScanSpec, World, WorldSpec};

const OTHER: &str = "444455556666";

fn digest(number: usize) -> String {
    format!("sha256:{number:064x}")
}

/// A repository of 101 images in the own account, and two of another one, of which one lets the own account read.
async fn registries() -> World {
    let image = |number| ImageSpec::new(&digest(number), Some(ScanSpec::new("COMPLETE", &[("LOW", 2)])));
    let mut images: Vec<ImageSpec> = (0..101).map(image).collect();
    images[0] = ImageSpec::index(&digest(0), &[(&digest(1), "linux")]).tagged("1.0");
    images[2].scan = None;
    let newer = ScanSpec { in_summary: false, counted: false, ..ScanSpec::new("COMPLETE", &[("LOW", 3), ("HIGH", 2)]) };
    images[3].scan = Some(newer);
    let repository = |name: &str, images| RepositorySpec::new("eu-west-1", name, images);
    let shared = RepositorySpec { readers: vec![OWN_ACCOUNT.to_owned()], ..repository("shared", vec![image(1)]) };
    let own = AccountSpec { repositories: vec![repository("app", images)], ..AccountSpec::new(OWN_ACCOUNT) };
    let other =
        AccountSpec { repositories: vec![shared, repository("closed", vec![image(1)])], ..AccountSpec::new(OTHER) };
    let spec = WorldSpec { accounts: vec![own, other], scan_findings_page: 2, ..WorldSpec::default() };
    World::start(spec).await.unwrap()
}

async fn ecr(world: &World, operation: &str, body: &Value) -> Response {
    let target = format!("AmazonEC2ContainerRegistry_V20150921.{operation}");
    let headers = [("x-amz-target", target.as_str()), ("content-type", "application/x-amz-json-1.1")];
    aws(world, &own_keys(world), "ecr", "POST", "/", &headers, &body.to_string()).await.unwrap()
}

fn identifiers(numbers: impl Iterator<Item = usize>) -> Vec<Value> {
    numbers.map(|number| json!({"imageDigest": digest(number)})).collect()
}

#[track_caller]
fn refused(answer: &Response, name: &str) {
    assert_eq!((answer.status, answer.json()["__type"].as_str()), (400, Some(name)), "{}", answer.text);
}

#[tokio::test]
async fn a_call_takes_a_hundred_images_or_repositories() {
    let world = registries().await;
    for operation in ["DescribeImages", "BatchGetImage"] {
        let of = |numbers| json!({"repositoryName": "app", "imageIds": identifiers(numbers)});
        assert_eq!(ecr(&world, operation, &of(0..100)).await.status, 200);
        refused(&ecr(&world, operation, &of(0..101)).await, "InvalidParameterException");
        refused(&ecr(&world, operation, &of(0..0)).await, "InvalidParameterException");
    }
    let names = json!({"repositoryNames": vec!["app"; 101]});
    refused(&ecr(&world, "DescribeRepositories", &names).await, "InvalidParameterException");
}

#[tokio::test]
async fn one_image_or_repository_that_is_not_there_fails_the_whole_call() {
    let world = registries().await;
    let images = json!({"repositoryName": "app", "imageIds": identifiers([1, 900].into_iter())});
    refused(&ecr(&world, "DescribeImages", &images).await, "ImageNotFoundException");
    let batch = ecr(&world, "BatchGetImage", &images).await.json();
    assert_eq!(
        (&batch["images"][0]["imageId"]["imageDigest"], batch["images"].as_array().unwrap().len()),
        (&json!(digest(1)), 1)
    );
    assert_eq!(batch["failures"][0]["failureCode"], "ImageNotFound");
    let names = json!({"repositoryNames": ["app", "gone"]});
    refused(&ecr(&world, "DescribeRepositories", &names).await, "RepositoryNotFoundException");
    let of_gone = json!({"repositoryName": "gone", "imageIds": identifiers(0..1)});
    refused(&ecr(&world, "DescribeImages", &of_gone).await, "RepositoryNotFoundException");
}

#[tokio::test]
async fn another_accounts_repository_is_read_only_where_its_policy_says_so() {
    let world = registries().await;
    let of = |name: &str| json!({"registryId": OTHER, "repositoryName": name, "imageIds": identifiers(1..2)});
    assert_eq!(ecr(&world, "DescribeImages", &of("shared")).await.json()["imageDetails"][0]["registryId"], OTHER);
    for name in ["closed", "gone"] {
        refused(&ecr(&world, "DescribeImages", &of(name)).await, "AccessDeniedException");
    }
}

#[tokio::test]
async fn an_index_has_a_manifest_and_no_scan() {
    let world = registries().await;
    let by_tag = json!({"repositoryName": "app", "imageIds": [{"imageTag": "1.0"}]});
    let detail = ecr(&world, "DescribeImages", &by_tag).await.json()["imageDetails"][0].clone();
    assert_eq!(detail["imageDigest"], digest(0));
    assert_eq!(detail["imageManifestMediaType"], "application/vnd.oci.image.index.v1+json");
    assert!(detail["imageScanStatus"].is_null(), "{detail}");
    let manifest = ecr(&world, "BatchGetImage", &by_tag).await.json()["images"][0]["imageManifest"].clone();
    let manifest: Value = serde_json::from_str(manifest.as_str().unwrap()).unwrap();
    assert_eq!(manifest["manifests"][0]["digest"], digest(1));
    let only_images = json!({"repositoryName": "app", "imageIds": [{"imageTag": "1.0"}],
                             "acceptedMediaTypes": ["application/vnd.oci.image.manifest.v1+json"]});
    refused(&ecr(&world, "BatchGetImage", &only_images).await, "InvalidParameterException");
}

#[tokio::test]
async fn findings_come_in_pages_and_what_was_never_scanned_has_none() {
    let world = registries().await;
    let of = |number| json!({"repositoryName": "app", "imageId": {"imageDigest": digest(number)}});
    refused(&ecr(&world, "DescribeImageScanFindings", &of(2)).await, "ScanNotFoundException");
    let mut body = of(3);
    let mut severities = Vec::new();
    loop {
        let page = ecr(&world, "DescribeImageScanFindings", &body).await.json();
        assert!(page["imageScanFindings"]["findingSeverityCounts"].is_null(), "{page}");
        let findings = page["imageScanFindings"]["findings"].as_array().unwrap().clone();
        assert!(findings.len() <= 2, "{page}");
        severities.extend(findings.iter().map(|finding| finding["severity"].as_str().unwrap().to_owned()));
        match page["nextToken"].as_str() {
            Some(token) => body["nextToken"] = json!(token),
            None => break,
        }
    }
    assert_eq!(severities, ["HIGH", "HIGH", "LOW", "LOW", "LOW"]);
    let detail = json!({"repositoryName": "app", "imageIds": identifiers(3..4)});
    let detail = ecr(&world, "DescribeImages", &detail).await.json()["imageDetails"][0].clone();
    assert!(detail["imageScanFindingsSummary"].is_null(), "newer basic scanning gives no summary: {detail}");
    let mut too_many = of(1);
    too_many["maxResults"] = json!(1001);
    refused(&ecr(&world, "DescribeImageScanFindings", &too_many).await, "InvalidParameterException");
}
