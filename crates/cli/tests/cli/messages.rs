use eks_rules::UniqueValue;
use serde_json::Value;

use crate::run::{Directory, judge, run, run_in, subjects, workload};

#[test]
fn every_object_that_does_not_decode_is_named_with_file_document_and_field() {
    let directory = Directory::new("every_object_that_does_not_decode_is_named_with_file_document_and_field");
    let good = workload("apps/v1", "Deployment", "good");
    let privileged = good.replace("allowPrivilegeEscalation: true", "privileged: 'true'");
    directory.write(
        "a.yaml",
        format!("{good}---\n{privileged}---\n{}", good.replace("image: docker.io/library/nginx:1", "image: 1.25")),
    );
    directory.write(
        "b.json",
        r#"{"apiVersion": "v1", "kind": "List", "items": [
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "ok", "namespace": "web"}, "spec": {"containers": [{"name": "a"}]}},
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "bad", "namespace": "web"}, "spec": {"containers": {"name": "a"}}}]}"#,
    );
    directory.judge(&["a.yaml", "b.json"]).refuses(&[
        "a.yaml: document 2 (from line 13): Deployment default/good: spec.template.spec.containers[0].securityContext.privileged: \
         invalid type: string \"true\", expected a boolean",
        "a.yaml: document 3 (from line 26): Deployment default/good: spec.template.spec.containers[0].image: \
         invalid type: floating point `1.25`, expected a string",
        "b.json: document 1, item 2: Pod web/bad: spec.containers: invalid type: map, expected a sequence",
    ]);
}

#[test]
fn a_number_or_boolean_where_a_string_is_wanted_is_an_error_as_it_is_to_kubernetes() {
    for (text, cause) in
        [("version: 1.0", "floating point `1.0`"), ("version: 3", "integer `3`"), ("version: yes", "boolean `true`")]
    {
        let manifest = workload("v1", "Pod", "p").replace("  name: p", &format!("  name: p\n  labels: {{{text}}}"));
        judge(&manifest).refuses(&[&format!(
            "standard input: document 1 (from line 1): Pod default/p: metadata.labels.version: invalid type: {cause}, expected a string"
        )]);
    }
}

#[test]
fn duplicate_keys_are_errors_in_yaml() {
    let manifest = workload("apps/v1", "Deployment", "api") + "          allowPrivilegeEscalation: false\n";
    let run = judge(&manifest);
    assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{run:#?}");
    assert!(run.stderr.contains("duplicate mapping key: allowPrivilegeEscalation"), "{run:#?}");
    assert!(run.stderr.contains("line 13"), "{run:#?}");
    for key in ["kind: Deployment", "apiVersion: apps/v1"] {
        let run = judge(&format!("{}{key}\n", workload("apps/v1", "Deployment", "api")));
        assert_eq!(run.status, 2, "{key}: {run:#?}");
    }
    let run = judge("apiVersion: v1\nkind: List\nitems: []\nitems: []\n");
    assert_eq!(run.status, 2, "{run:#?}");
}

#[test]
fn duplicate_keys_are_errors_in_json() {
    judge(r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "name": "b"}}"#)
        .refuses(&[r#"standard input: document 1: not JSON: duplicate key "name" at line 1 column 68"#]);
    judge(r#"{"apiVersion": "v1", "kind": "List", "items": [], "items": []}"#)
        .refuses(&[r#"standard input: document 1: not JSON: duplicate key "items" at line 1 column 57"#]);
}

#[test]
fn a_document_without_a_kind_is_an_error() {
    judge("replicaCount: 2\nimage: {tag: x}\n").refuses(&[
        "standard input: document 1 (from line 1): no kind: this is not a Kubernetes object (its keys: image, replicaCount)",
    ]);
    judge("kind: Pod\nmetadata: {name: a}\n")
        .refuses(&["standard input: document 1 (from line 1): Pod without apiVersion"]);
    judge("kind: 5\n").refuses(&["standard input: document 1 (from line 1): kind: 5, not a string"]);
    judge("just text\n").refuses(&[
        "standard input: document 1 (from line 1): not YAML that can be read: invalid type: string \"just text\", expected a Kubernetes \
         object, with apiVersion and kind",
    ]);
}

#[test]
fn an_object_without_a_name_is_an_error() {
    judge("apiVersion: v1\nkind: Pod\nspec: {}\n")
        .refuses(&["standard input: document 1 (from line 1): Pod without metadata"]);
    judge("apiVersion: v1\nkind: Namespace\nmetadata: {labels: {}}\n")
        .refuses(&["standard input: document 1 (from line 1): Namespace without metadata.name"]);
}

#[test]
fn a_mistake_in_one_document_does_not_hide_those_after_it() {
    let run = judge("# a comment\n---\na: [\n---\n\n---\nb: 'x\n---\nkind: x\n  y: z\n");
    assert_eq!(run.status, 2);
    let places: Vec<&str> = run.stderr.lines().map(|line| line.split(": not YAML").next().unwrap()).collect();
    assert_eq!(
        places,
        [
            "error: standard input: document 1 (from line 1)",
            "error: standard input: document 3 (from line 6)",
            "error: standard input: document 4 (from line 8)"
        ],
        "{run:#?}"
    );
    assert!(run.stderr.contains("line 10"), "the line is the file's: {run:#?}");
}

#[test]
fn a_helm_template_is_called_one() {
    let directory = Directory::new("a_helm_template_is_called_one");
    let good = workload("apps/v1", "Deployment", "good");
    directory.write("t.yaml", format!("{good}---\n{}", good.replace("name: good", "name: {{ .Release.Name }}")));
    directory.write("u.yaml", "{{- if .Values.enabled }}\napiVersion: v1\n{{- end }}\n");
    let run = directory.judge(&["t.yaml", "u.yaml"]);
    assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{run:#?}");
    let lines: Vec<&str> = run.stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{run:#?}");
    assert!(lines[0].starts_with("error: t.yaml: document 2 (from line 13): not YAML that can be read: "), "{run:#?}");
    assert!(lines[0].contains(" at line 17, column "), "{run:#?}");
    assert!(lines[1].starts_with("error: u.yaml: document 1 (from line 1): not YAML that can be read: "), "{run:#?}");
    for line in lines {
        assert!(
            line.ends_with("There is {{ in it: judge what `helm template` makes of a chart, not its templates"),
            "{line}"
        );
    }
}

#[test]
fn errors_without_end_are_counted() {
    let run = judge(&"a: 1\n---\n".repeat(60));
    assert_eq!(run.status, 2);
    assert_eq!(run.stderr.lines().count(), 51);
    assert!(run.stderr.ends_with("error: and 10 more like these\n"), "{run:#?}");
}

#[test]
fn what_is_not_there_or_holds_nothing_is_an_error() {
    let directory = Directory::new("what_is_not_there_or_holds_nothing_is_an_error");
    directory
        .write("empty/README.md", "nothing")
        .write("blank.yaml", " \n\n")
        .write("comment.yaml", "# nothing\n---\n");
    directory.judge(&["none.yaml", "empty"]).refuses(&[
        "none.yaml: cannot read: No such file or directory (os error 2)",
        "empty: no .yaml, .yml or .json file in this directory",
    ]);
    for file in ["blank.yaml", "comment.yaml"] {
        directory.judge(&[file]).refuses(&["nothing to judge: no Kubernetes object in what -f names"]);
    }
    judge("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
        .refuses(&["nothing to judge: no object of a kind that a rule reads, only ConfigMap 1"]);
}

#[test]
fn text_of_another_encoding_is_refused() {
    let directory = Directory::new("text_of_another_encoding_is_refused");
    let utf16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain("kind: Pod".encode_utf16().flat_map(u16::to_le_bytes)).collect();
    directory.write("powershell.yaml", utf16);
    directory.write("latin1.yaml", b"---\nkind: Pod\n# caf\xe9\n");
    directory.judge(&["latin1.yaml", "powershell.yaml"]).refuses(&[
        "latin1.yaml: document 1 (from line 1): not UTF-8, on line 3",
        "powershell.yaml: this is UTF-16, as PowerShell's > writes it: save it as UTF-8",
    ]);
}

#[test]
fn json_that_ends_early_is_an_error() {
    judge(r#"{"apiVersion": "v1", "kind": "Pod""#)
        .refuses(&["standard input: document 1: not JSON: EOF while parsing an object at line 1 column 34"]);
}

/// serde_json's own words and place, though no more than a value at a time is read by it.
#[test]
fn a_mistake_in_json_is_told_as_its_parser_tells_it() {
    let texts = [
        r#"{"a" 1}"#,
        r#"{"a": 1 "b": 2}"#,
        r#"{"a": 1,}"#,
        r#"{, "a": 1}"#,
        r#"{1: 2}"#,
        r#"{"a": tru}"#,
        r#"{"a": 01}"#,
        r#"{"a": 1x}"#,
        r#"{"a": 2026-11-24}"#,
        r#"{"a": nullx}"#,
        r#"[1x]"#,
        r#"{"a": 1.}"#,
        r#"{"a": "\q"}"#,
        "{\"a\": \"tab\tin it\"}",
        "{\n  \"a\": 1,\n  \"b\": [1, 2,, 3]\n}",
        "{\n  \"a\": 1\n  \"b\": 2\n}",
        "{\n\n  \"a\": {\n    \"b\": nul\n  }\n}",
        "{\n  \"kind\": \"List\",\n  \"items\": [\n    {\"a\": 1},\n    {\"a\": 1, \"a\": 2}\n  ]\n}",
        "{\n  \"items\": [\n    {\"a\": 1}\n    {\"a\": 1}\n  ]\n}",
        "{\n  \"items\": [\n    {\"a\": 1},\n  ]\n}",
        "{\n  \"items\": [\n    {\"a\": 1},\n    {\"a\": ]}\n  ]\n}",
        "{\n  \"items\": [{}],\n  \"items\": []\n}",
        "[\n  {\"a\": 1},\n  {\"a\": 1, \"b\"}\n]",
        "[\n  {\"a\": 1}",
        "{\"a\": 1,",
        "{\"a\":",
        "{\"a\"",
        "{",
        "[",
        "[1,",
        "{\"a\": [[1, 2]",
    ];
    for text in texts {
        let error = serde_json::from_str::<UniqueValue>(text).unwrap_err();
        let run = judge(text);
        assert_eq!(run.status, 2, "{text}: {run:#?}");
        assert!(run.stderr.ends_with(&format!("standard input: document 1: not JSON: {error}\n")), "{text}: {run:#?}");
    }
}

/// What is read at a time is shorter than the file, the item, the string and the number that it ends in.
#[test]
fn json_of_any_length_is_read_to_its_end() {
    let pod = |name: &str, note: &str| {
        format!(
            r#"{{"apiVersion": "v1", "kind": "Pod", "metadata": {{"name": "{name}", "annotations": {{"note": "{note}"}}}}, "spec": {{"containers": [{{"name": "a"}}]}}}}"#
        )
    };
    let long = pod("long", &"\\\"x".repeat(300_000));
    let blank = " \n".repeat(400_000);
    let list = format!(r#"{{"apiVersion": "v1", "kind": "List", "items": [{long},{blank}{}]}}"#, pod("after", ""));
    assert_eq!(subjects(&judge(&list)), ["default/Pod/after[a] 1", "default/Pod/long[a] 1"]);
    let error = serde_json::from_str::<UniqueValue>(&list.replace("after\"", "after\" 1")).unwrap_err();
    judge(&list.replace("after\"", "after\" 1")).refuses(&[&format!("standard input: document 1: not JSON: {error}")]);
    for number in ["1234567890", "-1", "-10.25", "1.5e7", "1.5e-7", "0.125"] {
        let told = serde_json::from_str::<Value>(number).unwrap();
        for cut in 1..number.len() {
            let list = format!("[{}{number}]", " ".repeat(256 * 1024 - 1 - cut));
            judge(&list).refuses(&[&format!("standard input: document 1, item 1: not a Kubernetes object: {told}")]);
        }
    }
}

/// Keys that objects have at length and no rule reads are left out, and the keys of labels are anybody's.
#[test]
fn labels_may_have_the_names_of_what_is_not_read() {
    for key in
        ["affinity", "conditions", "lifecycle", "managedFields", "resources", "spec", "tolerations", "volumeMounts"]
    {
        let objects = |pod: &str, policy: &str| {
            format!(
                r#"{{"apiVersion": "v1", "kind": "List", "items": [
                    {{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {{"name": "p", "namespace": "shop"}},
                     "spec": {{"podSelector": {{"matchLabels": {{"{key}": "{policy}"}}}}, "policyTypes": ["Ingress"]}}}},
                    {{"apiVersion": "v1", "kind": "Pod", "metadata": {{"name": "a", "namespace": "shop", "labels": {{"{key}": "{pod}"}}}},
                     "spec": {{"containers": [{{"name": "a"}}]}}}}]}}"#
            )
        };
        for (pod, policy, status) in [("spot", "spot", 0), ("spot", "other", 1)] {
            let json = objects(pod, policy);
            let yaml = serde_saphyr::to_string(&serde_json::from_str::<Value>(&json).unwrap()).unwrap();
            for text in [json, yaml] {
                let parameters = r#"{"requires": "covered"}"#;
                let run = run(&["judge", "netPolCheck", "-f", "-", "--parameters", parameters], &text);
                assert_eq!(run.status, status, "{key} {pod} {policy}: {run:#?}");
            }
        }
        let selects_all = objects("spot", "spot");
        let run = run(
            &["judge", "netPolCheck", "-f", "-", "--parameters", r#"{"requires": "default-deny-ingress"}"#],
            &selects_all,
        );
        assert_eq!(run.status, 1, "{key}: the policy is not for every pod: {run:#?}");
    }
}

/// What is left out makes no difference to any verdict, wherever it stands.
#[test]
fn what_no_rule_reads_makes_no_difference() {
    let plain = r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"initContainers": [{"name": "i",
        "securityContext": {"privileged": true}}], "containers": [{"name": "a"}]}, "status": {"phase": "Running"}}"#;
    let full = plain
        .replace(r#""name": "a"}, "spec""#, r#""name": "a", "managedFields": [{"securityContext": {}}]}, "spec""#)
        .replace(r#""spec": {"#, r#""spec": {"tolerations": [{"containers": []}], "affinity": {"phase": "Failed"}, "#)
        .replace(r#"{"name": "i","#, r#"{"name": "i", "resources": {"securityContext": 1}, "volumeMounts": 7,"#)
        .replace(r#""status": {"#, r#""status": {"conditions": [{"phase": "Failed"}], "#);
    let yaml = serde_saphyr::to_string(&serde_json::from_str::<Value>(&full).unwrap()).unwrap();
    let told = judge(plain).stdout;
    assert!(told.contains("Privileged"), "{told}");
    assert_eq!((judge(&full).stdout, judge(&yaml).stdout), (told.clone(), told));
}

#[test]
fn items_that_are_no_sequence_are_an_error() {
    for items in ["5", "\"x\"", "true"] {
        let list = format!(r#"{{"apiVersion": "v1", "kind": "PodList", "metadata": {{}}, "items": {items}}}"#);
        let told = "standard input: document 1: not JSON: expected a sequence of items at line 1 column 66";
        judge(&list).refuses(&[told]);
    }
}

#[test]
fn a_list_whose_kind_comes_last_and_is_no_list_is_an_error() {
    judge("apiVersion: v1\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: a}}\nkind: ConfigMap\n").refuses(&[
        "standard input: document 1 (from line 1): kind ConfigMap has `items` before its kind, as only a List may have",
    ]);
    judge("apiVersion: v1\nkind: List\n").refuses(&["standard input: document 1 (from line 1): List without items"]);
}

#[test]
fn an_alias_bomb_is_refused() {
    let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 1..12 {
        let before = level - 1;
        let aliases = vec![format!("*a{before}"); 10].join(",");
        bomb.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    let run = judge(&bomb);
    assert_eq!((run.status, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.contains("budget breached: RecordedAnchorEvents"), "{run:#?}");
}

#[test]
fn a_document_that_is_nested_too_deeply_is_refused() {
    for text in
        [format!("a: {}{}", "[".repeat(100_000), "]".repeat(100_000)), "[".repeat(100_000), "- ".repeat(100_000)]
    {
        let run = judge(&text);
        assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{}", run.stderr);
    }
}

#[test]
fn nothing_is_judged_where_one_object_cannot_be_read() {
    let run = run_in(
        std::path::Path::new("."),
        &["judge", "-f", "-"],
        format!("{}---\na: 1\n", workload("apps/v1", "Deployment", "api")).as_bytes(),
    );
    assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{run:#?}");
}

#[test]
fn what_could_command_a_terminal_is_not_printed_by_the_table() {
    let manifest = workload("apps/v1", "Deployment", "api").replace("- name: app", "- name: \"a\\e[31mpp\"");
    let run = run(&["judge", "privEscalation", "-f", "-"], &manifest);
    assert_eq!(run.status, 1, "{run:#?}");
    assert!(!run.stdout.contains('\u{1b}'), "{run:#?}");
}
