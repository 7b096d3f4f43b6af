//! The account of `eks-config-rules demo`: one cluster that complies, one with every kind of violation, one that cannot be reached.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::objects::{self, container, daemon_set, deployment_pod, namespace, network_policy, own, pod};
use crate::registry::{ImageSpec, RepositorySpec, ScanSpec};
use crate::spec::{AccountSpec, ClusterSpec, EndpointKind, OWN_ACCOUNT, PodProfile, WorldSpec};

const PUBLIC: &str = "public.ecr.aws/docker/library";
const PRIVATE: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
const EKS: &str = "602401143452.dkr.ecr.eu-west-1.amazonaws.com/eks";

/// The demo's account 111122223333 in eu-west-1 with the clusters `clean`, `violations` and `private`.
///
/// With `pods`, so many violating pods are added to `violations`, in namespaces of their own.
#[must_use]
pub fn demo_world(pods: Option<usize>) -> WorldSpec {
    let violations = ClusterSpec {
        generated_pods: pods.unwrap_or(0),
        generated_profile: PodProfile::Violating,
        ..ClusterSpec::new("violations", base().into_iter().chain(violations()).collect())
    };
    let private = ClusterSpec { endpoint: EndpointKind::Unreachable, ..ClusterSpec::new("private", base()) };
    let repositories = repositories(&violations.objects);
    let clusters = vec![ClusterSpec::new("clean", base()), violations, private];
    WorldSpec {
        region: "eu-west-1".to_owned(),
        accounts: vec![AccountSpec { clusters, repositories, ..AccountSpec::new(OWN_ACCOUNT) }],
        ..WorldSpec::default()
    }
}

/// The repositories of the images that these pods run. Those of `legacy` are as nobody would make them today; what
/// `analytics` pushes nobody scans, and the ledger is an index.
fn repositories(objects: &[Value]) -> Vec<RepositorySpec> {
    let mut repositories = BTreeMap::new();
    for status in objects.iter().filter_map(|object| object["status"]["containerStatuses"].as_array()).flatten() {
        let (image, id) =
            (status["image"].as_str().unwrap_or_default(), status["imageID"].as_str().unwrap_or_default());
        let Some((name, tag)) = image.strip_prefix(PRIVATE).and_then(|path| path[1..].split_once(':')) else {
            continue;
        };
        let Some((_, digest)) = id.split_once('@') else { continue };
        let scan = |findings: &[(&str, usize)]| Some(ScanSpec::new("COMPLETE", findings));
        let minor = [("MEDIUM", 2), ("LOW", 11)];
        let child = digest.replacen("sha256:", "sha256:1", 1)[..digest.len()].to_owned();
        let images = match name.split('/').next() {
            Some("legacy") => {
                vec![ImageSpec::new(digest, scan(&[("CRITICAL", 2), ("HIGH", 5), ("MEDIUM", 31)])).tagged(tag)]
            }
            Some("analytics") => vec![ImageSpec::new(digest, None).tagged(tag)],
            Some("payments") => vec![
                ImageSpec::index(digest, &[(&child, "linux"), (digest, "unknown")]).tagged(tag),
                ImageSpec::new(&child, scan(&minor)),
            ],
            _ => vec![ImageSpec::new(digest, scan(&minor)).tagged(tag)],
        };
        let modern = !name.starts_with("legacy");
        repositories.entry(name.to_owned()).or_insert_with(|| RepositorySpec {
            tag_mutability: if modern { "IMMUTABLE" } else { "MUTABLE" }.to_owned(),
            encryption: if modern { "KMS" } else { "AES256" }.to_owned(),
            ..RepositorySpec::new("eu-west-1", name, images)
        });
    }
    repositories.into_values().collect()
}

/// What both reachable clusters have in common, none of it a violation outside kube-system.
fn base() -> Vec<Value> {
    let mut objects: Vec<Value> =
        ["default", "kube-node-lease", "kube-public", "kube-system", "payments", "shop"].map(namespace).into();
    for name in ["default", "payments", "shop"] {
        objects.push(network_policy(name, "default-deny"));
    }
    objects.extend(kube_system());
    for (space, deployment, image, suffixes) in [
        ("shop", "storefront", format!("{PRIVATE}/shop/storefront:2.14.0"), ["4xk9d", "mz7tq"]),
        ("shop", "catalog", format!("{PRIVATE}/shop/catalog:2.14.0"), ["b8wfn", "tq2vc"]),
        ("payments", "ledger", format!("{PRIVATE}/payments/ledger:1.8.3"), ["5jd6h", "xn4wz"]),
        ("payments", "cache", format!("{PUBLIC}/redis:8.2"), ["gk7pl", "rv9sb"]),
    ] {
        objects.extend(suffixes.map(|suffix| deployment_pod(space, deployment, suffix, |pod| app(pod, &image))));
    }
    objects
}

/// The add-ons of EKS. The pods of the CNI and the proxy are privileged in every cluster there is.
fn kube_system() -> Vec<Value> {
    let agent = json!({
        "name": "aws-eks-nodeagent", "image": format!("{EKS}/amazon/aws-network-policy-agent:v1.2.7-eksbuild.1"),
        "args": ["--enable-ipv6=false", "--enable-network-policy=true", "--metrics-bind-addr=:8162"],
        "securityContext": {"capabilities": {"add": ["NET_ADMIN"]}, "privileged": true},
    });
    let node = json!({
        "name": "aws-node", "image": format!("{EKS}/amazon-k8s-cni:v1.20.4-eksbuild.1"),
        "securityContext": {"capabilities": {"add": ["NET_ADMIN", "NET_RAW"]}},
    });
    let proxy = json!({
        "name": "kube-proxy", "image": format!("{EKS}/kube-proxy:v1.33.3-minimal-eksbuild.4"), "securityContext": {"privileged": true},
    });
    let mut objects = vec![
        daemon_set("kube-system", "aws-node", &[node.clone(), agent.clone()]),
        daemon_set("kube-system", "kube-proxy", std::slice::from_ref(&proxy)),
        objects::config_map(
            "kube-system",
            "amazon-vpc-cni",
            &[("enable-network-policy-controller", "true"), ("warm-prefix-target", "1")],
        ),
    ];
    for (set, suffix, containers) in [("aws-node", "q7r2m", vec![node, agent]), ("kube-proxy", "w4h8k", vec![proxy])] {
        objects.push(pod("kube-system", &format!("{set}-{suffix}"), |pod| {
            own(pod, "apps/v1", "DaemonSet", set);
            pod["metadata"]["labels"] =
                json!({"k8s-app": set, "controller-revision-hash": "6c9d7f5b8", "pod-template-generation": "1"});
            pod["spec"]["hostNetwork"] = json!(true);
            pod["spec"]["containers"] = json!(containers);
        }));
    }
    for suffix in ["8mzkd", "v5qwt"] {
        objects.push(deployment_pod("kube-system", "coredns", suffix, |pod| {
            app(pod, &format!("{EKS}/coredns:v1.12.2-eksbuild.4"));
            pod["spec"]["containers"][0]["name"] = json!("coredns");
        }));
    }
    objects
}

/// One violation, or one thing that looks like one, in each.
fn violations() -> Vec<Value> {
    let mut objects: Vec<Value> = ["analytics", "legacy", "sandbox"].map(namespace).into();
    objects.extend(escalations());
    objects.extend(escalations_elsewhere());
    objects.extend(images());
    objects.extend(chart_sources());
    objects
}

/// Charts from where they should not come, and one from where they may.
fn chart_sources() -> Vec<Value> {
    let repository = |name: &str, url: &str| {
        json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "HelmRepository",
            "metadata": {"namespace": "sandbox", "name": name}, "spec": {"interval": "1h", "url": url},
        })
    };
    vec![
        repository("charts", &format!("oci://{PRIVATE}/charts")),
        repository("community", "https://reader:s3cret@charts.example.net/stable"),
        json!({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
            "metadata": {"namespace": "sandbox", "name": "blog"},
            "spec": {
                "project": "default",
                "destination": {"namespace": "sandbox", "server": "https://kubernetes.default.svc"},
                "sources": [
                    {"repoURL": "https://charts.example.net/blog", "chart": "blog", "targetRevision": "4.2.0"},
                    {"repoURL": "oci://ghcr.io/example/charts/cache", "path": ".", "targetRevision": "1.0.0"},
                    {"repoURL": "https://github.com/example/values.git", "ref": "values", "targetRevision": "main"},
                ],
            },
        }),
    ]
}

/// The ways in which a regular container may escalate.
fn escalations() -> Vec<Value> {
    let secure = |pod: &mut Value, context: Value| pod["spec"]["containers"][0]["securityContext"] = context;
    vec![
        deployment_pod("legacy", "unset", "2bcdf", |pod| {
            app(pod, &format!("{PRIVATE}/legacy/unset:0.9"));
            pod["spec"]["containers"][0].as_object_mut().map(|members| members.remove("securityContext"));
        }),
        deployment_pod("legacy", "escalating", "7ghjk", |pod| {
            app(pod, &format!("{PRIVATE}/legacy/escalating:0.9"));
            secure(pod, json!({"allowPrivilegeEscalation": true}));
        }),
        deployment_pod("legacy", "privileged", "4lmnp", |pod| {
            app(pod, &format!("{PRIVATE}/legacy/privileged:0.9"));
            secure(pod, json!({"privileged": true}));
        }),
        deployment_pod("legacy", "sys-admin", "9qrst", |pod| {
            app(pod, &format!("{PRIVATE}/legacy/sys-admin:0.9"));
            secure(
                pod,
                json!({"allowPrivilegeEscalation": false, "capabilities": {"add": ["SYS_ADMIN"], "drop": ["ALL"]}}),
            );
        }),
        pod("analytics", "nightly-report-29384756-7xkqz", |pod| {
            // A pod of a Job of a CronJob, still running.
            own(pod, "batch/v1", "Job", "nightly-report-29384756");
            pod["metadata"]["labels"] = json!({
                "batch.kubernetes.io/job-name": "nightly-report-29384756", "job-name": "nightly-report-29384756",
                "batch.kubernetes.io/controller-uid": objects::uid("Job/nightly-report-29384756"),
            });
            pod["spec"]["restartPolicy"] = json!("OnFailure");
            app(pod, &format!("{PRIVATE}/analytics/report:3.1"));
            secure(pod, json!({"allowPrivilegeEscalation": true}));
        }),
        pod("analytics", "nightly-report-29383316-p2vmd", |pod| {
            // The one of the night before has finished: it would violate, but nothing of it runs.
            own(pod, "batch/v1", "Job", "nightly-report-29383316");
            pod["status"]["phase"] = json!("Succeeded");
            app(pod, "docker.io/example/report:3.0");
            secure(pod, json!({"privileged": true}));
        }),
    ]
}

/// The same in containers that are easily overlooked.
fn escalations_elsewhere() -> Vec<Value> {
    vec![
        deployment_pod("legacy", "init", "3vwxz", |pod| {
            app(pod, &format!("{PRIVATE}/legacy/init:0.9"));
            let mut init = container("prepare", &format!("{PUBLIC}/busybox:1.37"));
            init["securityContext"] = json!({"privileged": true});
            pod["spec"]["initContainers"] = json!([init]);
        }),
        deployment_pod("legacy", "sidecar", "6bdgj", |pod| {
            app(pod, &format!("{PRIVATE}/legacy/sidecar:0.9"));
            let mut sidecar = container("proxy", "public.ecr.aws/appmesh/aws-appmesh-envoy:v1.34.4.2-prod");
            sidecar["restartPolicy"] = json!("Always");
            sidecar["securityContext"]["allowPrivilegeEscalation"] = json!(true);
            pod["spec"]["initContainers"] = json!([sidecar]);
        }),
        deployment_pod("legacy", "debugged", "8kmpr", |pod| {
            app(pod, &format!("{PRIVATE}/legacy/debugged:0.9"));
            pod["spec"]["ephemeralContainers"] = json!([{
                "name": "debugger-x8k2p", "image": format!("{PUBLIC}/busybox:1.37"), "imagePullPolicy": "IfNotPresent",
                "stdin": true, "tty": true, "targetContainerName": "app", "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File", "resources": {}, "securityContext": {"capabilities": {"add": ["SYS_PTRACE"]}},
            }]);
        }),
        deployment_pod("legacy", "secrets", "5nprt", |pod| {
            // It escalates nothing; its Secrets are environment variables, which a setting reports.
            app(pod, &format!("{PRIVATE}/legacy/secrets:0.9"));
            pod["spec"]["containers"][0]["env"] = json!([
                {"name": "DATABASE_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "database", "key": "password"}}},
            ]);
        }),
        pod("sandbox", "static-agent-ip-10-0-43-17.eu-west-1.compute.internal", |pod| {
            // The mirror of a static pod: the kubelet runs it from a file, whatever the API says.
            own(pod, "v1", "Node", "ip-10-0-43-17.eu-west-1.compute.internal");
            pod["metadata"]["annotations"] = json!({
                "kubernetes.io/config.hash": "3f2a9c417c0f4f6d8e0b", "kubernetes.io/config.mirror": "3f2a9c417c0f4f6d8e0b",
                "kubernetes.io/config.seen": "2025-11-03T09:13:58Z", "kubernetes.io/config.source": "file",
            });
            pod["spec"]["hostNetwork"] = json!(true);
            app(pod, &format!("{PRIVATE}/platform/agent:1.0"));
            pod["spec"]["containers"][0]["securityContext"] = json!({"privileged": true});
        }),
    ]
}

/// Images from where they should not come.
fn images() -> Vec<Value> {
    let deployment =
        |name: &str, suffix: &str, image: &str| deployment_pod("sandbox", name, suffix, |pod| app(pod, image));
    vec![
        deployment("hub", "2cfhk", "docker.io/example/nginx:1.29"),
        deployment("short-name", "5dgjl", "nginx"),
        deployment("typosquat", "7fhkm", "public.ecr.aws.example.net/docker/library/nginx:1.29"),
        deployment("lookalike", "9gjln", "602401143452.dkr.ecr.eu-west-1.amazonaws.com.example.net/eks/pause:3.10"),
        deployment("unparsable", "4hkmp", "not a reference"),
        deployment_pod("sandbox", "image-volume", "6jlnq", |pod| {
            app(pod, &format!("{PUBLIC}/nginx:1.29"));
            if let Some(volumes) = pod["spec"]["volumes"].as_array_mut() {
                volumes.push(json!({"name": "model", "image": {"reference": "ghcr.io/example/model:7b", "pullPolicy": "IfNotPresent"}}));
            }
        }),
    ]
}

/// Gives the pod's first container this image.
fn app(pod: &mut Value, image: &str) {
    pod["spec"]["containers"][0]["image"] = json!(image);
}
