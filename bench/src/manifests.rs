//! What reading manifests costs: `judge -f` on a file of YAML and on a List in JSON, and their parsers alone.

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use loopback::{function_binary, objects};
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::Failure;

/// How often each is read; the fastest counts, since whatever else runs can only slow it down.
const RUNS: usize = 3;

/// How fast manifests were read.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    pub(crate) what: &'static str,
    pub(crate) megabytes_per_second: f64,
}

/// Reads about so many megabytes of each form.
pub(crate) fn all(megabytes: usize) -> Result<Vec<Reading>, Failure> {
    let mut yaml = String::new();
    let mut items = Vec::new();
    let mut length = 0;
    for number in 0.. {
        let pod = objects::deployment_pod("load", &format!("service-{number:06}"), "x7k2p", |_| {});
        if yaml.len() < megabytes * 1_000_000 {
            write!(yaml, "---\n{}", serde_saphyr::to_string(&pod)?)?;
        }
        let text = pod.to_string();
        length += text.len();
        items.push(text);
        if length >= megabytes * 1_000_000 && yaml.len() >= megabytes * 1_000_000 {
            break;
        }
    }
    let json = format!("{{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[{}]}}", items.join(","));
    let documents: Vec<&str> = yaml.split("---\n").filter(|document| !document.is_empty()).collect();
    let program = function_binary("eks-config-rules")?;
    Ok(vec![
        reading("YAML, `judge privEscalation -f`", yaml.len(), || judge(&program, "yaml", &yaml))?,
        reading("YAML, serde-saphyr alone, one core", yaml.len(), || {
            timed(|| Ok(documents.iter().try_for_each(|text| serde_saphyr::from_str::<IgnoredAny>(text).map(drop))?))
        })?,
        reading("JSON, `judge privEscalation -f`", json.len(), || judge(&program, "json", &json))?,
        reading("JSON, serde_json alone, to values", json.len(), || {
            timed(|| Ok(serde_json::from_reader::<_, Value>(json.as_bytes()).map(drop)?))
        })?,
        reading("JSON, serde_json alone, from a slice and thrown away", json.len(), || {
            timed(|| Ok(serde_json::from_slice::<IgnoredAny>(json.as_bytes()).map(drop)?))
        })?,
    ])
}

fn reading(
    what: &'static str,
    bytes: usize,
    mut read: impl FnMut() -> Result<f64, Failure>,
) -> Result<Reading, Failure> {
    let mut least = f64::INFINITY;
    for _ in 0..RUNS {
        least = least.min(read()?);
    }
    Ok(Reading { what, megabytes_per_second: bytes as f64 / 1e6 / least })
}

/// How many seconds it takes.
fn timed(read: impl FnOnce() -> Result<(), Failure>) -> Result<f64, Failure> {
    let begun = Instant::now();
    read()?;
    Ok(begun.elapsed().as_secs_f64())
}

/// Judges a file, and tells how many seconds that took.
fn judge(program: &Path, form: &str, text: &str) -> Result<f64, Failure> {
    let file = std::env::temp_dir().join(format!("eks-config-rules-bench-{}.{form}", std::process::id()));
    std::fs::write(&file, text)?;
    let begun = Instant::now();
    let status = Command::new(program)
        .args(["judge", "privEscalation", "--no-progress", "-f"])
        .arg(&file)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let seconds = begun.elapsed().as_secs_f64();
    std::fs::remove_file(&file)?;
    if status?.success() { Ok(seconds) } else { Err(format!("judge -f of {form} failed").into()) }
}
