//! Chart sources of manifests in each form of output.

use serde_json::Value;

use crate::run::{Run, assert_valid, directory, judge, run};

const PARAMETERS: &str = r#"{"trustedRegistries": "ghcr.io", "trustedChartSources": "charts.example"}"#;

const MANIFESTS: &str = "\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: blog, namespace: argocd}
spec:
  sources:
  - repoURL: https://robot:pa55word@charts.example.net/blog?t0ken
    chart: blog
  - chart: good
    repoURL: https://charts.example/good
  - path: .
    repoURL: oci://ghcr.io/somebody/cache
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: none, namespace: argocd}
spec: {interval: 1h}
---
apiVersion: v1
kind: List
items:
- apiVersion: source.toolkit.fluxcd.io/v1
  kind: GitRepository
  metadata: {name: apps}
  spec: {url: \"ssh://git@github.com/somebody/apps\"}
- apiVersion: helm.toolkit.fluxcd.io/v2
  kind: HelmRelease
  metadata: {name: app}
  spec: {chart: {spec: {chart: ./app, sourceRef: {kind: GitRepository, name: apps}}}}
";

fn printed(form: &str) -> String {
    let run = judge(form, &["trustedRegCheck", "--parameters", PARAMETERS], MANIFESTS);
    assert_eq!(run.status, 1, "{run:#?}");
    for secret in ["robot", "pa55word", "t0ken"] {
        assert!(!run.stdout.contains(secret) && !run.stderr.contains(secret), "{form}: {run:#?}");
    }
    run.stdout
}

#[test]
fn a_result_has_the_line_and_column_of_its_url() {
    let directory = directory("chart-sources", &[("delivery/all.yaml", MANIFESTS)]);
    let arguments = ["judge", "trustedRegCheck", "-f", "delivery", "--output", "sarif", "--parameters", PARAMETERS];
    let Run { stdout, .. } = run(&directory, &[], &arguments, "");
    let log: Value = serde_json::from_str(&stdout).unwrap();
    assert_valid(include_str!("schemas/sarif-2.1.0.json"), &log);
    let results = log["runs"][0]["results"].as_array().unwrap();
    let told: Vec<String> = results
        .iter()
        .map(|result| {
            let place = &result["locations"][0]["physicalLocation"];
            let region = &place["region"];
            format!(
                "{} {}:{} {} {}",
                place["artifactLocation"]["uri"].as_str().unwrap(),
                region["startLine"],
                region["startColumn"],
                result["ruleId"].as_str().unwrap(),
                result["properties"]["source"].as_str().unwrap()
            )
        })
        .collect();
    let rule = "trustedRegCheck/UntrustedChartSource";
    assert_eq!(
        told,
        [
            format!("delivery/all.yaml 6:14 {rule} https://charts.example.net/blog"),
            format!("delivery/all.yaml 11:14 {rule} oci://ghcr.io/somebody/cache"),
            format!("delivery/all.yaml 13:1 {rule} "),
            format!("delivery/all.yaml 24:15 {rule} ssh://github.com/somebody/apps"),
        ]
    );
    let prints: std::collections::BTreeSet<String> =
        results.iter().map(|result| result["partialFingerprints"].to_string()).collect();
    assert_eq!(prints.len(), 4, "two sources of one Application are two results");
}

#[test]
fn a_url_in_the_wrong_place_is_an_error_without_its_password() {
    let wrong = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: blog}\n\
                 spec: {source: 'https://robot:pa55word@charts.example.net'}\n";
    let Run { status, stderr, .. } = judge("json", &["trustedRegCheck", "--parameters", PARAMETERS], wrong);
    assert_eq!(status, 2);
    let told = "Application default/blog: spec.source: invalid type: string \"…\", expected struct ArgoSource";
    assert!(stderr.contains(told), "{stderr}");
}

#[test]
fn every_form_names_the_object_and_its_url() {
    let asff: Value = serde_json::from_str(&printed("asff")).unwrap();
    assert_valid(include_str!("schemas/asff.json"), &asff);
    assert_eq!(asff[0]["ProductFields"]["source"], "https://charts.example.net/blog");
    assert_eq!(asff[0]["Title"], "Application/blog in namespace argocd: UntrustedChartSource");
    let ocsf: Value = serde_json::from_str(&printed("ocsf")).unwrap();
    for finding in ocsf.as_array().unwrap() {
        assert_valid(include_str!("schemas/ocsf-1.6.0-compliance-finding.json"), finding);
    }
    let resource = &ocsf[0]["resources"][0];
    assert_eq!((&resource["type"], &resource["name"]), (&"Application".into(), &"blog".into()));
    assert_eq!(resource["data"]["source"], "https://charts.example.net/blog");
    let json: Value = serde_json::from_str(&printed("json")).unwrap();
    assert_eq!(json[0]["findings"][1]["source"], "oci://ghcr.io/somebody/cache");
    for form in ["table", "junit", "html"] {
        let text = printed(form);
        for part in ["Application/blog", "oci://ghcr.io/somebody/cache", "UntrustedChartSource"] {
            assert!(text.contains(part), "{part} is not in {form}: {text}");
        }
    }
    assert!(printed("html").contains(">Chart source</th>"));
}
