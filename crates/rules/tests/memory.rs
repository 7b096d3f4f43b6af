//! What a fold remembers, counted by an allocator: nothing of pods that are clean, little of workloads with findings.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use allocation_counter::measure;
use eks_rules::object::Pod;
use eks_rules::{Configuration, Judge, Object, RuleName, RuleParameters, Scene, Source, decode};
use serde_json::{Value, json};

/// The most bytes that a fold may keep of a workload besides its names.
const MOST: f64 = 200.0;

fn judge(rule: RuleName) -> Judge {
    let parameters = match rule {
        RuleName::NetPolCheck => json!({"requires": "covered"}),
        RuleName::PrivEscalation => json!({}),
        RuleName::TrustedRegCheck => json!({"trustedRegistries": "quay.io"}),
    };
    let mut parameters = RuleParameters::from_json(parameters.as_object().unwrap()).unwrap();
    let scene = Scene {
        source: Source::Cluster,
        account: Some("111122223333".to_owned()),
        region: Some("eu-west-1".to_owned()),
        now: "2026-11-24T12:00:00Z".parse().unwrap(),
        default_grace_seconds: 60,
    };
    Configuration::take(rule, &mut parameters).unwrap().judge(&scene).unwrap()
}

/// A pod of Deployment number `deployment`, of which every rule has a finding unless it is clean.
fn pod(deployment: u64, number: u64, clean: bool) -> Pod {
    let hash = "5d8f7c9b4";
    let set = format!("web-{deployment:06}-{hash}");
    let registry = if clean { "quay.io" } else { "docker.io" };
    let labels = if clean {
        // Without a policy no pod is covered, but those of the node's network need not be.
        json!({"app": "web", "pod-template-hash": hash})
    } else {
        json!({"app": format!("web-{deployment:06}"), "pod-template-hash": hash, "tier": "front", "track": "stable"})
    };
    let context = if clean { json!({"allowPrivilegeEscalation": false}) } else { Value::Null };
    decode("Pod", &json!({
        "metadata": {
            "name": format!("{set}-{number:06}"), "namespace": "shop", "labels": labels,
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": set, "uid": "u", "controller": true}],
        },
        "spec": {
            "hostNetwork": clean,
            "containers": [{"name": "app", "image": format!("{registry}/web:1"), "securityContext": context}],
        },
        "status": {"phase": "Running"},
    }))
    .unwrap()
}

/// How many bytes of names a rule has to keep of a finding.
fn names(rule: RuleName, pod: &Pod) -> usize {
    let metadata = &pod.metadata;
    let labels: usize = metadata.labels.iter().map(|(key, value)| key.len() + value.len()).sum();
    let container = &pod.spec.containers[0];
    let subject = metadata.namespace.len() + metadata.name.len() + "web-000000".len() + container.name.len();
    match rule {
        RuleName::NetPolCheck => labels + metadata.owner_references[0].name.len(),
        RuleName::PrivEscalation => subject,
        RuleName::TrustedRegCheck => subject + container.image.len(),
    }
}

/// Bytes that a judgement holds after it observed these pods, and the names among them.
fn held(rule: RuleName, pods: impl Iterator<Item = Pod>) -> (f64, f64) {
    let (mut judge, mut known) = (judge(rule), 0);
    let mut held = 0;
    for pod in pods {
        known += names(rule, &pod);
        // What one observation left allocated, less what it freed.
        held += measure(|| judge.observe(Object::Pod(&pod))).bytes_current;
    }
    (held as f64, known as f64)
}

#[test]
fn workloads_with_findings_are_remembered_in_two_hundred_bytes_each_besides_their_names() {
    let per_workload = RuleName::ALL.map(|rule| {
        let of = |count: u64| held(rule, (0..count).map(|number| pod(number, number, false)));
        [500, 1000].map(|count| {
            let ((more, more_names), (less, less_names)) = (of(2 * count), of(count));
            (more - less - (more_names - less_names)) / count as f64
        })
    });
    assert!(per_workload.as_flattened().iter().all(|bytes| *bytes <= MOST), "{per_workload:?}");
}

#[test]
fn nothing_is_remembered_of_pods_that_are_clean() {
    for rule in RuleName::ALL {
        let of = |count: u64| held(rule, (0..count).map(|number| pod(number, number, true))).0;
        assert_eq!(of(2000), of(2), "{rule}");
    }
}

#[test]
fn more_pods_of_the_same_workloads_take_no_more_memory() {
    for rule in RuleName::ALL {
        let of = |count: u64| held(rule, (0..count).rev().map(|number| pod(number % 50, number, false))).0;
        assert_eq!(of(2000), of(50), "{rule}");
    }
}
