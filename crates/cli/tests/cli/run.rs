use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// What the binary did.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// The verdicts of `--output json`.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// Asserts that the binary refused, said nothing on standard output, and that its errors are these and no others.
    #[track_caller]
    pub(crate) fn refuses(&self, errors: &[&str]) {
        assert_eq!((self.status, self.stdout.as_str()), (2, ""), "{self:#?}");
        let told: Vec<&str> = self.stderr.lines().filter_map(|line| line.strip_prefix("error: ")).collect();
        assert_eq!(told, errors, "{self:#?}");
    }

    /// Asserts that the binary refused, and that its error names each of these.
    #[track_caller]
    pub(crate) fn refuses_with(&self, parts: &[&str]) {
        assert_eq!((self.status, self.stdout.as_str()), (2, ""), "{self:#?}");
        assert!(parts.iter().all(|part| self.stderr.contains(part)), "{parts:?}: {self:#?}");
    }

    /// Asserts that standard error has exactly this line.
    #[track_caller]
    pub(crate) fn notes(&self, note: &str) {
        assert!(self.stderr.lines().any(|line| line.strip_prefix("note: ") == Some(note)), "{note}: {self:#?}");
    }
}

/// Runs the binary.
pub(crate) fn run(arguments: &[&str], stdin: &str) -> Run {
    run_in(Path::new(env!("CARGO_MANIFEST_DIR")), arguments, stdin.as_bytes())
}

/// Runs the binary in a directory.
pub(crate) fn run_in(directory: &Path, arguments: &[&str], stdin: &[u8]) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_eks-config-rules"))
        .args(arguments)
        .current_dir(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        // The binary may end without reading everything.
        scope.spawn(move || pipe.write_all(stdin).ok());
        child.wait_with_output().unwrap()
    });
    Run {
        status: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Judges what stands on standard input by privEscalation, in JSON.
pub(crate) fn judge(manifests: &str) -> Run {
    run(&["judge", "privEscalation", "-f", "-", "--output", "json"], manifests)
}

/// The subjects of the findings, as `namespace/kind/name[container] pods`.
pub(crate) fn subjects(run: &Run) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    run.json()
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|judged| judged["findings"].as_array().unwrap().clone())
        .map(|finding| {
            let owner = &finding["owner"];
            let (kind, name) = (text(&owner["kind"]), text(&owner["name"]));
            format!(
                "{}/{kind}/{name}[{}] {}",
                text(&finding["namespace"]),
                text(&finding["container"]),
                finding["pods"]
            )
        })
        .collect()
}

/// A directory of its own for a test.
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> &Self {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Runs the binary in this directory.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        run_in(&self.0, arguments, b"")
    }

    /// Judges these of its files by privEscalation, in JSON.
    pub(crate) fn judge(&self, files: &[&str]) -> Run {
        let mut arguments = vec!["judge", "privEscalation", "--output", "json"];
        for file in files {
            arguments.extend(["-f", file]);
        }
        self.run(&arguments)
    }
}

/// A workload whose one container has these lines of securityContext; `- name: app` follows in its place.
pub(crate) fn workload(api_version: &str, kind: &str, name: &str) -> String {
    format!(
        "apiVersion: {api_version}\nkind: {kind}\nmetadata:\n  name: {name}\nspec:\n  template:\n    spec:\n      \
         containers:\n      - name: app\n        image: docker.io/library/nginx:1\n        securityContext:\n          \
         allowPrivilegeEscalation: true\n"
    )
}
