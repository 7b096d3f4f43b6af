use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use loopback::{World, demo_world};
use serde_json::Value;

/// Parameters with which each rule finds something in the demo's violating cluster.
pub(crate) const PARAMETERS: &str =
    r#"{"trustedRegistries": "ecr:self,public.ecr.aws/docker,eks-addons", "excludedNamespaces": "kube-node-lease"}"#;

/// What the binary did.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// Standard output as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }
}

/// Judges manifests on standard input for an account and a region.
pub(crate) fn judge(form: &str, arguments: &[&str], manifests: &str) -> Run {
    let place = ["--account", "111122223333", "--region", "eu-west-1"];
    let arguments = [&["judge", "-f", "-", "--output", form], &place[..], arguments].concat();
    run(Path::new("."), &[], &arguments, manifests)
}

/// Judges a cluster of the demo's world by all rules.
pub(crate) fn judge_demo(form: &str, cluster: &str) -> Run {
    judge_demo_with(&["--output", form], cluster, PARAMETERS)
}

/// Judges a cluster of the demo's world with these parameters and further arguments.
pub(crate) fn judge_demo_with(arguments: &[&str], cluster: &str, parameters: &str) -> Run {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let world = runtime.block_on(World::start(demo_world(None))).unwrap();
    let environment = world.environment();
    let arguments = [&["judge"], arguments, &["--cluster", cluster, "--parameters", parameters]].concat();
    run(Path::new("."), &environment, &arguments, "")
}

/// Runs the binary.
pub(crate) fn run(directory: &Path, environment: &[(String, String)], arguments: &[&str], stdin: &str) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_eks-config-rules"))
        .args(arguments)
        .envs(environment.iter().cloned())
        .current_dir(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        scope.spawn(move || pipe.write_all(stdin.as_bytes()).ok());
        child.wait_with_output().unwrap()
    });
    Run {
        status: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A new directory with these files.
pub(crate) fn directory(name: &str, files: &[(&str, &str)]) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&path);
    for (file, text) in files {
        let file = path.join(file);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    path
}

/// Asserts that a value is as a published schema has it.
#[track_caller]
pub(crate) fn assert_valid(schema: &str, value: &Value) {
    let schema: Value = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).take(5).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

/// A Deployment in namespace web with a privileged container.
pub(crate) const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: api
  namespace: web
spec:
  template:
    spec:
      containers:
      - name: app
        image: docker.io/library/nginx:1
        securityContext:
          privileged: true
";

/// A pod and a policy at which no rule finds anything.
pub(crate) const CLEAN: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: clean, namespace: web}
spec:
  containers:
  - {name: app, image: public.ecr.aws/docker/library/nginx:1, securityContext: {allowPrivilegeEscalation: false}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: web}
spec: {podSelector: {}}
";
