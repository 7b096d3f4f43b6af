//! Pods, workloads, parameters and images at random: every value that the rules distinguish, and its neighbours.

use fastrand::Rng;
use serde_json::{Map, Value, json};

const HOSTS: [&str; 42] = [
    "",
    "",
    "",
    "docker.io",
    "index.docker.io",
    "registry-1.docker.io",
    "registry.hub.docker.com",
    "foo.docker.io",
    "docker.io:443",
    "docker.io:5000",
    "ghcr.io",
    "ghcr.io:443",
    "ghcr.io:5000",
    "gcr.io",
    "eu.gcr.io",
    "a.b.gcr.io",
    "evilgcr.io",
    "gcr.io.evil.example",
    "localhost",
    "localhost:5000",
    "localhost:443",
    "foo",
    "foo:443",
    "foo:5000",
    "registry.example:8443",
    "my_registry.local",
    "public.ecr.aws",
    "ecr-public.aws.com",
    "[::1]",
    "[::1]:5000",
    "111122223333.dkr.ecr.eu-west-1.amazonaws.com",
    "111122223333.dkr-ecr.eu-west-1.on.aws",
    "111122223333.dkr.ecr-fips.us-east-1.amazonaws.com",
    "111122223333.dkr-ecr-fips.us-gov-west-1.on.aws",
    "111122223333.dkr.ecr.eu-west-1.on.aws",
    "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn",
    "444455556666.dkr.ecr.eu-west-1.amazonaws.com",
    "602401143452.dkr.ecr.eu-west-1.amazonaws.com",
    "111122223333.dkr.ecr.eu-west-1.amazonaws.com.evil.example",
    "11112222333.dkr.ecr.eu-west-1.amazonaws.com",
    "quay.io",
    "registry.io",
];

const PATHS: [&str; 26] = [
    "nginx",
    "library/nginx",
    "library",
    "library/a/b",
    "bitnami/redis",
    "bitnami",
    "foo.bar",
    "foo.bar/x",
    "localhost",
    "localhost/x",
    "team",
    "team/app",
    "team-evil/app",
    "team/app/deep",
    "example-org/app",
    "example-org",
    "proj/x",
    "eks-distro/coredns",
    "a__b/c-d",
    "a___b",
    "a..b",
    "Upper/case",
    "app",
    "x_y.z",
    "nginx/x",
    "eks/kube-proxy",
];

const ENTRIES: [&str; 44] = [
    "docker.io",
    "docker.io/library",
    "docker.io/nginx",
    "docker.io/library/nginx",
    "docker.io/bitnami",
    "docker.io/foo.bar",
    "docker.io/localhost",
    "docker.io/bitnami/redis",
    "docker.io/library/a/b",
    "docker.io/library/a",
    "index.docker.io/team",
    "ghcr.io",
    "ghcr.io/example-org",
    "ghcr.io:5000",
    "localhost",
    "localhost:5000",
    "localhost:443/team",
    "foo:443",
    "foo:5000",
    "registry.example:8443/team",
    "my_registry.local",
    "*.gcr.io",
    "*.gcr.io/proj",
    "*.io",
    "*.io/library",
    "*.io/nginx",
    "*.docker.io",
    "*.hub.docker.com",
    "*.ecr.aws",
    "*.aws.com",
    "*.ecr.aws/eks-distro",
    "public.ecr.aws",
    "ecr-public.aws.com/eks-distro",
    "ecr:111122223333",
    "ecr:111122223333/eu-west-1",
    "ecr:111122223333/us-east-1/team",
    "ecr:111122223333/team",
    "ecr:self",
    "ecr:self/app",
    "eks-addons",
    "[::1]:5000",
    "[::1]/team",
    "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team",
    "gcr.io",
];

const NAMESPACES: [&str; 6] = ["shop", "kube-system", "team-a", "team-b", "monitoring", "default"];

fn one<'a>(random: &mut Rng, values: &[&'a str]) -> &'a str {
    values[random.usize(..values.len())]
}

/// Parameters of a rule, exemptions and exclusions among them.
pub(crate) fn parameters(random: &mut Rng, rule: &str) -> Value {
    let mut parameters = Map::new();
    if rule == "privEscalation" {
        let reading = one(random, &["effective", "restricted", "explicit"]);
        parameters.insert("reading".to_owned(), json!(reading));
        if random.bool() {
            let secrets = one(random, &["ignore", "report", "require", "require"]);
            parameters.insert("secretsInEnv".to_owned(), json!(secrets));
        }
    } else {
        let entries: Vec<&str> = (0..=random.usize(..4)).map(|_| one(random, &ENTRIES)).collect();
        parameters.insert("trustedRegistries".to_owned(), json!(entries.join(",")));
        if random.u8(..4) == 0 {
            parameters.insert("requireDigest".to_owned(), json!("true"));
        }
    }
    if random.u8(..3) == 0 {
        let excluded = one(random, &["kube-system", "team-*", "*-b,shop", "t*m-a", "x.*", "kube-*,mon*ing"]);
        parameters.insert("excludedNamespaces".to_owned(), json!(excluded));
    }
    if random.u8(..3) == 0 {
        parameters.insert("includeFinishedPods".to_owned(), json!("true"));
    }
    if random.bool() {
        let exemptions: Vec<Value> = (0..=random.usize(..3)).map(|_| exemption(random)).collect();
        parameters.insert("exemptions".to_owned(), json!(json!(exemptions).to_string()));
    }
    Value::Object(parameters)
}

fn exemption(random: &mut Rng) -> Value {
    let mut exemption = json!({"namespace": one(random, &NAMESPACES), "reason": "it's \"known\""});
    if random.bool() {
        let kind =
            one(random, &["Pod", "Deployment", "ReplicaSet", "DaemonSet", "Job", "CronJob", "PodTemplate", "Rollout"]);
        exemption["owner"] = json!({"kind": kind, "name": one(random, &["api", "api-5d4f", "db", "-5d4f"])});
    }
    if random.u8(..4) == 0 {
        exemption["pod"] = json!(one(random, &["api", "api-5d4f", "db"]));
    }
    if random.bool() {
        exemption["container"] = json!(one(random, &["app", "proxy", "weights", "debugger"]));
    }
    exemption
}

/// A pod, or a workload that makes pods.
pub(crate) fn object(random: &mut Rng) -> Value {
    let mut metadata = json!({"namespace": one(random, &NAMESPACES), "name": one(random, &["api", "api-5d4f", "db"])});
    let spec = spec(random);
    let template = json!({"metadata": {"labels": {"app": "api"}}, "spec": spec});
    match one(random, &["Pod", "Pod", "Pod", "Pod", "workload", "CronJob", "PodTemplate"]) {
        "Pod" => {
            owners(random, &mut metadata);
            if random.u8(..8) == 0 {
                metadata["annotations"] = json!({"kubernetes.io/config.mirror": "x"});
            }
            let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec});
            if random.bool() {
                pod["status"] = json!({"phase": one(random, &["Pending", "Running", "Succeeded", "Failed"])});
            }
            pod
        }
        "CronJob" => {
            json!({"kind": "CronJob", "metadata": metadata, "spec": {"jobTemplate": {"spec": {"template": template}}}})
        }
        "PodTemplate" => json!({"kind": "PodTemplate", "metadata": metadata, "template": template}),
        _ => {
            let kinds = ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job"];
            json!({"kind": one(random, &kinds), "metadata": metadata, "spec": {"replicas": 2, "template": template}})
        }
    }
}

fn owners(random: &mut Rng, metadata: &mut Value) {
    if random.bool() {
        metadata["labels"] = json!({"app": "api"});
        if random.bool() {
            metadata["labels"]["pod-template-hash"] = json!(one(random, &["5d4f", "4f", "api-5d4f"]));
        }
    }
    if random.u8(..3) > 0 {
        let kind = one(random, &["ReplicaSet", "ReplicaSet", "Deployment", "DaemonSet", "Job", "Rollout"]);
        let mut owner = json!({"kind": kind, "name": one(random, &["api", "api-5d4f", "db", "-5d4f"])});
        match random.u8(..4) {
            0 => {}
            1 => owner["controller"] = json!(false),
            _ => owner["controller"] = json!(true),
        }
        metadata["ownerReferences"] = json!([owner]);
    }
}

fn spec(random: &mut Rng) -> Value {
    let mut names = vec!["app", "proxy", "migrate", "debugger", "cache", "log"];
    random.shuffle(&mut names);
    let mut spec = Map::new();
    for (list, most) in [("containers", 3), ("initContainers", 2), ("ephemeralContainers", 1)] {
        let number = random.usize(usize::from(list == "containers")..=most);
        let containers: Vec<Value> = names.drain(..number).map(|name| container(random, name)).collect();
        if !containers.is_empty() {
            spec.insert(list.to_owned(), Value::Array(containers));
        }
    }
    if random.u8(..3) == 0 {
        let mut volumes = vec![json!({"name": "data", "emptyDir": {}})];
        for name in ["weights", "models"] {
            match random.u8(..4) {
                0 => volumes.push(json!({"name": name, "image": {}})),
                1 => {}
                _ => volumes.push(json!({"name": name, "image": {"reference": image(random), "pullPolicy": "Always"}})),
            }
        }
        spec.insert("volumes".to_owned(), Value::Array(volumes));
    }
    match random.u8(..8) {
        0 => drop(spec.insert("os".to_owned(), json!({"name": "windows"}))),
        1 => drop(spec.insert("os".to_owned(), json!({"name": "linux"}))),
        2 => drop(spec.insert("securityContext".to_owned(), json!({"runAsNonRoot": true}))),
        _ => {}
    }
    Value::Object(spec)
}

fn container(random: &mut Rng, name: &str) -> Value {
    let mut container = json!({"name": name, "resources": {}});
    if random.u8(..20) > 0 {
        container["image"] = json!(image(random));
    }
    environment(random, &mut container);
    let Some(mut context) = random.bool().then(Map::new) else {
        if random.bool() {
            container["securityContext"] = json!({"allowPrivilegeEscalation": false});
        }
        return container;
    };
    for field in ["allowPrivilegeEscalation", "privileged"] {
        if random.bool() {
            context.insert(field.to_owned(), json!(random.u8(..3) == 0));
        }
    }
    if random.bool() {
        let mut capabilities = Map::new();
        for list in ["add", "drop"] {
            let number = random.usize(..3);
            if number > 0 || random.u8(..8) == 0 {
                let names: Vec<&str> = (0..number).map(|_| capability(random)).collect();
                capabilities.insert(list.to_owned(), json!(names));
            }
        }
        context.insert("capabilities".to_owned(), Value::Object(capabilities));
    }
    container["securityContext"] = Value::Object(context);
    container
}

/// Variables and sources of a container, one in a few from a Secret. The API server stores no null.
fn environment(random: &mut Rng, container: &mut Value) {
    let variables = [
        json!({"name": "A", "value": "secretKeyRef"}),
        json!({"name": "A"}),
        json!({"name": "A", "valueFrom": {"configMapKeyRef": {"name": "a", "key": "b"}}}),
        json!({"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}),
        json!({"name": "A", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}),
        json!({"name": "A", "valueFrom": {"secretKeyRef": {"key": "b", "optional": true}}}),
    ];
    let sources = [
        json!({"configMapRef": {"name": "a"}}),
        json!({"prefix": "A_"}),
        json!({"secretRef": {"name": "a"}, "prefix": "A_"}),
        json!({"secretRef": {}}),
    ];
    for (field, choices) in [("env", &variables[..]), ("envFrom", &sources)] {
        if random.u8(..4) == 0 {
            let items: Vec<&Value> = (0..random.usize(..3)).map(|_| &choices[random.usize(..choices.len())]).collect();
            container[field] = json!(items);
        }
    }
}

fn capability(random: &mut Rng) -> &'static str {
    let names = [
        "ALL",
        "all",
        "CAP_ALL",
        "SYS_ADMIN",
        "CAP_SYS_ADMIN",
        "cap_sys_admin",
        "Sys_Admin",
        "CAP_CAP_SYS_ADMIN",
        "SYS_ADMIN ",
        "SY\u{17f}_ADMIN",
        "NET_ADMIN",
        "SYS_ADMINISTRATOR",
        "X\nSYS_ADMIN",
        "KILL",
        "NET_BIND_SERVICE",
    ];
    one(random, &names)
}

/// An image reference, or something like it.
pub(crate) fn image(random: &mut Rng) -> String {
    let mut image = match random.u8(..12) {
        0 => long(random),
        1 => one(
            random,
            &[
                "",
                " ",
                "https://ghcr.io/x",
                "not a reference",
                "nginx:",
                "nginx@",
                ":1",
                "/x",
                "x/",
                "a//b",
                "nginx:5000/x",
                "nginx\n",
                "\u{212a}.io/x",
                "ghcr.io/x:1:2",
                "ghcr.io/x@y@z",
                "Foo/x",
                "FOO/x",
                "fOO:443/x",
                "Localhost/x",
            ],
        )
        .to_owned(),
        2 => (0..random.usize(63..66)).map(|_| one(random, &["a", "0", "f"])).collect(),
        _ => {
            let host = one(random, &HOSTS);
            let path = one(random, &PATHS);
            if host.is_empty() { path.to_owned() } else { format!("{host}/{path}") }
        }
    };
    match random.u8(..6) {
        0 => image.push_str(":1.27"),
        1 => image.push_str(":Latest_x-y"),
        2 if random.bool() => image.push_str(&format!(":{}", "t".repeat(random.usize(127..130)))),
        _ => {}
    }
    if random.u8(..4) == 0 {
        let (algorithm, length) =
            [("sha256", 64), ("sha384", 96), ("sha512", 128), ("sha256", 63), ("md5", 32)][random.usize(..5)];
        let digit = one(random, &["a", "0", "F"]);
        image.push_str(&format!("@{algorithm}:{}", digit.repeat(length)));
    }
    mutated(random, image)
}

/// References about as long as they may be.
fn long(random: &mut Rng) -> String {
    let length = random.usize(243..260);
    let host = one(
        random,
        &[
            "",
            "docker.io/",
            "index.docker.io/",
            "Docker.io/",
            "ghcr.io/",
            "my_registry.local/",
            "localhost/",
            "docker.io:443/",
        ],
    );
    let prefix = one(random, &["", "a/", "library/"]);
    let label = one(random, &["", ":5000/x"]);
    format!("{host}{prefix}{}{label}", "a".repeat(length - prefix.len()))
}

/// Changes a character, its case, or nothing.
fn mutated(random: &mut Rng, image: String) -> String {
    let mut characters: Vec<char> = image.chars().collect();
    if characters.is_empty() {
        return image;
    }
    let place = random.usize(..characters.len());
    match random.u8(..10) {
        0 => characters[place] = characters[place].to_ascii_uppercase(),
        1 => drop(characters.remove(place)),
        2 => characters
            .insert(place, random.choice(['.', '/', ':', '@', '-', '_', 'a', 'A', '0', '[', ']', '%', 'é']).unwrap()),
        3 => characters = image.to_ascii_uppercase().chars().collect(),
        _ => {}
    }
    characters.into_iter().collect()
}
