//! The gates of trustedRegCheck over the wire: what ECR says of the images that run.

use acceptance::{Event, annotations, asked, command_line, start, verdicts, world};
use eks_rules::RuleName;
use loopback::objects::{namespace, pod};
use loopback::{
    AccountSpec, ClusterSpec, Fault, FaultAction, ImageSpec, OWN_ACCOUNT, RepositorySpec, ScanSpec, World, WorldSpec,
};
use serde_json::{Value, json};

use crate::command_line::kubeconfig;

const OTHER_ACCOUNT: &str = "444455556666";

/// The digest of a number.
fn digest(number: usize) -> String {
    format!("sha256:{number:064x}")
}

fn registry(account: &str, region: &str) -> String {
    format!("{account}.dkr.ecr.{region}.amazonaws.com")
}

/// A pod that runs an image of a repository, by the tag `1`.
fn runs(name: &str, repository: &str, digest: &str) -> Value {
    pod("shop", name, |pod| {
        pod["spec"]["containers"][0]["image"] = json!(format!("{repository}:1"));
        let container = pod["spec"]["containers"][0]["name"].clone();
        pod["status"]["containerStatuses"] = json!([{
            "name": container, "image": format!("{repository}:1"), "imageID": format!("{repository}@{digest}"),
            "ready": true, "restartCount": 0, "started": true, "state": {},
        }]);
    })
}

/// A world of one cluster with these pods, whose account has these repositories and others those of `others`.
async fn with(pods: Vec<Value>, repositories: Vec<RepositorySpec>, others: Vec<AccountSpec>) -> World {
    let mut objects = vec![namespace("shop")];
    objects.extend(pods);
    let own = AccountSpec {
        clusters: vec![ClusterSpec::new("alpha", objects)],
        repositories,
        ..AccountSpec::new(OWN_ACCOUNT)
    };
    let accounts = std::iter::once(own).chain(others).collect();
    start(WorldSpec { accounts, scan_findings_page: 100, ..WorldSpec::default() }).await
}

/// A world in which one image of the own account runs.
async fn one(image: ImageSpec) -> World {
    let own = registry(OWN_ACCOUNT, "eu-west-1");
    let running = runs("app", &format!("{own}/team/app"), &image.digest);
    with(vec![running], vec![RepositorySpec::new("eu-west-1", "team/app", vec![image])], Vec::new()).await
}

fn schedule() -> Event {
    let trusted = format!("ecr:self,ecr:{OTHER_ACCOUNT},public.ecr.aws");
    Event::schedule(RuleName::TrustedRegCheck).with("trustedRegistries", &trusted)
}

fn from_high() -> Event {
    schedule().with("failOnSeverity", "HIGH")
}

/// What AWS Config shows of the cluster after an event: the verdict and the annotation.
async fn said(event: &Event, world: &World) -> (String, String) {
    event.run(world).await.succeeded();
    (verdicts(world)["alpha"].clone(), annotations(world)["alpha"].clone())
}

#[tokio::test]
async fn a_scan_finding_at_or_above_the_severity_is_a_finding() {
    let world = one(ImageSpec::new(&digest(1), Some(ScanSpec::new("COMPLETE", &[("HIGH", 5), ("CRITICAL", 2)])))).await;
    let run = from_high().run(&world).await;
    run.succeeded();
    assert_eq!(verdicts(&world)["alpha"], "NON_COMPLIANT");
    let annotation = &annotations(&world)["alpha"];
    assert!(annotation.starts_with("1 of 1 image with scan findings, in 1 subject: shop/"), "{annotation}");
    assert!(annotation.contains("ScanFindings"), "{annotation}");
    let log = run.log();
    let finding = log.iter().find(|line| line["message"] == "finding").unwrap();
    assert!(finding.to_string().contains("has 2 CRITICAL, 5 HIGH."), "{finding}");
    let (verdict, annotation) = said(&schedule(), &world).await;
    assert_eq!(verdict, "COMPLIANT", "without the gate nobody looks: {annotation}");
}

#[tokio::test]
async fn findings_below_the_severity_are_none() {
    let scan = ScanSpec::new("ACTIVE", &[("MEDIUM", 500), ("UNTRIAGED", 3)]);
    let world = one(ImageSpec::new(&digest(1), Some(scan))).await;
    let (verdict, annotation) = said(&from_high(), &world).await;
    assert_eq!(verdict, "COMPLIANT");
    assert!(annotation.contains("nothing at or above HIGH in 1 scanned image"), "{annotation}");
    assert_eq!(asked(&world, "DescribeImageScanFindings"), 0, "the summary says it all");
    assert_eq!(said(&schedule().with("failOnSeverity", "UNDEFINED"), &world).await.0, "NON_COMPLIANT");
}

#[tokio::test]
async fn an_image_without_a_scan_result_is_a_note_or_a_finding() {
    let statuses = [
        Some("IN_PROGRESS"),
        Some("PENDING"),
        Some("FAILED"),
        Some("UNSUPPORTED_IMAGE"),
        Some("SCAN_ELIGIBILITY_EXPIRED"),
        Some("FINDINGS_UNAVAILABLE"),
        Some("LIMIT_EXCEEDED"),
        Some("IMAGE_ARCHIVED"),
        Some("A_NEW_STATUS"),
        None,
    ];
    let own = registry(OWN_ACCOUNT, "eu-west-1");
    let images = statuses
        .iter()
        .enumerate()
        .map(|(number, status)| ImageSpec::new(&digest(number), status.map(|status| ScanSpec::new(status, &[]))));
    let repository = RepositorySpec::new("eu-west-1", "app", images.collect());
    let pods = (0..statuses.len()).map(|number| runs(&format!("app-{number}"), &format!("{own}/app"), &digest(number)));
    let world = with(pods.collect(), vec![repository], Vec::new()).await;
    let run = from_high().run(&world).await;
    run.succeeded();
    assert_eq!(verdicts(&world)["alpha"], "COMPLIANT");
    let verdict = run.log().into_iter().find(|line| line["message"] == "verdict").unwrap();
    let notes = verdict["notes"].as_str().unwrap();
    assert!(notes.contains("10 images without scan result (1 A_NEW_STATUS, "), "{notes}");
    for status in statuses {
        assert!(notes.contains(&format!("1 {}", status.unwrap_or("ScanNotFoundException"))), "{notes}");
    }
    let (verdict, annotation) = said(&from_high().with("unscanned", "fail"), &world).await;
    assert_eq!(verdict, "NON_COMPLIANT");
    assert!(annotation.starts_with("10 of 10 images not scanned, in 10 subjects: "), "{annotation}");
}

#[tokio::test]
async fn an_index_is_judged_by_its_images_for_linux() {
    let clean = || Some(ScanSpec::new("COMPLETE", &[]));
    let images = |of_arm: Option<ScanSpec>| {
        vec![
            ImageSpec::index(
                &digest(1),
                &[(&digest(2), "linux"), (&digest(3), "linux"), (&digest(4), "unknown"), (&digest(5), "windows")],
            ),
            ImageSpec::new(&digest(2), clean()),
            ImageSpec::new(&digest(3), of_arm),
            ImageSpec::new(&digest(4), None),
            ImageSpec::new(&digest(5), Some(ScanSpec::new("COMPLETE", &[("CRITICAL", 9)]))),
        ]
    };
    let own = registry(OWN_ACCOUNT, "eu-west-1");
    let bad = Some(ScanSpec::new("COMPLETE", &[("CRITICAL", 1)]));
    for (of_arm, expected) in [(clean(), "COMPLIANT"), (bad, "NON_COMPLIANT"), (None, "NON_COMPLIANT")] {
        let world = with(
            vec![runs("app", &format!("{own}/app"), &digest(1))],
            vec![RepositorySpec::new("eu-west-1", "app", images(of_arm))],
            Vec::new(),
        )
        .await;
        let (verdict, annotation) = said(&from_high().with("unscanned", "fail"), &world).await;
        assert_eq!(verdict, expected, "{annotation}");
        assert_eq!(asked(&world, "BatchGetImage"), 1);
    }
}

#[tokio::test]
async fn more_images_than_a_call_takes_are_asked_for_in_several() {
    let own = registry(OWN_ACCOUNT, "eu-west-1");
    let image = |number| ImageSpec::new(&digest(number), Some(ScanSpec::new("COMPLETE", &[])));
    let mut images: Vec<ImageSpec> = (0..250).map(image).collect();
    images[249].scan = Some(ScanSpec::new("COMPLETE", &[("HIGH", 1)]));
    let pods = (0..250).map(|number| runs(&format!("app-{number}"), &format!("{own}/app"), &digest(number)));
    let world = with(pods.collect(), vec![RepositorySpec::new("eu-west-1", "app", images)], Vec::new()).await;
    let (verdict, annotation) = said(&from_high(), &world).await;
    assert_eq!(verdict, "NON_COMPLIANT");
    assert!(annotation.starts_with("1 of 250 images with scan findings, in 1 subject: "), "{annotation}");
    assert_eq!(asked(&world, "DescribeImages"), 3);
}

#[tokio::test]
async fn images_that_are_gone_do_not_keep_the_others_of_their_call_from_being_judged() {
    let own = registry(OWN_ACCOUNT, "eu-west-1");
    let scan =
        |number| if number == 7 { ScanSpec::new("COMPLETE", &[("HIGH", 1)]) } else { ScanSpec::new("COMPLETE", &[]) };
    let images =
        (0..20).filter(|number| number % 9 != 0).map(|number| ImageSpec::new(&digest(number), Some(scan(number))));
    let repository = RepositorySpec::new("eu-west-1", "app", images.collect());
    let mut pods: Vec<Value> =
        (0..20).map(|number| runs(&format!("app-{number:02}"), &format!("{own}/app"), &digest(number))).collect();
    pods.push(runs("other", &format!("{own}/gone"), &digest(1)));
    let world = with(pods, vec![repository], Vec::new()).await;
    let run = from_high().run(&world).await;
    run.succeeded();
    let annotation = &annotations(&world)["alpha"];
    assert!(annotation.starts_with("1 of 21 images with scan findings, in 1 subject: "), "{annotation}");
    let verdict = run.log().into_iter().find(|line| line["message"] == "verdict").unwrap();
    let notes = verdict["notes"].as_str().unwrap();
    let gone = "4 images without scan result (3 ImageNotFoundException, 1 RepositoryNotFoundException)";
    assert!(notes.contains(gone), "{notes}");
}

#[tokio::test]
async fn without_a_summary_the_findings_are_read_page_by_page() {
    for enhanced in [false, true] {
        for counted in [true, false] {
            // By name the worst severity is last but one: on the third page.
            let scan = ScanSpec {
                in_summary: false,
                counted,
                enhanced,
                ..ScanSpec::new(if enhanced { "ACTIVE" } else { "COMPLETE" }, &[("INFORMATIONAL", 250), ("LOW", 3)])
            };
            let world = one(ImageSpec::new(&digest(1), Some(scan))).await;
            let (verdict, _) = said(&from_high(), &world).await;
            assert_eq!(verdict, "COMPLIANT");
            assert_eq!(asked(&world, "DescribeImageScanFindings"), if counted { 1 } else { 3 });
            let run = schedule().with("failOnSeverity", "LOW").run(&world).await;
            run.succeeded();
            let log = run.log();
            let finding = log.iter().find(|line| line["message"] == "finding").unwrap();
            assert!(finding.to_string().contains("has 3 LOW."), "{enhanced} {counted}: {finding}");
        }
    }
}

#[tokio::test]
async fn pages_of_findings_that_never_end_are_not_judged() {
    let scan = ScanSpec { in_summary: false, counted: false, ..ScanSpec::new("COMPLETE", &[("LOW", 5)]) };
    let world = one(ImageSpec::new(&digest(1), Some(scan))).await;
    world.script(Fault::aws("ecr", "DescribeImageScanFindings", FaultAction::RepeatPage).times(usize::MAX));
    from_high().run(&world).await.failed_with(
        "ClustersNotJudged",
        &["alpha: ECR: ecr:DescribeImageScanFindings of repository team/app", "the token of a page came twice"],
    );
    assert!(verdicts(&world).is_empty(), "{:?}", verdicts(&world));
}

#[tokio::test]
async fn each_region_is_asked_about_its_own_images() {
    let bad = Some(ScanSpec::new("COMPLETE", &[("CRITICAL", 1)]));
    let clean = Some(ScanSpec::new("COMPLETE", &[]));
    let repositories = vec![
        RepositorySpec::new("eu-west-1", "app", vec![ImageSpec::new(&digest(1), clean)]),
        RepositorySpec::new("us-east-1", "app", vec![ImageSpec::new(&digest(1), bad)]),
    ];
    let regions = ["eu-west-1", "us-east-1"];
    let pods = regions
        .map(|region| runs(&format!("in-{region}"), &format!("{}/app", registry(OWN_ACCOUNT, region)), &digest(1)));
    let world = with(pods.to_vec(), repositories, Vec::new()).await;
    let (verdict, annotation) = said(&from_high(), &world).await;
    assert_eq!(verdict, "NON_COMPLIANT");
    assert!(annotation.contains("1 of 2 images with scan findings"), "{annotation}");
    assert!(annotation.contains("in-us-east-1"), "{annotation}");
}

/// A world in which an image of another account runs, which lets these accounts read it.
async fn of_another_account(readers: &[&str]) -> World {
    let image = ImageSpec::new(&digest(1), Some(ScanSpec::new("COMPLETE", &[("HIGH", 1)])));
    let repository = RepositorySpec {
        readers: readers.iter().map(|&account| account.to_owned()).collect(),
        ..RepositorySpec::new("eu-west-1", "shared/app", vec![image])
    };
    let other = AccountSpec { repositories: vec![repository], ..AccountSpec::new(OTHER_ACCOUNT) };
    let running = runs("app", &format!("{}/shared/app", registry(OTHER_ACCOUNT, "eu-west-1")), &digest(1));
    with(vec![running], Vec::new(), vec![other]).await
}

#[tokio::test]
async fn another_account_is_asked_only_where_it_is_in_scope() {
    let world = of_another_account(&[OWN_ACCOUNT]).await;
    let (verdict, annotation) = said(&from_high(), &world).await;
    assert_eq!(verdict, "COMPLIANT");
    assert!(annotation.contains("1 image without scan result (1 account not in scanAccounts)"), "{annotation}");
    assert_eq!(asked(&world, "DescribeImages"), 0);
    let (verdict, _) = said(&from_high().with("scanAccounts", OTHER_ACCOUNT), &world).await;
    assert_eq!(verdict, "NON_COMPLIANT");
}

#[tokio::test]
async fn a_registry_that_may_not_be_asked_is_not_judged() {
    let world = of_another_account(&[]).await;
    from_high().with("scanAccounts", OTHER_ACCOUNT).run(&world).await.failed_with(
        "ClustersNotJudged",
        &[
            "alpha: ECR: ecr:DescribeImages of repository shared/app of account 444455556666 in eu-west-1 failed",
            "AccessDeniedException",
            "let its repository policy allow it too",
        ],
    );
    schedule().with("requireKmsEncryption", "true").with("scanAccounts", OTHER_ACCOUNT).run(&world).await.failed_with(
        "ClustersNotJudged",
        &["alpha: ECR: ecr:DescribeRepositories of repository shared/app of account 444455556666 in eu-west-1"],
    );
    assert!(verdicts(&world).is_empty(), "{:?}", verdicts(&world));
}

#[tokio::test]
async fn each_call_that_is_denied_or_fails_for_good_is_not_judged() {
    let images = vec![
        ImageSpec::index(&digest(1), &[(&digest(2), "linux")]),
        ImageSpec::new(&digest(2), Some(ScanSpec { in_summary: false, ..ScanSpec::new("COMPLETE", &[]) })),
    ];
    let own = registry(OWN_ACCOUNT, "eu-west-1");
    let event = from_high().with("requireImmutableTags", "true");
    let repository = || RepositorySpec {
        tag_mutability: "IMMUTABLE".to_owned(),
        ..RepositorySpec::new("eu-west-1", "app", images.clone())
    };
    let pods = || vec![runs("app", &format!("{own}/app"), &digest(1))];
    let denied = FaultAction::AwsError {
        code: 400,
        name: "AccessDeniedException".to_owned(),
        message: "not authorized".to_owned(),
    };
    let broken = FaultAction::AwsError {
        code: 500,
        name: "ServerException".to_owned(),
        message: "These errors are usually caused by a server-side issue.".to_owned(),
    };
    for operation in ["DescribeImages", "BatchGetImage", "DescribeImageScanFindings", "DescribeRepositories"] {
        for (action, advice) in [(&denied, "Allow the action on the repository to the role"), (&broken, "throttling")] {
            let world = with(pods(), vec![repository()], Vec::new()).await;
            world.script(Fault::aws("ecr", operation, action.clone()).times(usize::MAX));
            let parts = [&format!("alpha: ECR: ecr:{operation} of repository app of account 111122223333"), advice];
            event.run(&world).await.failed_with("ClustersNotJudged", &parts);
            assert!(verdicts(&world).is_empty(), "{:?}", verdicts(&world));
        }
        let world = with(pods(), vec![repository()], Vec::new()).await;
        world.script(Fault::aws("ecr", operation, FaultAction::throttled()));
        assert_eq!(said(&event, &world).await.0, "COMPLIANT", "{operation} is tried again");
    }
}

#[tokio::test]
async fn an_answer_that_no_registry_gives_is_not_judged() {
    let world = one(ImageSpec::new(&digest(1), Some(ScanSpec::new("COMPLETE", &[])))).await;
    world.script(Fault::aws("ecr", "DescribeImages", FaultAction::InvalidJson).times(usize::MAX));
    from_high().run(&world).await.failed_with("ClustersNotJudged", &["alpha: ECR: ecr:DescribeImages"]);
    assert!(verdicts(&world).is_empty(), "{:?}", verdicts(&world));
}

#[tokio::test]
async fn the_settings_of_repositories_in_use_are_judged() {
    let own = registry(OWN_ACCOUNT, "eu-west-1");
    let repository = |name: &str, mutability: &str, filters: &[&str], encryption: &str| RepositorySpec {
        tag_mutability: mutability.to_owned(),
        exclusion_filters: filters.iter().map(|&filter| filter.to_owned()).collect(),
        encryption: encryption.to_owned(),
        ..RepositorySpec::new("eu-west-1", name, Vec::new())
    };
    let repositories = vec![
        repository("mutable", "MUTABLE", &[], "KMS"),
        repository("immutable", "IMMUTABLE", &[], "KMS_DSSE"),
        repository("excluded", "IMMUTABLE_WITH_EXCLUSION", &["1*"], "KMS"),
        repository("fixed", "MUTABLE_WITH_EXCLUSION", &["1"], "KMS"),
        repository("plain", "IMMUTABLE", &[], "AES256"),
    ];
    let names = ["mutable", "immutable", "excluded", "fixed", "plain", "gone"];
    let pods = names.map(|name| runs(&format!("of-{name}"), &format!("{own}/{name}"), &digest(1)));
    let world = with(pods.to_vec(), repositories, Vec::new()).await;
    let event = schedule().with("requireImmutableTags", "true").with("requireKmsEncryption", "true");
    let run = event.run(&world).await;
    run.succeeded();
    let log = run.log();
    let mut found: Vec<(String, String)> = log
        .iter()
        .filter(|line| line["message"] == "finding")
        .map(|line| (line["ownerName"].as_str().unwrap().to_owned(), line["reasons"].as_str().unwrap().to_owned()))
        .collect();
    found.sort();
    let expected = [("of-excluded", "MutableTags"), ("of-mutable", "MutableTags"), ("of-plain", "NotKmsEncrypted")];
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for ((owner, reasons), (name, reason)) in found.iter().zip(expected) {
        assert!(owner.contains(name) && reasons.contains(reason), "{found:?}");
    }
    let verdict = log.iter().find(|line| line["message"] == "verdict").unwrap();
    let notes = verdict["notes"].as_str().unwrap();
    assert!(notes.contains("settings of 1 repository not known (1 RepositoryNotFoundException)"), "{notes}");
}

#[tokio::test]
async fn an_exempted_container_is_exempt_from_what_its_scan_found() {
    let world = one(ImageSpec::new(&digest(1), Some(ScanSpec::new("COMPLETE", &[("CRITICAL", 2)])))).await;
    let exemption = json!([{"namespace": "shop", "reason": "mended next week", "expires": "2999-01-01"}]).to_string();
    let (verdict, annotation) = said(&from_high().with("exemptions", &exemption), &world).await;
    assert_eq!(verdict, "COMPLIANT");
    assert!(annotation.contains("1 exempted"), "{annotation}");
}

#[tokio::test]
async fn a_list_that_expires_is_read_anew_and_ecr_is_asked_once() {
    let world = one(ImageSpec::new(&digest(1), Some(ScanSpec::new("COMPLETE", &[("CRITICAL", 2)])))).await;
    world.script(Fault::kubernetes("alpha", "pods", FaultAction::Expired410));
    assert_eq!(said(&from_high(), &world).await.0, "NON_COMPLIANT");
    assert_eq!(asked(&world, "DescribeImages"), 1);
}

/// Runs `judge trustedRegCheck` with `failOnSeverity` and gives the exit status and the JSON.
async fn judged(world: &World, arguments: &[&str]) -> (Option<i32>, Value, String) {
    let parameters = r#"{"trustedRegistries": "ecr:111122223333", "failOnSeverity": "HIGH"}"#;
    let mut all = vec!["judge", "trustedRegCheck", "--parameters", parameters, "--output", "json"];
    all.extend(arguments);
    let output = command_line(world, &all).output().await.unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_default(), told)
}

#[tokio::test]
async fn the_command_line_asks_ecr_about_a_cluster() {
    let world = one(ImageSpec::new(&digest(1), Some(ScanSpec::new("COMPLETE", &[("HIGH", 2)])))).await;
    let (status, said, told) = judged(&world, &["--cluster", "alpha"]).await;
    assert_eq!(status, Some(1), "{told}");
    assert_eq!(said[0]["findings"][0]["reasons"], json!(["ScanFindings"]));
    let advice = said[0]["findings"][0]["advice"].as_str().unwrap();
    let image = format!("111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app@{}", digest(1));
    assert_eq!(advice, format!("Rebuild the image without what its scan found and roll it out: {image} has 2 HIGH."));
}

#[tokio::test]
async fn a_kubeconfig_leads_to_no_registry() {
    let world = one(ImageSpec::new(&digest(1), None)).await;
    let path = kubeconfig(&world, "alpha");
    let (status, said, told) = judged(&world, &["--context", "alpha", "--kubeconfig", path.to_str().unwrap()]).await;
    std::fs::remove_file(path).unwrap();
    assert_eq!(status, Some(3), "{told}");
    assert_eq!(said[0]["complianceType"], Value::Null);
    assert_eq!(said[0]["notJudged"]["step"], "ECR");
    let cause = said[0]["notJudged"]["cause"].as_str().unwrap();
    assert!(cause.contains("a kubeconfig leads to no AWS account"), "{cause}");
    assert_eq!(world.kubernetes_requests().len(), 0, "nothing is read in vain");
}

#[tokio::test]
async fn manifests_have_no_registry() {
    let world = world(Vec::new()).await;
    let (status, _, told) = judged(&world, &["-f", "/dev/null"]).await;
    assert_eq!(status, Some(2), "{told}");
    assert!(told.contains("failOnSeverity: given \"HIGH\"; allowed: only for a cluster"), "{told}");
}
