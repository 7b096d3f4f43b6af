use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

/// What the binary did.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// What a binary did that has ended.
    pub(crate) fn of(output: &Output) -> Self {
        Self {
            status: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout.clone()).unwrap(),
            stderr: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }

    /// The findings of `--output json`, of all rules.
    #[track_caller]
    pub(crate) fn findings(&self) -> Vec<Value> {
        let judged: Value = serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"));
        judged.as_array().unwrap().iter().flat_map(|one| one["findings"].as_array().unwrap().clone()).collect()
    }
}

/// A directory of its own for a test.
#[derive(Debug)]
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fix").join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.join(name)).unwrap()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.join(name).exists()
    }

    /// Runs the binary in this directory.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        let output =
            Command::new(env!("CARGO_BIN_EXE_eks-config-rules")).args(arguments).current_dir(&self.0).output().unwrap();
        Run::of(&output)
    }

    /// Judges `before.json` by a rule, and writes `fix.yaml`.
    pub(crate) fn fix(&self, rule: &str, parameters: &Value, further: &[&str]) -> Run {
        let parameters = parameters.to_string();
        let mut arguments = vec!["judge", rule, "-f", "before.json", "--output", "json", "--parameters", &parameters];
        arguments.extend(["--fix", "--fix-output", "fix.yaml"]);
        arguments.extend(further);
        self.run(&arguments)
    }
}

/// The objects of a text of YAML documents, without those that are all comments.
pub(crate) fn documents(text: &str) -> Vec<Value> {
    text.split("\n---\n")
        .map(|document| serde_saphyr::from_str::<Value>(document).unwrap_or_else(|error| panic!("{error}: {document}")))
        .filter(|document| !document.is_null())
        .collect()
}

/// The comments of a text.
pub(crate) fn comments(text: &str) -> String {
    text.lines().filter_map(|line| line.strip_prefix('#')).map(|line| format!("{line}\n")).collect()
}

/// A Deployment `api` in `shop`, whose pods have this spec.
pub(crate) fn deployment(spec: &Value) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api", "namespace": "shop"},
        "spec": {"replicas": 2, "template": {"metadata": {"labels": {"app": "api"}}, "spec": spec}}
    })
}
