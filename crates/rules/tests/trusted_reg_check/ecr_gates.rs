//! What the answers of ECR make of the images in use: each status, each setting, and who is asked about what.

use std::collections::BTreeMap;

use eks_rules::object::Pod;
use eks_rules::{
    EcrRepository, ImageName, ImageScan, Judge, Object, Reason, RegistryAnswer, RegistryQuestion, Report,
    RepositorySettings,
};
use serde_json::{Value, json};

use crate::scene::{SHA, cluster, configuration, judge, manifests, only, pod, running};

const OWN: &str = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";
const OTHER: &str = "444455556666.dkr.ecr.eu-central-1.amazonaws.com";
const OTHER_SHA: &str = "sha256:2a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3b";

fn with(parameters: &Value) -> Value {
    let mut all = json!({"trustedRegistries": "ecr:123456789012,ecr:444455556666,docker.io"});
    all.as_object_mut().unwrap().extend(parameters.as_object().unwrap().clone());
    all
}

/// A judgement that has observed these pods.
fn observed(parameters: &Value, pods: &[Value]) -> Judge {
    let mut judge = judge(&with(parameters), &cluster());
    for pod in pods {
        let pod: Pod = eks_rules::decode("Pod", pod).unwrap();
        judge.observe(Object::Pod(&pod));
    }
    judge
}

/// What is said of these pods where ECR gives every question this answer.
fn report(parameters: &Value, pods: &[Value], answer: impl Fn(&RegistryQuestion) -> RegistryAnswer) -> Report {
    let mut judge = observed(parameters, pods);
    for question in judge.registry_questions() {
        let answer = answer(&question);
        judge.registry_answer(question, answer);
    }
    judge.report()
}

fn scan(status: &str, counts: Option<&[(&str, u64)]>) -> ImageScan {
    let counts = counts.map(|counts| counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect());
    ImageScan { status: status.to_owned(), counts }
}

/// What is said of one running image under `failOnSeverity=HIGH`.
fn scanned(unscanned: &str, scans: &[ImageScan]) -> Report {
    let app = running(&format!("{OWN}/app:1"), &format!("{OWN}/app@{SHA}"));
    let parameters = json!({"failOnSeverity": "HIGH", "unscanned": unscanned});
    report(&parameters, &[app], |_| RegistryAnswer::Scans(scans.to_vec()))
}

fn reasons(report: &Report) -> Vec<Reason> {
    report.findings.iter().flat_map(|finding| finding.reasons.clone()).collect()
}

/// A status under which nothing found means nothing: a note, or a finding where that is asked.
#[track_caller]
fn has_no_result(scan: ImageScan, word: &str) {
    let noted = scanned("report", std::slice::from_ref(&scan));
    assert_eq!(reasons(&noted), [], "{scan:?}");
    assert_eq!(noted.notes, [format!("1 image without scan result (1 {word})")], "{scan:?}");
    let failed = scanned("fail", std::slice::from_ref(&scan));
    assert_eq!(reasons(&failed), [Reason::NotScanned], "{scan:?}");
    let advice = &only(&failed).advice;
    assert!(advice.contains(&format!("{OWN}/app@{SHA}: {word}.")), "{advice}");
}

/// The same, whether ECR gives numbers with the status or none.
#[track_caller]
fn clears_no_image(status: &str) {
    has_no_result(scan(status, None), status);
    has_no_result(scan(status, Some(&[("LOW", 1)])), status);
}

/// A status under which nothing found means that there is nothing.
#[track_caller]
fn has_a_result(status: &str) {
    for unscanned in ["report", "fail"] {
        let report = scanned(unscanned, &[scan(status, Some(&[("MEDIUM", 9)]))]);
        assert_eq!((reasons(&report), report.notes.clone()), (vec![], vec![]), "{status}");
    }
}

/// What was found is in the image, whatever became of the scan since.
#[track_caller]
fn tells_findings(status: &str) {
    let report = scanned("fail", &[scan(status, Some(&[("HIGH", 5), ("CRITICAL", 2), ("LOW", 7)]))]);
    assert_eq!(reasons(&report), [Reason::ScanFindings], "{status}");
    let advice = &only(&report).advice;
    assert!(advice.contains(&format!("{OWN}/app@{SHA} has 2 CRITICAL, 5 HIGH.")), "{advice}");
}

#[test]
fn complete_is_a_result() {
    has_a_result("COMPLETE");
    tells_findings("COMPLETE");
}

#[test]
fn active_is_a_result_that_inspector_keeps_up_to_date() {
    has_a_result("ACTIVE");
    tells_findings("ACTIVE");
}

#[test]
fn in_progress_is_no_result_yet() {
    clears_no_image("IN_PROGRESS");
    tells_findings("IN_PROGRESS");
}

#[test]
fn pending_is_no_result_yet() {
    clears_no_image("PENDING");
    tells_findings("PENDING");
}

#[test]
fn failed_is_no_result() {
    clears_no_image("FAILED");
    tells_findings("FAILED");
}

#[test]
fn an_unsupported_image_has_no_result() {
    clears_no_image("UNSUPPORTED_IMAGE");
}

#[test]
fn a_result_that_nobody_keeps_up_to_date_any_more_clears_no_image() {
    has_no_result(scan("SCAN_ELIGIBILITY_EXPIRED", Some(&[("LOW", 1)])), "SCAN_ELIGIBILITY_EXPIRED");
    tells_findings("SCAN_ELIGIBILITY_EXPIRED");
}

#[test]
fn findings_that_are_unavailable_are_no_result() {
    clears_no_image("FINDINGS_UNAVAILABLE");
}

#[test]
fn an_exceeded_limit_is_no_result() {
    clears_no_image("LIMIT_EXCEEDED");
}

#[test]
fn an_archived_image_has_no_result() {
    clears_no_image("IMAGE_ARCHIVED");
}

#[test]
fn a_scan_that_was_never_made_is_no_result() {
    has_no_result(ImageScan::without("ScanNotFoundException"), "ScanNotFoundException");
}

#[test]
fn an_image_that_is_gone_from_its_repository_has_no_result() {
    has_no_result(ImageScan::without("ImageNotFoundException"), "ImageNotFoundException");
}

#[test]
fn a_status_that_nobody_knows_clears_no_image() {
    has_no_result(scan("SCANNED_TWICE", Some(&[])), "SCANNED_TWICE");
    tells_findings("SCANNED_TWICE");
}

#[test]
fn a_status_without_numbers_clears_no_image() {
    has_no_result(scan("COMPLETE", None), "COMPLETE");
    has_no_result(scan("", None), "no status");
}

#[test]
fn a_repository_that_is_gone_has_no_scans() {
    let app = running(&format!("{OWN}/app:1"), &format!("{OWN}/app@{SHA}"));
    let said = report(&json!({"failOnSeverity": "LOW"}), &[app], |_| RegistryAnswer::NoRepository);
    assert_eq!(said.notes, ["1 image without scan result (1 RepositoryNotFoundException)"]);
}

#[test]
fn an_index_is_as_bad_as_the_worst_of_its_images() {
    let clean = scan("COMPLETE", Some(&[]));
    let report = scanned("fail", &[clean.clone(), scan("COMPLETE", Some(&[("HIGH", 1)]))]);
    assert_eq!(reasons(&report), [Reason::ScanFindings]);
    let both = [scan("COMPLETE", Some(&[("HIGH", 9)])), scan("COMPLETE", Some(&[("CRITICAL", 1)]))];
    assert!(only(&scanned("fail", &both)).advice.contains("has 1 CRITICAL."));
    assert_eq!(reasons(&scanned("fail", &[clean.clone(), clean.clone()])), []);
    assert_eq!(reasons(&scanned("fail", &[clean, scan("FAILED", None)])), [Reason::NotScanned]);
}

#[test]
fn an_index_without_images_for_linux_has_no_result() {
    assert_eq!(scanned("report", &[]).notes, ["1 image without scan result (1 an index without images for Linux)"]);
}

#[test]
fn a_severity_counts_from_itself_upwards() {
    let order = ["UNDEFINED", "INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL"];
    let app = running(&format!("{OWN}/app:1"), &format!("{OWN}/app@{SHA}"));
    for (from, threshold) in order.iter().enumerate() {
        for (place, severity) in order.iter().enumerate() {
            let said = report(&json!({"failOnSeverity": threshold}), std::slice::from_ref(&app), |_| {
                RegistryAnswer::Scans(vec![scan("COMPLETE", Some(&[(severity, 1)]))])
            });
            assert_eq!(said.findings.len(), usize::from(place >= from), "{severity} under {threshold}");
        }
    }
}

#[test]
fn untriaged_is_undefined_and_an_unknown_severity_counts_as_the_worst() {
    let app = running(&format!("{OWN}/app:1"), &format!("{OWN}/app@{SHA}"));
    let found = |threshold: &str, severity: &str| {
        let said = report(&json!({"failOnSeverity": threshold}), std::slice::from_ref(&app), |_| {
            RegistryAnswer::Scans(vec![scan("ACTIVE", Some(&[(severity, 1)]))])
        });
        said.findings.len()
    };
    assert_eq!((found("UNDEFINED", "UNTRIAGED"), found("INFORMATIONAL", "UNTRIAGED")), (1, 0));
    assert_eq!(found("CRITICAL", "CATASTROPHIC"), 1);
}

#[test]
fn a_severity_without_findings_is_none() {
    let report = scanned("fail", &[scan("COMPLETE", Some(&[("CRITICAL", 0), ("HIGH", 0)]))]);
    assert_eq!(report.findings, []);
    assert_eq!(
        report.annotation,
        "1 image of 1 pod in 1 namespace: all trusted, nothing at or above HIGH in 1 scanned image."
    );
}

fn repository(account: &str, name: &str) -> EcrRepository {
    EcrRepository { account: account.to_owned(), region: "eu-central-1".to_owned(), name: name.to_owned() }
}

fn of_digest(account: &str, name: &str, digest: &str) -> RegistryQuestion {
    RegistryQuestion::Scan(repository(account, name), ImageName::Digest(digest.to_owned()))
}

/// What ECR is asked about these pods under `failOnSeverity`.
fn asked(pods: &[Value]) -> Vec<RegistryQuestion> {
    observed(&json!({"failOnSeverity": "HIGH"}), pods).registry_questions()
}

#[test]
fn the_running_digest_is_asked_for_in_the_repository_that_it_was_pulled_from() {
    let moved = running(&format!("{OWN}/app:1"), &format!("{OWN}/mirror/app@{SHA}"));
    assert_eq!(asked(&[moved]), [of_digest("123456789012", "mirror/app", SHA)]);
    let pinned = running(&format!("{OWN}/app:1@{OTHER_SHA}"), &format!("{OWN}/app@{SHA}"));
    assert_eq!(asked(&[pinned]), [of_digest("123456789012", "app", SHA)]);
    let docker = running(&format!("{OWN}/app:1"), &format!("docker-pullable://{OWN}/app@{SHA}"));
    assert_eq!(asked(&[docker]), [of_digest("123456789012", "app", SHA)]);
}

#[test]
fn without_a_running_digest_the_one_that_is_written_is_asked_for() {
    for image_id in ["", SHA, "docker://sha256"] {
        let pinned = running(&format!("{OWN}/app@{SHA}"), image_id);
        assert_eq!(asked(&[pinned]), [of_digest("123456789012", "app", SHA)], "{image_id}");
        let waiting = running(&format!("{OWN}/app:1"), image_id);
        assert_eq!(asked(std::slice::from_ref(&waiting)), [], "{image_id}");
        let said = report(&json!({"failOnSeverity": "HIGH"}), &[waiting], |_| RegistryAnswer::NoRepository);
        assert!(
            said.notes.contains(&"1 image without scan result (1 digest not known yet)".to_owned()),
            "{image_id}: {:?}",
            said.notes
        );
    }
}

#[test]
fn an_image_volume_is_asked_for_by_its_digest_or_else_by_its_tag() {
    let volume = |reference: &str| {
        let mut pod = running("docker.io/library/nginx:1", &format!("docker.io/library/nginx@{SHA}"));
        pod["spec"]["volumes"] = json!([{"name": "model", "image": {"reference": reference}}]);
        pod
    };
    let by_tag =
        |tag: &str| RegistryQuestion::Scan(repository("123456789012", "model"), ImageName::Tag(tag.to_owned()));
    assert_eq!(asked(&[volume(&format!("{OWN}/model:7"))]), [by_tag("7")]);
    assert_eq!(asked(&[volume(&format!("{OWN}/model"))]), [by_tag("latest")]);
    assert_eq!(asked(&[volume(&format!("{OWN}/model:7@{SHA}"))]), [of_digest("123456789012", "model", SHA)]);
    let said = report(&json!({"failOnSeverity": "HIGH"}), &[volume(&format!("{OWN}/model:7"))], |_| {
        RegistryAnswer::Scans(vec![scan("COMPLETE", Some(&[("HIGH", 1)]))])
    });
    assert_eq!(reasons(&said), [Reason::ScanFindings]);
}

#[test]
fn what_many_pods_run_is_asked_for_once() {
    let pods: Vec<Value> = (0..50)
        .map(|number| {
            let mut pod = running(&format!("{OWN}/app:1"), &format!("{OWN}/app@{SHA}"));
            pod["metadata"]["name"] = json!(format!("web-{number}"));
            pod
        })
        .collect();
    assert_eq!(asked(&pods).len(), 1);
    let parameters = json!({"failOnSeverity": "HIGH", "requireImmutableTags": "true", "requireKmsEncryption": "true"});
    assert_eq!(observed(&parameters, &pods).registry_questions().len(), 2);
}

#[test]
fn each_spelling_of_a_registry_is_one_registry() {
    let hosts =
        [OWN, "123456789012.dkr.ecr-fips.EU-CENTRAL-1.amazonaws.com", "123456789012.dkr-ecr.eu-central-1.on.aws"];
    let pods = hosts.map(|host| running(&format!("{host}/app:1"), &format!("{host}/app@{SHA}")));
    assert_eq!(asked(&pods), [of_digest("123456789012", "app", SHA)]);
}

#[test]
fn only_accounts_in_scope_are_asked() {
    let image = |host: &str| running(&format!("{host}/app:1"), &format!("{host}/app@{SHA}"));
    let pods = [image(OWN), image(OTHER), image("docker.io/library"), image("public.ecr.aws/x")];
    assert_eq!(asked(&pods), [of_digest("123456789012", "app", SHA)]);
    let both = observed(&json!({"failOnSeverity": "HIGH", "scanAccounts": " 444455556666 ,"}), &pods);
    assert_eq!(
        both.registry_questions(),
        [of_digest("123456789012", "app", SHA), of_digest("444455556666", "app", SHA)]
    );
    let said =
        report(&json!({"failOnSeverity": "HIGH"}), &pods, |_| RegistryAnswer::Scans(vec![scan("COMPLETE", Some(&[]))]));
    let note = "3 images without scan result (1 account not in scanAccounts, 2 outside ECR)";
    assert!(said.notes.iter().any(|said| said == note), "{:?}", said.notes);
}

#[test]
fn an_image_that_nobody_can_be_asked_about_is_not_scanned_where_every_image_must_be() {
    let pods = [running("docker.io/library/nginx:1", ""), pod(&format!("{OTHER}/app:1@{SHA}"))];
    let said = report(&json!({"unscanned": "fail"}), &pods, |_| panic!("nobody is asked"));
    assert_eq!(reasons(&said), [Reason::NotScanned, Reason::NotScanned]);
    let advice: Vec<&str> = said.findings.iter().map(|finding| finding.advice.as_str()).collect();
    assert!(advice[0].ends_with(&format!("app@{SHA}: account not in scanAccounts.")), "{advice:?}");
    assert!(advice[1].ends_with("docker.io/library/nginx:1: outside ECR."), "{advice:?}");
}

#[test]
fn a_reference_that_does_not_parse_is_that_and_nothing_else() {
    let said = report(&json!({"unscanned": "fail"}), &[pod("http://x")], |_| panic!("nobody is asked"));
    assert_eq!(reasons(&said), [Reason::Unparsable]);
}

#[test]
fn without_a_gate_nobody_is_asked() {
    let judge = observed(&json!({}), &[running(&format!("{OWN}/app:1"), &format!("{OWN}/app@{SHA}"))]);
    assert!(!judge.asks_registry());
    assert_eq!(judge.registry_questions(), []);
    let gates = [
        json!({"failOnSeverity": "LOW"}),
        json!({"unscanned": "fail"}),
        json!({"requireImmutableTags": "true"}),
        json!({"requireKmsEncryption": "true"}),
    ];
    for gate in gates {
        assert!(observed(&gate, &[]).asks_registry(), "{gate}");
        let error = configuration(&with(&gate)).unwrap().judge(&manifests()).unwrap_err();
        assert!(error.to_string().contains("only for a cluster"), "{error}");
    }
    let harmless = with(&json!({"unscanned": "report", "scanAccounts": "444455556666"}));
    assert!(configuration(&harmless).unwrap().judge(&manifests()).is_ok());
}

#[test]
fn the_parameters_say_what_they_allow() {
    let error = |parameters: Value| configuration(&with(&parameters)).unwrap_err().to_string();
    assert_eq!(
        error(json!({"failOnSeverity": "SEVERE"})),
        "rule parameter failOnSeverity: given \"SEVERE\"; allowed: CRITICAL, HIGH, MEDIUM, LOW, INFORMATIONAL, UNDEFINED"
    );
    assert_eq!(
        error(json!({"scanAccounts": "444455556666,4444"})),
        "rule parameter scanAccounts: given \"4444\"; allowed: a comma list of account ids, twelve digits each"
    );
    assert!(error(json!({"unscanned": "ignore"})).contains("allowed: report, fail"));
}

/// What is said of an image under `requireImmutableTags` and `requireKmsEncryption`.
fn under(image: &str, settings: &RepositorySettings) -> Report {
    let parameters = json!({"requireImmutableTags": "true", "requireKmsEncryption": "true"});
    report(&parameters, &[running(image, "")], |_| RegistryAnswer::Settings(settings.clone()))
}

fn mutability(word: &str, filters: &[(&str, &str)]) -> RepositorySettings {
    RepositorySettings {
        tag_mutability: word.to_owned(),
        exclusion_filters: filters.iter().map(|(kind, filter)| ((*kind).to_owned(), (*filter).to_owned())).collect(),
        encryption: "KMS".to_owned(),
    }
}

#[track_caller]
fn tag_is_movable(tag: &str, settings: &RepositorySettings, movable: bool) {
    let said = under(&format!("{OWN}/app:{tag}"), settings);
    assert_eq!(reasons(&said), if movable { vec![Reason::MutableTags] } else { vec![] }, "{tag} {settings:?}");
}

#[test]
fn tags_of_a_mutable_repository_can_be_moved() {
    tag_is_movable("1", &mutability("MUTABLE", &[]), true);
    // Where ECR does not say, and where it says what nobody knows.
    tag_is_movable("1", &mutability("", &[]), true);
    tag_is_movable("1", &mutability("SOMETIMES", &[]), true);
    let advice = only(&under(&format!("{OWN}/app:1"), &mutability("MUTABLE", &[]))).advice.clone();
    assert!(advice.ends_with("tag 1 of repository app of account 123456789012 in eu-central-1."), "{advice}");
}

#[test]
fn tags_of_an_immutable_repository_cannot_be_moved() {
    tag_is_movable("1", &mutability("IMMUTABLE", &[]), false);
}

#[test]
fn the_exclusion_of_an_immutable_repository_can_be_moved() {
    let settings = mutability("IMMUTABLE_WITH_EXCLUSION", &[("WILDCARD", "dev-*"), ("WILDCARD", "latest")]);
    for (tag, movable) in [("dev-1", true), ("dev-", true), ("latest", true), ("1", false), ("latest2", false)] {
        tag_is_movable(tag, &settings, movable);
    }
    let unknown = mutability("IMMUTABLE_WITH_EXCLUSION", &[("REGEX", "x")]);
    tag_is_movable("1", &unknown, true);
}

#[test]
fn the_exclusion_of_a_mutable_repository_cannot_be_moved() {
    let settings = mutability("MUTABLE_WITH_EXCLUSION", &[("WILDCARD", "v*")]);
    for (tag, movable) in [("v1", false), ("1", true)] {
        tag_is_movable(tag, &settings, movable);
    }
    tag_is_movable("v1", &mutability("MUTABLE_WITH_EXCLUSION", &[("REGEX", "v.*")]), true);
}

#[test]
fn a_reference_without_a_tag_means_latest_and_one_with_a_digest_no_tag_at_all() {
    let settings = mutability("IMMUTABLE_WITH_EXCLUSION", &[("WILDCARD", "latest")]);
    assert_eq!(reasons(&under(&format!("{OWN}/app"), &settings)), [Reason::MutableTags]);
    for image in [format!("{OWN}/app@{SHA}"), format!("{OWN}/app:1@{SHA}")] {
        assert_eq!(reasons(&under(&image, &mutability("MUTABLE", &[]))), [], "{image}");
    }
}

#[test]
fn a_repository_must_be_encrypted_with_a_kms_key_where_that_is_required() {
    let settings = |word: &str| RepositorySettings { encryption: word.to_owned(), ..mutability("IMMUTABLE", &[]) };
    for (word, reason) in [("KMS", None), ("KMS_DSSE", None), ("AES256", Some(())), ("", Some(()))] {
        let said = under(&format!("{OWN}/app@{SHA}"), &settings(word));
        assert_eq!(reasons(&said), reason.map_or(vec![], |()| vec![Reason::NotKmsEncrypted]), "{word}");
    }
    let said = under(&format!("{OWN}/app:1"), &settings("KMS"));
    assert_eq!(
        said.annotation,
        "1 image of 1 pod in 1 namespace: all trusted, tags in use immutable and KMS in 1 ECR repository. 1 container \
         reports no running image."
    );
}

#[test]
fn the_settings_that_nobody_can_tell_are_a_note() {
    let pods = [
        running(&format!("{OWN}/gone:1"), ""),
        running(&format!("{OTHER}/app:1"), ""),
        running("nginx:1", ""),
        running("nginx:2", ""),
    ];
    let said = report(&json!({"requireKmsEncryption": "true"}), &pods, |_| RegistryAnswer::NoRepository);
    assert_eq!(reasons(&said), []);
    let note = "settings of 3 repositories not known (1 RepositoryNotFoundException, 1 account not in scanAccounts, 1 outside \
                ECR)";
    assert!(said.notes.iter().any(|said| said == note), "{:?}", said.notes);
}

#[test]
fn a_gate_that_is_off_finds_nothing() {
    let worst = RepositorySettings { encryption: "AES256".to_owned(), ..mutability("MUTABLE", &[]) };
    let app = running(&format!("{OWN}/app:1"), &format!("{OWN}/app@{SHA}"));
    let answer = |question: &RegistryQuestion| match question {
        RegistryQuestion::Settings(_) => RegistryAnswer::Settings(worst.clone()),
        RegistryQuestion::Scan(..) => RegistryAnswer::Scans(vec![scan("FAILED", Some(&[("CRITICAL", 1)]))]),
    };
    let all = json!({"failOnSeverity": "LOW", "requireImmutableTags": "true", "requireKmsEncryption": "true"});
    let found = |parameters: &Value| reasons(&report(parameters, std::slice::from_ref(&app), answer));
    assert_eq!(found(&json!({"requireImmutableTags": "true"})), [Reason::MutableTags]);
    assert_eq!(found(&json!({"requireKmsEncryption": "true"})), [Reason::NotKmsEncrypted]);
    assert_eq!(found(&json!({"unscanned": "fail"})), [Reason::NotScanned]);
    assert_eq!(found(&json!({"failOnSeverity": "CRITICAL"})), [Reason::ScanFindings]);
    assert_eq!(found(&all), [Reason::ScanFindings, Reason::MutableTags, Reason::NotKmsEncrypted]);
}

/// A pod of a Deployment.
fn of(deployment: &str, number: u32, image: &str, image_id: &str) -> Value {
    let mut pod = running(image, image_id);
    pod["metadata"] = json!({
        "name": format!("{deployment}-5f6-{number}"), "namespace": "shop", "labels": {"pod-template-hash": "5f6"},
        "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": format!("{deployment}-5f6"),
                             "uid": "u", "controller": true}],
    });
    pod
}

#[test]
fn pods_of_one_owner_share_a_finding_and_those_that_run_a_clean_image_are_not_counted() {
    let (image, bad, good) = (format!("{OWN}/app:1"), format!("{OWN}/app@{SHA}"), format!("{OWN}/app@{OTHER_SHA}"));
    let pods = [
        of("web", 3, &image, &bad),
        of("web", 1, &image, &good),
        of("web", 2, &image, &bad),
        of("api", 1, &image, &bad),
    ];
    let said = report(&json!({"failOnSeverity": "HIGH"}), &pods, |question| {
        let found = *question == of_digest("123456789012", "app", SHA);
        RegistryAnswer::Scans(vec![scan("COMPLETE", Some(if found { &[("HIGH", 3)] } else { &[] }))])
    });
    let told: Vec<_> = said
        .findings
        .iter()
        .map(|finding| (finding.owner.as_ref().unwrap().name.as_str(), finding.pods, finding.pod.as_deref()))
        .collect();
    assert_eq!(told, [("api", Some(1), Some("api-5f6-1")), ("web", Some(2), Some("web-5f6-2"))]);
    assert!(said.annotation.starts_with("3 of 4 images with scan findings, in 2 subjects: "), "{}", said.annotation);
}

#[test]
fn the_reasons_of_a_subject_stand_in_their_order_whoever_found_them() {
    let image = format!("{OTHER}/app:1");
    let parameters = json!({
        "trustedRegistries": "docker.io", "requireDigest": "true", "imageId": "require", "failOnSeverity": "HIGH",
        "requireImmutableTags": "true", "requireKmsEncryption": "true", "scanAccounts": "444455556666",
    });
    let said = report(&parameters, &[of("web", 1, &image, &format!("{OTHER}/app@{SHA}"))], |question| match question {
        RegistryQuestion::Settings(_) => RegistryAnswer::Settings(RepositorySettings::default()),
        RegistryQuestion::Scan(..) => RegistryAnswer::Scans(vec![scan("COMPLETE", Some(&[("CRITICAL", 1)]))]),
    });
    assert_eq!(
        only(&said).reasons,
        [Reason::Untrusted, Reason::NotPinned, Reason::ScanFindings, Reason::MutableTags, Reason::NotKmsEncrypted]
    );
    assert!(said.annotation.starts_with("1 of 1 image not trusted, in 1 subject: "), "{}", said.annotation);
}

#[test]
fn an_exempted_container_is_exempt_from_what_ecr_says_and_only_then_of_use() {
    let exemption = json!([{"namespace": "shop", "owner": {"kind": "Deployment", "name": "web"}, "reason": "vendor"}]);
    let parameters = json!({"failOnSeverity": "HIGH", "exemptions": exemption.to_string()});
    let pods: Vec<Value> =
        (0..3).map(|number| of("web", number, &format!("{OWN}/app:1"), &format!("{OWN}/app@{SHA}"))).collect();
    let with = |counts: &[(&str, u64)]| {
        let counts: BTreeMap<String, u64> = counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        report(&parameters, &pods, |_| {
            RegistryAnswer::Scans(vec![ImageScan { status: "COMPLETE".to_owned(), counts: Some(counts.clone()) }])
        })
    };
    let found = with(&[("HIGH", 1)]);
    assert_eq!((found.findings.len(), found.counts.exempted), (0, 3));
    assert_eq!(found.notes, ["3 exempted"]);
    assert!(found.annotation.contains(": all trusted, or exempt, nothing at or above HIGH"), "{}", found.annotation);
    let clean = with(&[]);
    assert_eq!((clean.findings.len(), clean.counts.exempted), (0, 0));
    assert_eq!(clean.notes, ["exemption of shop/Deployment/web is redundant: it matched nothing"]);
}

#[test]
fn images_without_a_result_are_not_told_as_scanned() {
    let told = |report: Report| report.annotation;
    let start = "1 image of 1 pod in 1 namespace: all trusted, nothing at or above HIGH in";
    let none = told(scanned("report", &[]));
    assert!(none.starts_with(&format!("{start} 0 scanned images.")), "{none}");
    let clean = told(scanned("report", &[scan("COMPLETE", Some(&[("LOW", 1)]))]));
    assert_eq!(clean, format!("{start} 1 scanned image."));
}

#[test]
fn a_cluster_whose_images_all_must_be_scanned_is_told_with_their_number() {
    let answer = |_: &RegistryQuestion| RegistryAnswer::Scans(vec![scan("COMPLETE", Some(&[("CRITICAL", 1)]))]);
    let pods = [of("web", 0, &format!("{OWN}/app:1"), &format!("{OWN}/app@{SHA}"))];
    let report = report(&json!({"unscanned": "fail"}), &pods, answer);
    assert_eq!(report.annotation, "1 image of 1 pod in 1 namespace: all trusted, 1 scanned image.");
}

#[test]
fn a_repository_without_kms_is_told_with_what_to_do() {
    let settings = RepositorySettings { encryption: "AES256".to_owned(), ..mutability("IMMUTABLE", &[]) };
    let said = under(&format!("{OWN}/app:1"), &settings);
    assert_eq!(reasons(&said), [Reason::NotKmsEncrypted]);
    let told = "Move the image to a new repository of encryption type KMS, since that cannot be changed: repository ";
    assert!(said.findings[0].advice.starts_with(told), "{}", said.findings[0].advice);
}
