//! What is made of the `imageID` of a running container.

use eks_rules::{Reason, Report};
use serde_json::{Value, json};

use crate::scene::{SHA, cluster, manifests, only, report_on, running};

fn parameters(image_id: &str) -> Value {
    json!({"trustedRegistries": "docker.io,gcr.io/proj", "imageId": image_id})
}

fn report(image_id_parameter: &str, image: &str, image_id: &str) -> Report {
    report_on(&parameters(image_id_parameter), &cluster(), &[running(image, image_id)])
}

const HEX: &str = "1a3f5e7d9c1b3a5f7e9d1c3b5a7f9e1d3c5b7a9f1e3d5d7c9b1a3f5e7d9c1b3a";

/// The forms in which runtimes name a repository: containerd and CRI-O, Docker.
fn names(repository: &str) -> [String; 2] {
    [format!("{repository}@{SHA}"), format!("docker-pullable://{repository}@{SHA}")]
}

/// The forms in which they name none.
fn nameless() -> [String; 6] {
    [
        SHA.to_owned(),
        format!("docker://{SHA}"),
        HEX.to_owned(),
        format!("docker://{HEX}"),
        String::new(),
        "docker://".to_owned(),
    ]
}

#[test]
fn a_trusted_running_image_is_nothing_to_speak_of() {
    for parameter in ["", "report", "require", "ignore"] {
        for name in ["docker.io/library/nginx", "nginx", "gcr.io/proj/app", "GCR.io:443/proj/app"].map(names).concat() {
            let report = report(parameter, "nginx:1", &name);
            assert_eq!((report.findings.len(), report.notes.len()), (0, 0), "{name} {parameter}");
        }
    }
}

#[test]
fn an_untrusted_running_image_is_a_note_by_default() {
    for parameter in ["", "report"] {
        for name in names("quay.io/evil/x") {
            let report = report(parameter, "nginx", &name);
            assert_eq!(report.findings, []);
            assert_eq!(
                report.notes,
                ["1 container runs an untrusted image under a trusted reference: shop/Pod/web-0[app] quay.io/evil/x"]
            );
        }
    }
}

#[test]
fn an_untrusted_running_image_is_a_finding_where_that_is_required() {
    for name in names("quay.io/evil/x") {
        let report = report("require", "nginx", &name);
        let finding = only(&report);
        assert_eq!(finding.reasons, [Reason::RunningImageUntrusted]);
        assert_eq!(finding.image.as_deref(), Some("nginx"));
        assert_eq!(
            finding.advice,
            "Look up where the running image comes from (imageID in the pod's status), remove it from the node and \
             start the pod anew."
        );
        assert!(report.annotation.starts_with("1 of 1 image not trusted, in 1 subject: "), "{}", report.annotation);
    }
}

#[test]
fn the_running_image_is_ignored_where_that_is_asked() {
    for name in names("quay.io/evil/x").into_iter().chain(nameless()) {
        let report = report("ignore", "nginx", &name);
        assert_eq!((report.findings.len(), report.notes.len()), (0, 0), "{name}");
    }
}

#[test]
fn an_image_id_that_names_no_repository_is_counted_and_never_a_finding() {
    for parameter in ["report", "require"] {
        for name in nameless() {
            let report = report(parameter, "nginx", &name);
            assert_eq!(report.findings, [], "{name}");
            let note = match name.as_str() {
                "" => "1 container reports no running image",
                _ => "1 running image names no repository",
            };
            assert_eq!(report.notes, [note], "{name}");
        }
    }
}

#[test]
fn a_container_without_a_status_tells_no_running_image() {
    let pods = [running("nginx", SHA), crate::scene::pod("nginx")];
    let report = report_on(&parameters("require"), &cluster(), &pods);
    assert_eq!(report.notes, ["1 running image names no repository", "1 container reports no running image"]);
}

#[test]
fn the_running_image_of_an_untrusted_reference_adds_nothing() {
    for parameter in ["report", "require"] {
        let report = report(parameter, "quay.io/evil/x", &names("quay.io/evil/x")[0]);
        assert_eq!(only(&report).reasons, [Reason::Untrusted]);
        assert_eq!(report.notes, [""; 0]);
    }
}

#[test]
fn a_running_image_and_a_missing_digest_are_both_told() {
    let mut parameters = parameters("require");
    parameters["requireDigest"] = json!("true");
    let report = report_on(&parameters, &cluster(), &[running("nginx", &names("quay.io/evil/x")[0])]);
    assert_eq!(only(&report).reasons, [Reason::NotPinned, Reason::RunningImageUntrusted]);
}

#[test]
fn every_list_of_containers_has_its_own_statuses() {
    let pod = json!({
        "metadata": {"name": "web-0", "namespace": "shop"},
        "spec": {
            "initContainers": [{"name": "init", "image": "nginx"}],
            "containers": [{"name": "app", "image": "nginx"}],
            "ephemeralContainers": [{"name": "debug", "image": "nginx"}],
        },
        "status": {
            "phase": "Running",
            "initContainerStatuses": [{"name": "init", "imageID": names("quay.io/a")[0]}],
            "containerStatuses": [{"name": "app", "imageID": names("quay.io/b")[0]}],
            "ephemeralContainerStatuses": [{"name": "debug", "imageID": names("quay.io/c")[0]}],
        },
    });
    let required = report_on(&parameters("require"), &cluster(), std::slice::from_ref(&pod));
    assert_eq!(required.findings.len(), 3);
    let reported = report_on(&parameters("report"), &cluster(), &[pod]);
    assert_eq!(
        reported.notes,
        ["3 containers run an untrusted image under a trusted reference: shop/Pod/web-0[app] quay.io/b"],
        "the first subject in order is the example"
    );
}

#[test]
fn manifests_run_nothing_and_nothing_is_said_of_it() {
    for parameter in ["report", "require"] {
        let report = report_on(&parameters(parameter), &manifests(), &[crate::scene::pod("nginx")]);
        assert_eq!((report.findings.len(), report.notes.len()), (0, 0));
    }
}

#[test]
fn a_word_that_is_none_of_the_three_is_an_error() {
    let error = crate::scene::configuration(&parameters("warn")).unwrap_err();
    assert_eq!(error.to_string(), r#"rule parameter imageId: given "warn"; allowed: report, require, ignore"#);
}
