use serde_json::json;

use crate::scene::{Directory, deployment};

fn with_manifest(name: &str) -> Directory {
    let directory = Directory::new(name);
    let spec = json!({"containers": [{"name": "app", "image": "a"}]});
    directory.write("manifests/app.json", &deployment(&spec).to_string());
    directory
}

#[track_caller]
fn refuses(directory: &Directory, arguments: &[&str], error: &str) {
    let run = directory.run(&[&["judge", "privEscalation"], arguments].concat());
    assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{run:#?}");
    assert_eq!(run.stderr.trim_end(), format!("error: {error}"));
}

#[test]
fn the_verdict_stays_on_standard_output_and_the_fix_goes_to_its_usual_file() {
    let directory = with_manifest("usual");
    let run = directory.run(&["judge", "privEscalation", "-f", "manifests", "--fix"]);
    assert_eq!(run.status, 1, "{run:#?}");
    assert!(run.stdout.contains("NON_COMPLIANT"));
    assert!(directory.read("eks-config-rules-fix.yaml").contains("kind: Deployment"));
    let note = "note: eks-config-rules-fix.yaml: 1 patch for workloads, 0 network policies, 0 things to do by hand; \
                nothing else was changed";
    assert!(run.stderr.lines().any(|line| line == note), "{run:#?}");
}

#[test]
fn a_file_that_is_there_is_written_over_only_where_that_is_asked_for() {
    let directory = with_manifest("there");
    directory.write("fix.yaml", "mine");
    let arguments = ["-f", "manifests", "--fix", "--fix-output", "fix.yaml"];
    let error = "--fix-output fix.yaml: there is such a file already; --fix-overwrite writes over it";
    refuses(&directory, &arguments, error);
    assert_eq!(directory.read("fix.yaml"), "mine");
    let run = directory.run(&[&["judge", "privEscalation", "--fix-overwrite"], &arguments[..]].concat());
    assert_eq!(run.status, 1, "{run:#?}");
    assert!(directory.read("fix.yaml").starts_with("# What would mend"));
}

#[test]
fn a_manifest_is_never_written_over() {
    let directory = with_manifest("manifest");
    let before = directory.read("manifests/app.json");
    let file = "manifests/../manifests/app.json";
    refuses(
        &directory,
        &["-f", "manifests/app.json", "--fix", "--fix-output", file, "--fix-overwrite"],
        &format!("--fix-output {file}: this is one of the manifests, which are never changed; name another file"),
    );
    assert_eq!(directory.read("manifests/app.json"), before);
}

#[test]
fn a_file_that_would_be_judged_next_time_is_refused() {
    let directory = with_manifest("inside");
    refuses(
        &directory,
        &["-f", ".", "--fix"],
        "--fix-output eks-config-rules-fix.yaml: -f names its directory, so that it would be judged as a manifest; name \
         a file elsewhere",
    );
    let run = directory.run(&["judge", "privEscalation", "-f", ".", "--fix", "--fix-output", "fix.txt"]);
    assert_eq!(run.status, 1, "{run:#?}");
}

#[test]
fn a_mirror_that_is_not_trusted_or_is_none_is_refused() {
    let directory = with_manifest("mirror-refused");
    let parameters = r#"{"trustedRegistries": "mirror.example/m"}"#;
    let run = |mirror: &str| {
        let arguments = ["judge", "trustedRegCheck", "-f", "manifests", "--fix", "--parameters", parameters];
        directory.run(&[&arguments[..], &["--fix-mirror", mirror]].concat())
    };
    let untrusted = run("mirror.example/other");
    assert_eq!((untrusted.status, untrusted.stdout.as_str()), (2, ""));
    let error = "error: --fix-mirror mirror.example/other: no entry of trustedRegistries trusts it\n";
    assert_eq!(untrusted.stderr, error);
    for wrong in ["mirror", "mirror.example/m:1", "https://mirror.example", "mirror.example/"] {
        assert_eq!(run(wrong).status, 2, "{wrong}");
    }
    assert!(!directory.has("eks-config-rules-fix.yaml"));
}

#[test]
fn where_nothing_is_found_nothing_is_written() {
    let directory = Directory::new("nothing");
    let clean =
        json!({"containers": [{"name": "app", "image": "a", "securityContext": {"allowPrivilegeEscalation": false}}]});
    directory.write("before.json", &deployment(&clean).to_string());
    let run = directory.fix("privEscalation", &json!({}), &[]);
    assert_eq!((run.status, directory.has("fix.yaml")), (0, false), "{run:#?}");
    assert!(run.stderr.contains("note: nothing to mend, so that no file was written"));
}
