use std::path::Path;

use loopback::{Fault, FaultAction, World, demo_world};
use serde_json::{Value, json};

use crate::run::{CLEAN, DEPLOYMENT, PARAMETERS, assert_valid, judge, judge_demo, run};

const SCHEMA: &str = include_str!("schemas/asff.json");

/// The findings, valid by Security Hub's service model and the limits that it states.
#[track_caller]
fn valid(findings: &Value) -> Vec<Value> {
    assert_valid(SCHEMA, findings);
    findings.as_array().unwrap().clone()
}

#[test]
fn a_finding_names_the_cluster_or_manifests_and_the_container() {
    let findings = valid(&judge("asff", &["trustedRegCheck", "--parameters", PARAMETERS], DEPLOYMENT).json());
    let [finding] = findings.as_slice() else { panic!("{findings:#?}") };
    assert_eq!(finding["ProductArn"], "arn:aws:securityhub:eu-west-1:111122223333:product/111122223333/default");
    assert_eq!(finding["GeneratorId"], "eks-config-rules/trustedRegCheck");
    assert_eq!(finding["Severity"], json!({"Label": "HIGH"}));
    assert_eq!(finding["Compliance"], json!({"Status": "FAILED"}));
    assert_eq!(
        finding["Resources"][1],
        json!({
            "Type": "Container", "Id": "manifests/web/Deployment/api/app", "Partition": "aws", "Region": "eu-west-1",
            "Details": {"Container": {"Name": "app", "ImageName": "docker.io/library/nginx:1"}},
        })
    );
    assert_eq!(finding["ProductFields"]["reasons"], "Untrusted");
}

#[test]
fn the_findings_of_a_live_cluster_are_valid_name_its_arn_and_differ() {
    let findings = valid(&judge_demo("asff", "violations").json());
    let identities: std::collections::BTreeSet<&str> =
        findings.iter().map(|finding| finding["Id"].as_str().unwrap()).collect();
    assert_eq!(identities.len(), findings.len());
    for finding in &findings {
        assert_eq!(finding["Resources"][0]["Type"], "AwsEksCluster");
        assert_eq!(finding["Resources"][0]["Id"], "arn:aws:eks:eu-west-1:111122223333:cluster/violations");
    }
}

#[test]
fn what_complies_passes_and_what_was_not_judged_is_not_available() {
    let passed = valid(&judge("asff", &["--parameters", PARAMETERS], CLEAN).json());
    assert!(passed.iter().all(|finding| finding["Compliance"]["Status"] == "PASSED"), "{passed:#?}");
    let run = judge_demo("asff", "private");
    assert_eq!(run.status, 3);
    let unknown = valid(&run.json());
    assert!(unknown.iter().all(|finding| finding["Compliance"]["Status"] == "NOT_AVAILABLE"), "{unknown:#?}");
}

#[test]
fn without_an_account_or_a_region_it_is_wrong_use() {
    for place in [&[][..], &["--account", "111122223333"], &["--region", "eu-west-1"]] {
        let arguments = [&["judge", "privEscalation", "-f", "-", "--output", "asff"], place].concat();
        let run = run(Path::new("."), &[], &arguments, DEPLOYMENT);
        assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{run:#?}");
        assert!(run.stderr.contains("give --account and --region"), "{run:#?}");
    }
}

#[test]
fn a_cluster_that_cannot_be_described_has_no_account_and_the_cause_is_told() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let world = runtime.block_on(World::start(demo_world(None))).unwrap();
    let denied = FaultAction::AwsError {
        code: 403,
        name: "AccessDeniedException".to_owned(),
        message: "not authorized to perform: eks:DescribeCluster".to_owned(),
    };
    world.script(Fault::aws("eks", "DescribeCluster", denied));
    let arguments = ["judge", "privEscalation", "--cluster", "violations", "--output", "asff"];
    let run = run(Path::new("."), &world.environment(), &arguments, "");
    assert_eq!((run.status, run.stdout.as_str()), (3, ""), "{run:#?}");
    assert!(run.stderr.contains("privEscalation was not judged: DescribeCluster"), "{run:#?}");
}

#[test]
fn the_partition_is_that_of_the_region() {
    for (region, partition) in [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("us-east-1", "aws")] {
        let place = ["judge", "privEscalation", "-f", "-", "--output", "asff", "--account", "111122223333", "--region"];
        let run = run(Path::new("."), &[], &[&place[..], &[region]].concat(), DEPLOYMENT);
        let arn = run.json()[0]["ProductArn"].as_str().unwrap().to_owned();
        assert!(arn.starts_with(&format!("arn:{partition}:securityhub:{region}:")), "{arn}");
    }
}

#[test]
fn only_the_time_changes_from_run_to_run() {
    let runs = [(); 2].map(|()| {
        let mut findings = judge("asff", &["--parameters", PARAMETERS], DEPLOYMENT).json();
        for finding in findings.as_array_mut().unwrap() {
            let time = finding["CreatedAt"].as_str().unwrap();
            assert_eq!(time.len(), "2026-01-01T00:00:00.000Z".len(), "{time}");
            finding["CreatedAt"] = json!(0);
            finding["UpdatedAt"] = json!(0);
        }
        findings
    });
    assert_eq!(runs[0], runs[1]);
}
