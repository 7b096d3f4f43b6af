//! What a function costs before it judges anything: start to first poll of the Runtime API, to the first answer, size.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::DeflateEncoder;
use loopback::{OWN_ACCOUNT, World, WorldSpec};
use serde_json::{Value, json};

use crate::Failure;
use crate::measure::{Cost, memory};

/// How often each function is started; the median counts.
const STARTS: usize = 11;

/// The functions: rule and binary.
const FUNCTIONS: [(&str, &str); 3] =
    [("netPolCheck", "net-pol-check"), ("privEscalation", "priv-escalation"), ("trustedRegCheck", "trusted-reg-check")];

/// What the start of a function cost.
#[derive(Clone, Debug)]
pub(crate) struct ColdStart {
    pub(crate) rule: &'static str,
    /// Milliseconds from the start of the process to its first request for an event.
    pub(crate) first_poll: f64,
    /// Resident memory then, in bytes.
    pub(crate) memory: u64,
    /// Milliseconds from the start of the process to the answer to an event that needs no cluster.
    pub(crate) first_answer: f64,
    /// Bytes of the binary.
    pub(crate) size: usize,
    /// The same deflated, as in the zip that Lambda takes.
    pub(crate) zipped: usize,
}

/// Where the functions lie as they are deployed: in `given`, or where cargo builds them in the profile `deployed`.
pub(crate) fn functions(given: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(given) = given {
        return Ok(given.to_owned());
    }
    let program = std::env::current_exe()?;
    let target = program.parent().and_then(Path::parent).ok_or("no target directory")?;
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--locked", "--profile", "deployed", "--target-dir"]).arg(target);
    cargo.args(FUNCTIONS.iter().flat_map(|(_, binary)| ["--package", binary]));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    for name in loopback::told_by_cargo() {
        cargo.env_remove(name);
    }
    let status = cargo.status()?;
    if status.success() { Ok(target.join("deployed")) } else { Err(format!("cargo build: {status}").into()) }
}

/// Starts each function several times.
pub(crate) async fn all(functions: &Path) -> Result<Vec<ColdStart>, Failure> {
    let world = World::start(WorldSpec::with_clusters(Vec::new())).await?;
    let mut starts = Vec::new();
    for (rule, binary) in FUNCTIONS {
        let path = functions.join(binary);
        let token = world.issue_result_token(&format!("eks-{rule}-rule"), OWN_ACCOUNT);
        let (event, environment) = (deleted(rule, &token).to_string(), world.environment());
        let bytes = std::fs::read(&path)?;
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&bytes)?;
        let zipped = encoder.finish()?.len();
        let mut measured = Vec::new();
        for _ in 0..STARTS {
            let (path, event, environment) = (path.clone(), event.clone(), environment.clone());
            // The world answers on this thread, so the runtime API and the child are waited for on another.
            let once = tokio::task::spawn_blocking(move || start(&path, &event, environment)).await??;
            measured.push(once);
        }
        let median = |of: fn(&(f64, u64, f64)) -> f64| {
            let mut values: Vec<f64> = measured.iter().map(of).collect();
            values.sort_by(f64::total_cmp);
            values[values.len() / 2]
        };
        starts.push(ColdStart {
            rule,
            first_poll: median(|once| once.0),
            memory: median(|once| once.1 as f64) as u64,
            first_answer: median(|once| once.2),
            size: bytes.len(),
            zipped,
        });
    }
    Ok(starts)
}

/// The deletion of a cluster, which is answered without asking it anything.
fn deleted(rule: &str, token: &str) -> Value {
    let item = json!({
        "configurationItemVersion": "1.3", "configurationItemCaptureTime": "2026-11-24T18:20:30.123Z",
        "configurationStateId": 1_795_544_430_123_i64, "awsAccountId": OWN_ACCOUNT, "awsRegion": "eu-west-1",
        "configurationItemStatus": "ResourceDeleted", "resourceType": "AWS::EKS::Cluster", "resourceId": "gone",
        "resourceName": "gone", "ARN": format!("arn:aws:eks:eu-west-1:{OWN_ACCOUNT}:cluster/gone"), "configuration": null,
    });
    let invoking = json!({
        "messageType": "ConfigurationItemChangeNotification", "configurationItem": item,
        "notificationCreationTime": "2026-11-24T18:20:31.234Z", "recordVersion": "1.3",
    });
    let parameters = if rule == "trustedRegCheck" { json!({"trustedRegistries": "ecr:self"}) } else { json!({}) };
    json!({
        "version": "1.0", "invokingEvent": invoking.to_string(), "ruleParameters": parameters.to_string(),
        "resultToken": token, "eventLeftScope": false, "accountId": OWN_ACCOUNT,
        "executionRoleArn": format!("arn:aws:iam::{OWN_ACCOUNT}:role/config"),
        "configRuleArn": format!("arn:aws:config:eu-west-1:{OWN_ACCOUNT}:config-rule/config-rule-bench"),
        "configRuleName": format!("eks-{rule}-rule"), "configRuleId": "config-rule-bench",
    })
}

/// Milliseconds to the first poll, memory then, milliseconds to the first answer.
fn start(binary: &Path, event: &str, environment: Vec<(String, String)>) -> Result<(f64, u64, f64), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let begun = Instant::now();
    let mut child = Command::new(binary)
        .env_clear()
        .envs(environment)
        .env("AWS_LAMBDA_RUNTIME_API", listener.local_addr()?.to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", "bench")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/bench")
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "bench")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let served = converse(&listener, child.id(), begun, event);
    child.kill()?;
    child.wait()?;
    served
}

/// A Runtime API of one event.
fn converse(listener: &TcpListener, child: u32, begun: Instant, event: &str) -> Result<(f64, u64, f64), Failure> {
    let milliseconds = || begun.elapsed().as_secs_f64() * 1000.0;
    let mut polled = None;
    loop {
        let (mut stream, _) = listener.accept()?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        // A connection is kept, or the next request opens another.
        while let Some(request) = request(&mut stream)? {
            if request.starts_with("GET") {
                let (poll, resident) = *polled.get_or_insert((milliseconds(), memory(child, "VmRSS").unwrap_or(0)));
                polled = Some((poll, resident));
                let deadline = jiff::Timestamp::now().as_millisecond() + 60_000;
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
                     lambda-runtime-aws-request-id: 8476a536-e9f4-11e8-9739-2dfe598c3fcd\r\n\
                     lambda-runtime-deadline-ms: {deadline}\r\n\
                     lambda-runtime-invoked-function-arn: arn:aws:lambda:eu-west-1:{OWN_ACCOUNT}:function:bench\r\n\r\n",
                    event.len()
                );
                stream.write_all(head.as_bytes())?;
                stream.write_all(event.as_bytes())?;
            } else if request.contains("/response ") {
                let answered = milliseconds();
                let (poll, resident) = polled.ok_or("an answer before any event")?;
                return Ok((poll, resident, answered));
            } else {
                return Err(format!("the function failed: {request}").into());
            }
        }
    }
}

/// The head and the body of a request; none where the connection is closed.
fn request(stream: &mut TcpStream) -> Result<Option<String>, Failure> {
    let (mut bytes, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let lower = head.to_ascii_lowercase();
            let length =
                lower.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
            let whole = match length {
                Some(length) => body.len() >= length,
                None => !lower.contains("transfer-encoding: chunked") || body.ends_with("0\r\n\r\n"),
            };
            if whole {
                return Ok(Some(text));
            }
        }
        match stream.read(&mut chunk)? {
            0 => return Ok(None),
            length => bytes.extend_from_slice(&chunk[..length]),
        }
    }
}

/// What the older sample's handler imports before it can answer anything.
pub(crate) async fn python(python: &str) -> Result<Cost, Failure> {
    let program = "import time; begun = time.perf_counter()\n\
                   import json, resource\n\
                   try:\n    import boto3\nexcept ImportError:\n    pass\n\
                   from kubernetes import client, config\n\
                   client.CoreV1Api()\n\
                   used = resource.getrusage(resource.RUSAGE_SELF)\n\
                   print(json.dumps({'pods': 0, 'wall': time.perf_counter() - begun, 'cpu': used.ru_utime + used.ru_stime, \
                   'peak_memory': used.ru_maxrss * 1024}))";
    let output = tokio::process::Command::new(python).arg("-c").arg(program).output().await?;
    Ok(serde_json::from_slice(&output.stdout)?)
}
