use std::fmt::Write as _;
use std::io::Write;
use std::process::{Command, Stdio};

use crate::run::Directory;

/// A Deployment of about 500 bytes that complies, as YAML.
fn deployment(number: usize) -> String {
    let mut text = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: api-{number}\n  namespace: team-{}\nspec:\n  template:\n    spec:\n      \
         containers:\n      - name: app\n        image: docker.io/library/nginx:1\n        securityContext:\n          \
         allowPrivilegeEscalation: false\n        env:\n",
        number % 20
    );
    for variable in 0..4 {
        writeln!(text, "        - name: VARIABLE_{variable}\n          value: \"{number}\"").unwrap();
    }
    text
}

/// Judges a file and asserts that it holds so many pods and needs at most so much more memory than one document, in KiB.
#[track_caller]
fn judges_within(directory: &Directory, file: &str, pods: usize, kibibytes: u64) {
    let text = std::fs::read(directory.path().join(file)).unwrap();
    let (peak, verdicts) = judged(&text);
    assert_eq!(verdicts[0]["counts"]["pods"], pods);
    assert_eq!(verdicts[0]["complianceType"], "COMPLIANT");
    // Blank lines, more than a pipe holds, show that it runs and reads.
    let (least, _) = judged(("\n".repeat(1024 * 1024) + &deployment(0)).as_bytes());
    let more = peak.saturating_sub(least);
    assert!(more <= kibibytes, "{more} KiB for {} KiB of {file}", text.len() / 1024);
}

/// The peak of the memory in KiB, and what is said.
fn judged(text: &[u8]) -> (u64, serde_json::Value) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_eks-config-rules"))
        .args(["judge", "privEscalation", "-f", "-", "--output", "json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    // The last bytes are held back, so that the peak can be asked for while the process waits for them.
    let (most, last) = text.split_at(text.len() - 1);
    pipe.write_all(most).unwrap();
    let peak = peak(child.id());
    pipe.write_all(last).unwrap();
    drop(pipe);
    let output = child.wait_with_output().unwrap();
    (peak, serde_json::from_slice(&output.stdout).unwrap())
}

/// The largest resident set of a process so far, in KiB.
fn peak(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().trim().parse().unwrap()
}

const DOCUMENTS: usize = 10_000;

#[test]
fn ten_thousand_yaml_documents_are_judged_in_bounded_memory() {
    let directory = Directory::new("ten_thousand_yaml_documents_are_judged_in_bounded_memory");
    let text: String = (0..DOCUMENTS).map(|number| deployment(number) + "---\n").collect();
    directory.write("many.yaml", text);
    judges_within(&directory, "many.yaml", DOCUMENTS, 20 * 1024);
}

#[test]
fn a_yaml_list_of_ten_thousand_items_is_judged_in_bounded_memory() {
    let directory = Directory::new("a_yaml_list_of_ten_thousand_items_is_judged_in_bounded_memory");
    let mut text = "apiVersion: v1\nitems:\n".to_owned();
    for number in 0..DOCUMENTS {
        let item = deployment(number)
            .replace("  name: api", &format!("  annotations: {{note: {}}}\n  name: api", "x".repeat(2000)));
        for (index, line) in item.lines().enumerate() {
            writeln!(text, "{} {line}", if index == 0 { "-" } else { " " }).unwrap();
        }
    }
    text.push_str("kind: List\n");
    directory.write("list.yaml", text);
    judges_within(&directory, "list.yaml", DOCUMENTS, 12 * 1024);
}

#[test]
fn a_json_list_of_ten_thousand_items_is_judged_in_bounded_memory() {
    let directory = Directory::new("a_json_list_of_ten_thousand_items_is_judged_in_bounded_memory");
    let item = |number: usize| {
        let variables: Vec<_> =
            (0..4).map(|variable| serde_json::json!({"name": format!("VARIABLE_{variable}"), "value": "x"})).collect();
        let container = serde_json::json!({"name": "app", "env": variables, "securityContext": {"allowPrivilegeEscalation": false}});
        serde_json::json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": format!("api-{number}"), "annotations": {"note": "x".repeat(2000)}},
            "spec": {"template": {"spec": {"containers": [container]}}}
        })
    };
    let items: Vec<String> = (0..DOCUMENTS).map(|number| item(number).to_string()).collect();
    directory.write("list.json", format!(r#"{{"apiVersion": "v1", "items": [{}], "kind": "List"}}"#, items.join(",")));
    judges_within(&directory, "list.json", DOCUMENTS, 12 * 1024);
}

#[test]
fn a_mistake_in_a_long_document_is_told_with_its_line() {
    let directory = Directory::new("a_mistake_in_a_long_document_is_told_with_its_line");
    let mut text = "apiVersion: v1\nkind: Pod\nmetadata: {name: first}\n---\napiVersion: v1\nitems:\n".to_owned();
    for number in 0..DOCUMENTS {
        for (index, line) in deployment(number).lines().enumerate() {
            writeln!(text, "{} {line}", if index == 0 { "-" } else { " " }).unwrap();
        }
    }
    let line = text.lines().count() + 1;
    text.push_str("kind: [\n---\na: 1\n");
    directory.write("list.yaml", text);
    let run = directory.judge(&["list.yaml"]);
    assert_eq!(run.status, 2);
    let lines: Vec<&str> = run.stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{run:#?}");
    assert!(
        lines[0].starts_with("error: list.yaml: document 2 (from line 4): not YAML that can be read: "),
        "{run:#?}"
    );
    assert!(
        lines[0].contains(&format!("line {line}")) || lines[0].contains(&format!("line {}", line + 1)),
        "{line}: {run:#?}"
    );
    assert!(
        lines[1].starts_with(&format!("error: list.yaml: document 3 (from line {}): no kind", line + 1)),
        "{run:#?}"
    );
}

#[test]
fn mistakes_in_many_documents_are_told_in_their_order() {
    let directory = Directory::new("mistakes_in_many_documents_are_told_in_their_order");
    let mut text = String::new();
    for number in 1..=3_000 {
        if number % 300 == 0 {
            text.push_str("---\na: 1\n");
        } else {
            write!(text, "---\n{}", deployment(number)).unwrap();
        }
    }
    directory.write("many.yaml", text);
    let run = directory.judge(&["many.yaml"]);
    let numbers: Vec<u32> = run
        .stderr
        .lines()
        .map(|line| {
            line.strip_prefix("error: many.yaml: document ").unwrap().split(' ').next().unwrap().parse().unwrap()
        })
        .collect();
    assert_eq!(numbers, (1..=10).map(|number| number * 300).collect::<Vec<_>>(), "{run:#?}");
}
