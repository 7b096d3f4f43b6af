use serde_json::{Value, json};

use crate::scene::{Directory, comments, deployment, documents};

fn patch_of(name: &str, spec: &Value, reading: &str) -> Value {
    let directory = Directory::new(name);
    directory.write("before.json", &deployment(spec).to_string());
    let run = directory.fix("privEscalation", &json!({"reading": reading}), &[]);
    assert_eq!(run.status, 1, "{run:#?}");
    let documents = documents(&directory.read("fix.yaml"));
    assert_eq!(documents.len(), 1, "{documents:#?}");
    documents[0].clone()
}

#[test]
fn a_patch_has_exactly_the_containers_that_were_found_and_the_fields_that_mend_them() {
    let spec = json!({
        "initContainers": [{"name": "migrate", "image": "m", "securityContext": {"privileged": true}}],
        "containers": [
            {"name": "app", "image": "a"},
            {"name": "clean", "image": "c", "securityContext": {"allowPrivilegeEscalation": false}},
            {"name": "mounter", "image": "x", "securityContext": {
                "allowPrivilegeEscalation": false, "capabilities": {"add": ["NET_ADMIN", "cap_sys_admin", "ALL"], "drop": ["KILL"]}
            }},
        ]
    });
    let expected = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api", "namespace": "shop"},
        "spec": {"template": {"spec": {
            "initContainers": [{"name": "migrate", "securityContext": {"allowPrivilegeEscalation": false, "privileged": false}}],
            "containers": [
                {"name": "app", "securityContext": {"allowPrivilegeEscalation": false}},
                {"name": "mounter", "securityContext": {"capabilities": {"add": ["NET_ADMIN"]}}},
            ]
        }}}
    });
    assert_eq!(patch_of("exact", &spec, "effective"), expected);
}

#[test]
fn secrets_in_the_environment_are_to_be_mounted_by_hand_and_the_rest_is_patched() {
    let directory = Directory::new("secrets");
    let secret = json!([{"secretRef": {"name": "smtp"}}, {"secretRef": {"name": "database"}}]);
    let spec = json!({"containers": [
        {"name": "app", "image": "a", "envFrom": secret},
        {"name": "safe", "image": "a", "envFrom": secret, "securityContext": {"allowPrivilegeEscalation": false}},
    ]});
    directory.write("before.json", &deployment(&spec).to_string());
    directory.fix("privEscalation", &json!({"secretsInEnv": "require"}), &[]);
    let text = directory.read("fix.yaml");
    let by_hand = comments(&text);
    for line in [
        "shop/Deployment/api[app]: mount Secrets database, smtp as a volume, read the files, and take the reference out of env and envFrom",
        "shop/Deployment/api[safe]: In the container, take Secrets database, smtp out of env and envFrom and read the files of a mounted volume instead.",
    ] {
        assert!(by_hand.contains(line), "{text}");
    }
    let containers = &documents(&text)[0]["spec"]["template"]["spec"]["containers"];
    assert_eq!(*containers, json!([{"name": "app", "securityContext": {"allowPrivilegeEscalation": false}}]));
}

#[test]
fn what_the_api_refuses_beside_the_flag_goes_with_it_in_the_readings_that_do_not_look_at_it() {
    for reading in ["restricted", "explicit"] {
        let spec = json!({"containers": [{"name": "app", "image": "a", "securityContext": {
            "allowPrivilegeEscalation": true, "privileged": true, "capabilities": {"add": ["CAP_SYS_ADMIN", "SYS_ADMIN"]}
        }}]});
        let container = &patch_of(reading, &spec, reading)["spec"]["template"]["spec"]["containers"][0];
        let expected =
            json!({"allowPrivilegeEscalation": false, "privileged": false, "capabilities": {"add": ["SYS_ADMIN"]}});
        assert_eq!(container["securityContext"], expected, "{reading}");
    }
}

#[test]
fn on_windows_the_fields_are_taken_away() {
    let spec = json!({"os": {"name": "windows"}, "containers": [{"name": "app", "image": "a", "securityContext": {
        "allowPrivilegeEscalation": true, "privileged": true
    }}]});
    let container = &patch_of("windows", &spec, "effective")["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["securityContext"], json!({"allowPrivilegeEscalation": null, "privileged": null}));
    assert!(container["securityContext"].as_object().unwrap().contains_key("privileged"));
}

#[test]
fn a_cron_job_and_a_pod_template_are_patched_where_their_pods_are() {
    let pods = json!({"template": {"spec": {"containers": [{"name": "app", "image": "a"}]}}});
    let directory = Directory::new("kinds");
    let cron_job = json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "nightly"},
                          "spec": {"jobTemplate": {"spec": pods}}});
    let mut template = json!({"apiVersion": "v1", "kind": "PodTemplate", "metadata": {"name": "shape"}});
    template["template"] = pods["template"].clone();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [cron_job, template]});
    directory.write("before.json", &list.to_string());
    directory.fix("privEscalation", &json!({}), &[]);
    let documents = documents(&directory.read("fix.yaml"));
    let mended = json!([{"name": "app", "securityContext": {"allowPrivilegeEscalation": false}}]);
    assert_eq!(documents[0]["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"], mended);
    assert_eq!(documents[1]["template"]["spec"]["containers"], mended);
    assert_eq!(documents[1]["metadata"], json!({"name": "shape", "namespace": "default"}));
}

#[test]
fn images_become_those_of_the_mirror_and_the_copies_are_listed() {
    let directory = Directory::new("mirror");
    let digest = format!("sha256:{}", "a".repeat(64));
    let spec = json!({
        "containers": [
            {"name": "app", "image": format!("nginx:1.27@{digest}")},
            {"name": "cache", "image": "localhost:5000/Cache-is-no-path"},
            {"name": "proxy", "image": "Registry.Example:443/team/proxy"},
            {"name": "spare", "image": "registry.example:8443/spare:1"},
        ],
        "volumes": [{"name": "weights", "image": {"reference": "quay.io/somebody/weights:1", "pullPolicy": "Always"}}]
    });
    directory.write("before.json", &deployment(&spec).to_string());
    let trusted = json!({"trustedRegistries": "mirror.example/m"});
    let run = directory.fix("trustedRegCheck", &trusted, &["--fix-mirror", "mirror.example/m"]);
    assert_eq!(run.status, 1, "{run:#?}");
    let text = directory.read("fix.yaml");
    let patch = &documents(&text)[0]["spec"]["template"]["spec"];
    let expected = json!([
        {"name": "app", "image": format!("mirror.example/m/docker.io/library/nginx:1.27@{digest}")},
        {"name": "proxy", "image": "mirror.example/m/registry.example/team/proxy"},
        {"name": "spare", "image": "mirror.example/m/registry.example-8443/spare:1"},
    ]);
    assert_eq!(patch["containers"], expected);
    let reference = json!([{"name": "weights", "image": {"reference": "mirror.example/m/quay.io/somebody/weights:1"}}]);
    assert_eq!(patch["volumes"], reference);
    let comments = comments(&text);
    assert!(comments.contains("crane copy quay.io/somebody/weights:1 mirror.example/m/quay.io/somebody/weights:1\n"));
    assert!(comments.contains("shop/Deployment/api[cache]: Correct the image reference"), "{comments}");
}

#[test]
fn without_a_mirror_each_image_is_an_instruction() {
    let directory = Directory::new("no-mirror");
    directory
        .write("before.json", &deployment(&json!({"containers": [{"name": "app", "image": "nginx"}]})).to_string());
    directory.fix("trustedRegCheck", &json!({"trustedRegistries": "mirror.example"}), &[]);
    let text = directory.read("fix.yaml");
    assert_eq!(documents(&text), [] as [Value; 0]);
    assert!(comments(&text).contains("shop/Deployment/api[app]: mirror nginx and have --fix-mirror"), "{text}");
}

#[test]
fn a_namespace_gets_a_default_deny_dns_and_where_it_is_asked_for_its_own_traffic() {
    let names = |directory: &str, further: &[&str]| -> Vec<String> {
        let directory = Directory::new(directory);
        directory
            .write("before.json", &deployment(&json!({"containers": [{"name": "app", "image": "a"}]})).to_string());
        directory.fix("netPolCheck", &json!({"requires": "default-deny"}), further);
        let documents = documents(&directory.read("fix.yaml"));
        assert!(documents.iter().all(|policy| policy["metadata"]["namespace"] == "shop"));
        assert_eq!(documents[0]["spec"], json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}));
        documents.iter().map(|policy| policy["metadata"]["name"].as_str().unwrap().to_owned()).collect()
    };
    let both = ["eks-config-rules-default-deny", "eks-config-rules-allow-dns"];
    assert_eq!(names("network", &[]), both);
    let three = [both[0], both[1], "eks-config-rules-allow-same-namespace"];
    assert_eq!(names("same-namespace", &["--fix-allow-same-namespace"]), three);
}

#[test]
fn a_policy_that_does_nothing_but_let_everything_through_is_emptied_and_any_other_is_an_instruction() {
    let directory = Directory::new("open");
    let policy = |name: &str, ingress: Value| {
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": name, "namespace": "shop"},
               "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": ingress}})
    };
    let mixed = json!([{}, {"from": [{"podSelector": {}}]}]);
    let list =
        json!({"apiVersion": "v1", "kind": "List", "items": [policy("open", json!([{}])), policy("mixed", mixed)]});
    directory.write("before.json", &list.to_string());
    directory.fix("netPolCheck", &json!({"requires": "default-deny-ingress"}), &[]);
    let text = directory.read("fix.yaml");
    let last = documents(&text).last().unwrap().clone();
    assert_eq!((&last["metadata"]["name"], &last["spec"]), (&json!("open"), &json!({"ingress": []})));
    assert!(comments(&text).contains("shop: narrow or delete NetworkPolicy mixed,"), "{text}");
}

#[test]
fn names_from_manifests_cannot_leave_their_comment() {
    let directory = Directory::new("comments");
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "shell\napiVersion: v1\nkind: Namespace"},
                     "spec": {"containers": [{"name": "a\u{2028}b", "image": "x"}]}});
    directory.write("before.json", &pod.to_string());
    directory.fix("privEscalation", &json!({}), &[]);
    let text = directory.read("fix.yaml");
    assert!(text.lines().all(|line| line.starts_with('#')), "{text}");
}
