//! `docs/outputs/` and the example of `docs/ecr-gates.md` are what the command prints of the demo's violating cluster, with
//! a time of its own. To write it anew:
//! `UPDATE_DOCS=1 cargo test -p eks-config-rules --test outputs docs`. The screenshot is taken by hand.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::run::{PARAMETERS, Run, directory, judge_demo, judge_demo_with, run};

/// The time in every example.
const TIME: &str = "2027-01-15T08:00:00.000Z";

/// The head of the page.
const HEAD: &str = r#"# Outputs

`judge --output FORM` says the same in every form; exit statuses are those of every other form. The examples are of the
violating cluster of the demo:

```sh
eks-config-rules demo --serve                # in another terminal, with the environment that this prints:
eks-config-rules judge --cluster violations --output FORM --parameters \
  'PARAMETERS'
```

| form | for | what it is |
|---|---|---|
| `table` | people | the default |
| `json` | programs | stable; the README has its keys |
| `sarif` | code scanning | SARIF 2.1.0: the reasons are its rules, a finding is a result under its worst reason, with file, line and column where manifests were judged |
| `junit` | test reports | a suite for each rule and cluster, a failure for each finding, a passed test for what complies |
| `ocsf` | security data lakes | OCSF 1.6.0, an array of compliance findings (class 2003, profile `cloud`) |
| `asff` | Security Hub | an array of findings for `aws securityhub batch-import-findings`, at most 100 a call; manifests and `--context` need `--account` and `--region` |
| `html` | auditors | one page that loads nothing, works without its script, prints, and follows the light or dark of its reader |

What could not be judged is an error in `junit`, a notification (with `executionSuccessful: false`) in `sarif`, of status
Unknown in `ocsf` and `NOT_AVAILABLE` in `asff`, and stands first in `html`: it is never a pass. Names from a cluster are
escaped for each form; characters that nobody sees or that a screen obeys become U+FFFD. Identities (`partialFingerprints`,
`finding_info.uid`, `Id`) are hashes of rule, cluster and subject, the same from run to run.

## Severities

A finding is as bad as the worst of its reasons.

| reasons | SARIF level (security-severity) | OCSF `severity_id` | ASFF label | HTML |
|---|---|---|---|---|
"#;

/// The reasons of each severity, as the product ranks them.
fn severities() -> String {
    let names = [
        ("error (9.5)", "5 Critical", "CRITICAL", "Critical"),
        ("error (8.0)", "4 High", "HIGH", "High"),
        ("warning (5.5)", "3 Medium", "MEDIUM", "Medium"),
        ("warning (3.0)", "2 Low", "LOW", "Low"),
    ];
    let mut text = String::new();
    for (severity, (sarif, ocsf, asff, html)) in (0..=3_u8).rev().zip(names) {
        let reasons = eks_rules::RuleName::ALL.into_iter().flat_map(|rule| eks_rules::reasons(rule).iter());
        let reasons: Vec<String> =
            reasons.filter(|reason| reason.severity() == severity).map(|reason| format!("`{reason:?}`")).collect();
        writeln!(text, "| {} | {sarif} | {ocsf} | {asff} | {html} |", reasons.join(", ")).unwrap();
    }
    text.push_str("| none: it complies | none | 1 Informational | INFORMATIONAL | |\n");
    text
}

/// Gives every time in a value the one of the examples.
fn fix_times(value: &mut Value) {
    let milliseconds = TIME.parse::<Timestamp>().unwrap().as_millisecond();
    match value {
        Value::Array(elements) => elements.iter_mut().for_each(fix_times),
        Value::Object(members) => {
            for (key, member) in members {
                match key.as_str() {
                    "time" | "created_time" => *member = json!(milliseconds),
                    "CreatedAt" | "UpdatedAt" => *member = json!(TIME),
                    _ => fix_times(member),
                }
            }
        }
        _ => {}
    }
}

/// An example as JSON.
fn example(text: &mut String, title: &str, value: &Value) {
    let mut value = value.clone();
    fix_times(&mut value);
    write!(text, "\n{title}\n\n```json\n{}\n```\n", serde_json::to_string_pretty(&value).unwrap()).unwrap();
}

/// The finding about the container of the Deployment that is called privileged.
fn privileged(findings: &Value) -> Value {
    let mut all = findings.as_array().unwrap().iter();
    all.find(|finding| finding.to_string().contains("Deployment/privileged")).unwrap().clone()
}

fn page() -> String {
    let mut text = HEAD.replace("PARAMETERS", PARAMETERS) + &severities();
    text.push_str("\n## sarif\n");
    let log = judge_demo("sarif", "violations").json();
    let results = &log["runs"][0]["results"];
    example(&mut text, "One of its results:", &privileged(results));
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    let rule = rules.iter().find(|rule| rule["id"] == "privEscalation/Privileged").unwrap();
    example(&mut text, "The rule that it names:", rule);
    let manifest =
        "apiVersion: v1\nkind: Pod\nmetadata: {name: shell}\nspec:\n  containers:\n  - name: app\n    image: nginx\n";
    let directory = directory("docs", &[("app/shell.yaml", manifest)]);
    let Run { stdout, .. } = run(&directory, &[], &["judge", "privEscalation", "-f", "app", "--output", "sarif"], "");
    let log: Value = serde_json::from_str(&stdout).unwrap();
    example(
        &mut text,
        "Where a result of manifests is (`judge -f app`):",
        &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"],
    );
    text.push_str("\n## junit\n\n```xml\n");
    let xml = judge_demo("junit", "violations").stdout;
    let suite = xml.split("    <testsuite ").find(|suite| suite.starts_with("name=\"trustedRegCheck")).unwrap();
    let failures = suite.split_inclusive("</testcase>\n").take(2).collect::<String>();
    write!(text, "    <testsuite {failures}        ...\n    </testsuite>\n```\n").unwrap();
    text.push_str("\n## ocsf\n");
    example(&mut text, "One of the findings:", &privileged(&judge_demo("ocsf", "violations").json()));
    let clean = judge_demo("ocsf", "clean").json();
    let passed = clean.as_array().unwrap().iter().find(|finding| finding["compliance"]["status_id"] == 1).unwrap();
    example(&mut text, "What a rule that complies says instead (of the cluster `clean`):", &passed["compliance"]);
    text.push_str("\n## asff\n");
    example(&mut text, "One of the findings:", &privileged(&judge_demo("asff", "violations").json()));
    text.push_str(
        "\n## html\n\n![The page of the violating cluster](violations.png)\n\n\
         With `trustedChartSources`, `failOnSeverity=HIGH` and `secretsInEnv=require` besides.\n",
    );
    text
}

/// A file of `docs/`.
fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name)
}

/// Asserts that a file of `docs/` is this page, which `UPDATE_DOCS=1` writes.
#[track_caller]
pub(crate) fn is_written(name: &str, page: &str) {
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(path(name), page).unwrap();
    }
    let written = fs::read_to_string(path(name)).unwrap_or_default();
    assert!(written == page, "docs/{name} is not what the commands print; see the head of this test");
}

#[test]
fn the_examples_are_what_the_command_prints() {
    is_written("outputs/README.md", &page());
}

/// The example in `docs/ecr-gates.md`: of the demo's violating cluster, without what the gates do not find.
fn gates() -> String {
    let parameters = r#"{"trustedRegistries": "ecr:self,public.ecr.aws,eks-addons", "excludedNamespaces": "kube-system,sandbox",
  "failOnSeverity": "HIGH", "requireImmutableTags": "true"}"#;
    let Run { stdout, stderr, .. } =
        judge_demo_with(&["trustedRegCheck", "--output", "json"], "violations", parameters);
    let said: Value = serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stderr}"));
    let finding = &said[0]["findings"][0];
    let shown = json!({
        "annotation": said[0]["annotation"], "notes": said[0]["notes"],
        "findings": [{"owner": finding["owner"], "reasons": finding["reasons"], "advice": finding["advice"]}],
    });
    let mut text = format!(
        "```sh\neks-config-rules demo --serve                # in another terminal, with the environment that this prints:\n\
         eks-config-rules judge trustedRegCheck --cluster violations --output json --parameters \\\n  '{parameters}'\n```\n"
    );
    example(&mut text, "The annotation, the notes and the first of the findings:", &shown);
    text
}

#[test]
fn the_example_of_the_gates_is_what_the_command_prints() {
    const HEADING: &str = "## An example\n\n";
    const END: &str = "\n## Why\n";
    let written = fs::read_to_string(path("ecr-gates.md")).unwrap();
    let (before, rest) = written.split_once(HEADING).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    is_written("ecr-gates.md", &format!("{before}{HEADING}{}{END}{after}", gates()));
}

#[test]
fn the_screenshot_is_there_and_small() {
    let screenshot = fs::read(path("outputs/violations.png")).unwrap();
    assert!(screenshot.starts_with(b"\x89PNG") && screenshot.len() < 200_000);
}
