use std::io::Read;
use std::process::{Command, Stdio};

use crate::run::{Directory, judge, run, workload};

const CLEAN: &str = r"
apiVersion: v1
kind: Pod
metadata: {name: clean}
spec:
  containers:
  - {name: app, image: nginx, securityContext: {allowPrivilegeEscalation: false}}
";

#[test]
fn a_compliant_manifest_ends_with_0() {
    let run = judge(CLEAN);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{run:#?}");
}

#[test]
fn a_manifest_that_does_not_comply_ends_with_1() {
    let run = judge(&workload("apps/v1", "Deployment", "api"));
    assert_eq!((run.status, run.stderr.as_str()), (1, ""), "{run:#?}");
}

#[test]
fn one_rule_of_several_that_does_not_comply_ends_with_1() {
    let run = run(&["judge", "privEscalation", "netPolCheck", "-f", "-", "--output", "json"], CLEAN);
    assert_eq!(run.status, 1, "{run:#?}");
    let verdicts = run.json();
    assert_eq!(verdicts[0]["rule"], "netPolCheck");
    assert_eq!(verdicts[0]["complianceType"], "NON_COMPLIANT");
    assert_eq!(verdicts[1]["rule"], "privEscalation");
    assert_eq!(verdicts[1]["complianceType"], "COMPLIANT");
}

#[test]
fn wrong_arguments_end_with_2() {
    for arguments in [
        &["judge"][..],
        &["judge", "privEscalation"],
        &["judge", "noSuchRule", "-f", "-"],
        &["judge", "-f", "-", "--context", "staging"],
        &["judge", "--cluster", "prod", "--context", "staging"],
        &["judge", "-f", "-", "--output", "pdf"],
        &["judge", "-f", "-", "--account", "12"],
        &["judge", "-f", "-", "--role-arn", "arn:aws:iam::111122223333:role/auditor"],
        &["judge", "-f", "-", "--kubeconfig", "config"],
        &["judge", "-f", "-", "--no-such-option"],
        &["invoke", "privEscalation"],
        &["doctor"],
        &["doctor", "--cluster", "prod", "--context", "staging"],
        &["doctor", "-f", "-"],
        &["doctor", "--context", "staging", "--role-arn", "arn:aws:iam::111122223333:role/auditor"],
        &["doctor", "--cluster", "prod", "--output", "html"],
        &["no-such-command"],
        &[],
    ] {
        let run = run(arguments, CLEAN);
        assert_eq!((run.status, run.stdout.as_str()), (2, ""), "{arguments:?}: {run:#?}");
        assert!(run.stderr.contains("Usage:") || run.stderr.contains("--help"), "{arguments:?}: {run:#?}");
    }
}

#[test]
fn every_form_of_output_leaves_the_exit_status_as_it_is() {
    for form in ["table", "json", "sarif", "junit", "ocsf", "asff", "html"] {
        let place = ["--account", "111122223333", "--region", "eu-west-1"];
        for (manifest, status) in [(CLEAN, 0), (&workload("apps/v1", "Deployment", "api"), 1)] {
            let run = run(&[&["judge", "privEscalation", "-f", "-", "--output", form], &place[..]].concat(), manifest);
            assert_eq!((run.status, run.stderr.as_str()), (status, ""), "{form}: {run:#?}");
            assert!(run.stdout.ends_with('\n'), "{form}");
        }
    }
}

#[test]
fn help_teaches_the_exit_statuses_an_example_and_the_shape_of_a_parameter() {
    let general = run(&["--help"], "");
    assert_eq!((general.status, general.stderr.as_str()), (0, ""));
    let judge = run(&["judge", "--help"], "");
    for words in [
        "Exit status: 0 COMPLIANT, 1 NON_COMPLIANT, 2 wrong use, 3 something could not be judged.",
        "kubectl get all,networkpolicies -A -o yaml | eks-config-rules judge -f -",
        r#"--parameters '{"excludedNamespaces": "kube-system,team-*", "reading": "restricted"}'"#,
        "netPolCheck, privEscalation, trustedRegCheck",
    ] {
        assert!(judge.stdout.contains(words), "{words}: {}", judge.stdout);
    }
    assert!(general.stdout.contains("3  some rule or cluster could not be judged"), "{}", general.stdout);
    let doctor = run(&["doctor", "--help"], "");
    assert!(doctor.stdout.contains("Exit status: 0 every step works, 2 wrong use, 3 some step does not."));
}

#[test]
fn doctor_refuses_parameters_and_contexts_that_cannot_be_used_before_it_examines_anything() {
    run(&["doctor", "trustedRegCheck", "--cluster", "prod", "--parameters", r#"{"trustedRegistries": "busybox"}"#], "")
        .refuses_with(&["trustedRegistries", "docker.io/library/busybox"]);
    run(&["doctor", "privEscalation", "--cluster", "prod", "--parameters", r#"{"nope": "ssm:/x"}"#], "")
        .refuses_with(&["nope"]);
    run(&["doctor", "--context", "staging", "--kubeconfig", "no-such-file"], "")
        .refuses_with(&["staging", "no-such-file"]);
}

#[test]
fn every_shell_gets_a_completion_script_that_knows_the_rules() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let run = run(&["completions", shell], "");
        assert_eq!(run.status, 0, "{shell}");
        assert!(run.stdout.contains("judge"), "{shell}");
        assert!(!["bash", "zsh"].contains(&shell) || run.stdout.contains("trustedRegCheck"), "{shell}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    let directory = Directory::new("a_reader_that_goes_away_is_no_panic");
    let many: Vec<String> = (0..2000).map(|i| workload("apps/v1", "Deployment", &format!("api-{i}"))).collect();
    directory.write("many.yaml", many.join("---\n"));
    for form in ["json", "table", "html", "sarif"] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_eks-config-rules"))
            .args(["judge", "privEscalation", "-f", "many.yaml", "--output", form])
            .current_dir(directory.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = [0; 1];
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut first).unwrap();
        drop(stdout);
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "{form}");
        assert_eq!(output.status.code(), Some(1), "{form}: the verdict stands");
    }
}

#[test]
fn no_progress_is_shown_where_standard_error_is_no_terminal() {
    assert_eq!(judge(CLEAN).stderr, "");
}
