//! Kubernetes objects in the shape of `kubectl get -o json`: metadata, status and managed fields included.
//!
//! Every builder makes an object that breaks nothing; a tweak breaks one thing.

use serde_json::{Map, Value, json};

/// A Namespace, Active since 2025.
#[must_use]
pub fn namespace(name: &str) -> Value {
    let mut namespace = json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": metadata(None, name, &json!({"kubernetes.io/metadata.name": name})),
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    });
    manage(&mut namespace, "kubectl-create");
    namespace
}

/// A NetworkPolicy that selects every pod of the namespace and denies both directions.
#[must_use]
pub fn network_policy(namespace: &str, name: &str) -> Value {
    let mut policy = json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata(Some(namespace), name, &json!({})),
        "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
    });
    manage(&mut policy, "kubectl-client-side-apply");
    policy
}

/// A ConfigMap with these entries.
#[must_use]
pub fn config_map(namespace: &str, name: &str, entries: &[(&str, &str)]) -> Value {
    let data: Map<String, Value> = entries.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(Some(namespace), name, &json!({})),
        "data": data,
    })
}

/// A DaemonSet whose pods have these containers.
#[must_use]
pub fn daemon_set(namespace: &str, name: &str, containers: &[Value]) -> Value {
    let mut set = json!({
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": metadata(Some(namespace), name, &json!({"k8s-app": name})),
        "spec": {
            "revisionHistoryLimit": 10,
            "selector": {"matchLabels": {"k8s-app": name}},
            "template": {
                "metadata": {"creationTimestamp": null, "labels": {"k8s-app": name}},
                "spec": {"containers": containers, "hostNetwork": true, "dnsPolicy": "ClusterFirst", "restartPolicy": "Always"},
            },
            "updateStrategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "10%"}, "type": "RollingUpdate"},
        },
        "status": {"currentNumberScheduled": 2, "desiredNumberScheduled": 2, "numberAvailable": 2, "numberMisscheduled": 0, "numberReady": 2},
    });
    manage(&mut set, "kubectl-client-side-apply");
    set
}

/// A container that may not escalate, with what a chart usually sets besides.
#[must_use]
pub fn container(name: &str, image: &str) -> Value {
    json!({
        "name": name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "env": [
            {"name": "LOG_LEVEL", "value": "info"},
            {"name": "POD_NAMESPACE", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}},
            {"name": "AWS_STS_REGIONAL_ENDPOINTS", "value": "regional"},
        ],
        "ports": [{"containerPort": 8080, "name": "http", "protocol": "TCP"}],
        "livenessProbe": {
            "failureThreshold": 3, "httpGet": {"path": "/healthz", "port": "http", "scheme": "HTTP"},
            "initialDelaySeconds": 10, "periodSeconds": 10, "successThreshold": 1, "timeoutSeconds": 1,
        },
        "readinessProbe": {
            "failureThreshold": 3, "httpGet": {"path": "/readyz", "port": "http", "scheme": "HTTP"},
            "periodSeconds": 10, "successThreshold": 1, "timeoutSeconds": 1,
        },
        "resources": {"limits": {"memory": "256Mi"}, "requests": {"cpu": "100m", "memory": "128Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}, "readOnlyRootFilesystem": true,
            "runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"},
        },
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "volumeMounts": [
            {"mountPath": "/tmp", "name": "tmp"},
            {"mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "name": "kube-api-access-x7k2p", "readOnly": true},
        ],
    })
}

/// A running pod of one harmless container `app`, changed by `tweak` before its container statuses and managed fields are made from it.
#[must_use]
pub fn pod(namespace: &str, name: &str, tweak: impl FnOnce(&mut Value)) -> Value {
    let mut pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata(Some(namespace), name, &json!({"app.kubernetes.io/name": name})),
        "spec": pod_spec(),
        "status": {
            "phase": "Running", "qosClass": "Burstable", "startTime": "2025-11-03T09:14:07Z",
            "hostIP": "10.0.43.17", "hostIPs": [{"ip": "10.0.43.17"}], "podIP": "10.0.51.208", "podIPs": [{"ip": "10.0.51.208"}],
        },
    });
    tweak(&mut pod);
    settle(&mut pod);
    pod
}

fn pod_spec() -> Value {
    json!({
        "containers": [container("app", "public.ecr.aws/docker/library/nginx:1.29")],
        "dnsPolicy": "ClusterFirst",
        "enableServiceLinks": true,
        "nodeName": "ip-10-0-43-17.eu-west-1.compute.internal",
        "preemptionPolicy": "PreemptLowerPriority",
        "priority": 0,
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "securityContext": {"fsGroup": 2000, "runAsUser": 1000},
        "serviceAccount": "default",
        "serviceAccountName": "default",
        "terminationGracePeriodSeconds": 30,
        "tolerations": [
            {"effect": "NoExecute", "key": "node.kubernetes.io/not-ready", "operator": "Exists", "tolerationSeconds": 300},
            {"effect": "NoExecute", "key": "node.kubernetes.io/unreachable", "operator": "Exists", "tolerationSeconds": 300},
        ],
        "topologySpreadConstraints": [
            {"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "ScheduleAnyway"},
        ],
        "volumes": [{"emptyDir": {}, "name": "tmp"}, {"name": "kube-api-access-x7k2p", "projected": {"defaultMode": 420, "sources": [
            {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
            {"configMap": {"items": [{"key": "ca.crt", "path": "ca.crt"}], "name": "kube-root-ca.crt"}},
            {"downwardAPI": {"items": [{"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}, "path": "namespace"}]}},
        ]}}],
    })
}

/// A pod of a Deployment, through its ReplicaSet: the name is `{deployment}-{hash}-{suffix}`.
#[must_use]
pub fn deployment_pod(namespace: &str, deployment: &str, suffix: &str, tweak: impl FnOnce(&mut Value)) -> Value {
    let hash = template_hash(deployment);
    pod(namespace, &format!("{deployment}-{hash}-{suffix}"), |pod| {
        pod["metadata"]["labels"] = json!({
            "app.kubernetes.io/name": deployment, "app.kubernetes.io/instance": deployment, "app.kubernetes.io/managed-by": "Helm",
            "pod-template-hash": hash,
        });
        pod["metadata"]["generateName"] = json!(format!("{deployment}-{hash}-"));
        own(pod, "apps/v1", "ReplicaSet", &format!("{deployment}-{hash}"));
        tweak(pod);
    })
}

/// Makes an object the controller of `object`.
pub fn own(object: &mut Value, api_version: &str, kind: &str, name: &str) {
    object["metadata"]["ownerReferences"] = json!([{
        "apiVersion": api_version, "blockOwnerDeletion": true, "controller": true, "kind": kind, "name": name, "uid": uid(&format!("{kind}/{name}")),
    }]);
}

/// The `pod-template-hash` of a Deployment's one ReplicaSet.
#[must_use]
pub fn template_hash(deployment: &str) -> String {
    let safe = b"bcdfghjklmnpqrstvwxz2456789";
    let mut number = mix(deployment);
    (0..10)
        .map(|_| {
            let letter = char::from(safe[usize::try_from(number % 27).unwrap_or(0)]);
            number /= 27;
            letter
        })
        .collect()
}

/// Metadata as the API server completes it.
fn metadata(namespace: Option<&str>, name: &str, labels: &Value) -> Value {
    let mut metadata = json!({
        "name": name,
        "uid": uid(&format!("{}/{name}", namespace.unwrap_or_default())),
        "resourceVersion": (mix(name) % 180_000 + 1000).to_string(),
        "creationTimestamp": "2025-11-03T09:14:02Z",
    });
    if let Some(namespace) = namespace {
        metadata["namespace"] = json!(namespace);
    }
    if labels.as_object().is_some_and(|labels| !labels.is_empty()) {
        metadata["labels"] = labels.clone();
    }
    metadata
}

/// Fills in what the kubelet and the API server add to a pod: conditions, container statuses, managed fields.
fn settle(pod: &mut Value) {
    let phase = pod["status"]["phase"].as_str().unwrap_or("Running").to_owned();
    let finished = matches!(phase.as_str(), "Succeeded" | "Failed");
    for (specs, statuses) in [
        ("containers", "containerStatuses"),
        ("initContainers", "initContainerStatuses"),
        ("ephemeralContainers", "ephemeralContainerStatuses"),
    ] {
        let made: Vec<Value> = pod["spec"][specs]
            .as_array()
            .into_iter()
            .flatten()
            .map(|container| {
                let done = finished || (specs == "initContainers" && container["restartPolicy"] != "Always");
                container_status(container, done)
            })
            .collect();
        if !made.is_empty() && pod["status"][statuses].is_null() {
            pod["status"][statuses] = Value::Array(made);
        }
    }
    let ready = if finished { "False" } else { "True" };
    let conditions: Vec<Value> = [
        "PodReadyToStartContainers",
        "Initialized",
        "Ready",
        "ContainersReady",
        "PodScheduled",
    ]
    .iter()
    .map(|kind| {
        let status = if kind.ends_with("eady") { ready } else { "True" };
        json!({"lastProbeTime": null, "lastTransitionTime": "2025-11-03T09:14:11Z", "status": status, "type": kind})
    })
    .collect();
    pod["status"]["conditions"] = Value::Array(conditions);
    if pod["metadata"]["managedFields"].is_null() {
        manage(pod, "kube-controller-manager");
    }
}

fn container_status(container: &Value, done: bool) -> Value {
    let image = container["image"].as_str().unwrap_or_default();
    let repository = image.split('@').next().unwrap_or(image);
    let repository =
        repository.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).map_or(repository, |(name, _)| name);
    let digest: String = (0..4).map(|part| format!("{:016x}", mix(&format!("{image}{part}")))).collect();
    let state = if done {
        json!({"terminated": {
            "containerID": format!("containerd://{digest}"), "exitCode": 0, "reason": "Completed",
            "startedAt": "2025-11-03T09:14:05Z", "finishedAt": "2025-11-03T09:14:07Z",
        }})
    } else {
        json!({"running": {"startedAt": "2025-11-03T09:14:09Z"}})
    };
    json!({
        "name": container["name"], "image": image, "imageID": format!("{repository}@sha256:{digest}"),
        "containerID": format!("containerd://{digest}"), "lastState": {}, "ready": !done, "restartCount": 0, "started": !done,
        "state": state,
    })
}

/// Adds the `managedFields` of a manager that set all labels, the spec and the data, and of a kubelet that set the status.
pub fn manage(object: &mut Value, manager: &str) {
    let mut set = Map::new();
    let metadata =
        json!({"labels": object["metadata"]["labels"], "ownerReferences": object["metadata"]["ownerReferences"]});
    set.insert("f:metadata".to_owned(), fields(&metadata));
    for member in ["spec", "data"] {
        if !object[member].is_null() {
            set.insert(format!("f:{member}"), fields(&object[member]));
        }
    }
    let mut managed = vec![json!({
        "apiVersion": object["apiVersion"], "fieldsType": "FieldsV1", "fieldsV1": set, "manager": manager,
        "operation": "Update", "time": "2025-11-03T09:14:02Z",
    })];
    if !object["status"].is_null() {
        managed.push(json!({
            "apiVersion": object["apiVersion"], "fieldsType": "FieldsV1", "fieldsV1": {"f:status": fields(&object["status"])},
            "manager": "kubelet", "operation": "Update", "subresource": "status", "time": "2025-11-03T09:14:11Z",
        }));
    }
    object["metadata"]["managedFields"] = Value::Array(managed);
}

/// The FieldsV1 form of a value: `f:member`, and `k:{"name":"…"}` for the items of a list that have a key.
fn fields(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let of_members = members.iter().filter(|(_, value)| !value.is_null());
            Value::Object(of_members.map(|(name, value)| (format!("f:{name}"), fields(value))).collect())
        }
        Value::Array(items) => {
            let keyed = items.iter().filter_map(|item| {
                let key =
                    ["name", "type", "containerPort", "key", "uid"].into_iter().find(|key| !item[*key].is_null())?;
                let mut inner = fields(item);
                inner["."] = json!({});
                Some((format!("k:{}", json!({key: item[key]})), inner))
            });
            Value::Object(keyed.collect())
        }
        _ => json!({}),
    }
}

/// A number made from a text: FNV-1a, then a finalizer so that similar texts differ.
pub(crate) fn mix(text: &str) -> u64 {
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    scatter(hash)
}

/// The finalizer of splitmix64.
pub(crate) fn scatter(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// A UID in the form of a random one, always the same for the same text.
pub(crate) fn uid(text: &str) -> String {
    let (high, low) = (mix(text), scatter(mix(text)));
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        (low >> 48) & 0xfff,
        low & 0xffff_ffff_ffff
    )
}
