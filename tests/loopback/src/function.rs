//! A real function binary behind the Lambda Runtime API (AWS Lambda developer guide, "Using the Lambda runtime API").

use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::task::JoinHandle;

use crate::answer::{Answer, Delivery, Ending};
use crate::listener::{self, Handler, Listening, Received};
use crate::spec::WorldSpec;
use crate::timestamp;
use crate::world::WorldError;

/// How a function is started and how long it may take.
#[derive(Clone, Debug)]
pub struct InvokeOptions {
    /// The time from the event's delivery to the deadline that the Runtime API announces (Lambda's configured timeout).
    pub deadline: Duration,
    /// How long to wait for the answer before it is an error, whatever the deadline.
    pub timeout: Duration,
    /// Added to, or put over, the environment of [`crate::World::environment`].
    pub environment: Vec<(String, String)>,
    /// `AWS_LAMBDA_FUNCTION_NAME`; where empty, the binary's file name.
    pub function_name: String,
    /// `AWS_LAMBDA_FUNCTION_MEMORY_SIZE`, in MB. It is announced, not enforced.
    pub memory_size: u32,
}

impl Default for InvokeOptions {
    /// A deadline after 60 seconds, and an answer within as many.
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(60),
            timeout: Duration::from_secs(60),
            environment: Vec::new(),
            function_name: String::new(),
            memory_size: 512,
        }
    }
}

/// What a function answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It succeeded with this value.
    Response(Value),
    /// It failed, in the handler or while it started.
    Error {
        /// The `errorType`, by which an alarm tells failures apart.
        error_type: String,
        /// The `errorMessage`.
        error_message: String,
    },
}

/// One event's answer, and what the function left behind.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// What it answered.
    pub outcome: Outcome,
    /// From the delivery of the event, start-up included, to the answer.
    pub elapsed: Duration,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error, where the logs are.
    pub stderr: String,
    /// The most memory it held (resident, bytes), where the system tells.
    pub peak_memory: Option<u64>,
}

/// What a function left behind at its end.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
    /// The most memory it held (resident, bytes), where the system tells.
    pub peak_memory: Option<u64>,
}

/// A function that stays up for several events. It is killed when this is dropped.
pub struct Function {
    child: Child,
    events: UnboundedSender<Event>,
    answers: UnboundedReceiver<Answered>,
    stdout: Capture,
    stderr: Capture,
    options: InvokeOptions,
    arn: String,
    delivered: usize,
    _runtime: Listening,
}

impl std::fmt::Debug for Function {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Function")
            .field("arn", &self.arn)
            .field("delivered", &self.delivered)
            .finish_non_exhaustive()
    }
}

/// An event on its way to the function.
struct Event {
    request_id: String,
    deadline: Duration,
    arn: String,
    body: String,
}

/// What came back: the id is `None` for a failed start.
struct Answered {
    request_id: Option<String>,
    outcome: Outcome,
}

impl Function {
    pub(crate) async fn start(
        binary: &Path,
        environment: Vec<(String, String)>,
        spec: &WorldSpec,
        options: InvokeOptions,
    ) -> Result<Self, WorldError> {
        let (socket, address) = listener::bind().await?;
        let (events, waiting) = mpsc::unbounded_channel();
        let (answered, answers) = mpsc::unbounded_channel();
        let runtime = listener::serve(socket, None, runtime_api(waiting, answered));
        let name = match options.function_name.as_str() {
            "" => binary.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
            name => name.to_owned(),
        };
        let mut command = Command::new(binary);
        command
            .env_clear()
            // What a coverage run or a debugging session needs passes; profiles, proxies and credentials do not.
            .envs(std::env::vars_os().filter(|(name, _)| {
                ["PATH", "TMPDIR", "LLVM_PROFILE_FILE", "RUST_BACKTRACE", "LD_LIBRARY_PATH"]
                    .iter()
                    .any(|passed| name == passed)
            }))
            .envs(environment)
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", &name)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", options.memory_size.to_string())
            .env("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{name}"))
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "loopback")
            .envs(options.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child =
            command.spawn().map_err(|source| WorldError::Start { binary: binary.display().to_string(), source })?;
        let (stdout, stderr) = (Capture::of(child.stdout.take()), Capture::of(child.stderr.take()));
        let arn = format!("arn:aws:lambda:{}:{}:function:{name}", spec.region, spec.own_account);
        Ok(Self { child, events, answers, stdout, stderr, options, arn, delivered: 0, _runtime: runtime })
    }

    /// Hands the function one event and waits for its answer, which comes with the time it took.
    ///
    /// # Errors
    /// Where the function ends before it answers, or does not answer in time.
    pub async fn deliver(&mut self, event: &Value) -> Result<(Outcome, Duration), WorldError> {
        let started = Instant::now();
        self.delivered += 1;
        let request_id = format!("8476a536-e9f4-11e8-9739-{:012}", self.delivered);
        let event = Event {
            request_id: request_id.clone(),
            deadline: self.options.deadline,
            arn: self.arn.clone(),
            body: event.to_string(),
        };
        // The runtime API lives as long as this handle, so the event is received.
        let _ = self.events.send(event);
        let timeout = tokio::time::sleep(self.options.timeout);
        tokio::pin!(timeout);
        loop {
            tokio::select! {
                // An answer that was posted counts even where the function ended right after.
                biased;
                answered = self.answers.recv() => match answered {
                    Some(Answered { request_id: id, outcome }) if id.as_ref().is_none_or(|id| *id == request_id) => {
                        return Ok((outcome, started.elapsed()));
                    }
                    // A late answer to an earlier event.
                    Some(_) => {}
                    None => return Err(self.exited("without its runtime API".to_owned()).await),
                },
                ended = self.child.wait() => {
                    let status = ended.map_or_else(|error| error.to_string(), |status| status.to_string());
                    if let Ok(Answered { outcome, .. }) = self.answers.try_recv() {
                        return Ok((outcome, started.elapsed()));
                    }
                    return Err(self.exited(status).await);
                }
                () = &mut timeout => {
                    let seconds = self.options.timeout.as_secs();
                    return Err(WorldError::Timeout { seconds, output: self.output().await });
                }
            }
        }
    }

    /// The process id, while it runs.
    #[must_use]
    pub fn process_id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Kills the function and says what it left behind.
    pub async fn stop(mut self) -> Ended {
        let peak_memory = self.child.id().and_then(peak_memory);
        let _ = self.child.kill().await;
        Ended { stdout: self.stdout.finish().await, stderr: self.stderr.finish().await, peak_memory }
    }

    async fn exited(&mut self, status: String) -> WorldError {
        WorldError::Exited { status, output: self.output().await }
    }

    /// Everything written so far, after the end of the function.
    async fn output(&mut self) -> String {
        let _ = self.child.kill().await;
        format!("{}{}", self.stdout.finish().await, self.stderr.finish().await)
    }
}

/// `VmHWM` of Linux's `/proc`.
fn peak_memory(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

/// A stream of the child, read as it comes so that the child never waits for a reader.
struct Capture {
    text: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Capture {
    fn of(stream: Option<impl AsyncRead + Unpin + Send + 'static>) -> Self {
        let text = Arc::new(Mutex::new(Vec::new()));
        let written = Arc::clone(&text);
        let reader = stream.map(|mut stream| {
            tokio::spawn(async move {
                let mut chunk = vec![0; 8192];
                while let Ok(length @ 1..) = stream.read(&mut chunk).await {
                    written.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&chunk[..length]);
                }
            })
        });
        Self { text, reader }
    }

    /// All that was written, once the child has ended.
    async fn finish(&mut self) -> String {
        if let Some(reader) = self.reader.take() {
            // A grandchild may hold the pipe open: what it writes later is not waited for.
            let abort = reader.abort_handle();
            if tokio::time::timeout(Duration::from_secs(2), reader).await.is_err() {
                abort.abort();
            }
        }
        String::from_utf8_lossy(&self.text.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

/// The Runtime API of one function.
fn runtime_api(waiting: UnboundedReceiver<Event>, answered: UnboundedSender<Answered>) -> Handler {
    let waiting = Arc::new(tokio::sync::Mutex::new(waiting));
    Arc::new(move |request| {
        let (waiting, answered) = (Arc::clone(&waiting), answered.clone());
        Box::pin(async move {
            let segments: Vec<&str> = request.path.split('/').skip(1).collect();
            match (request.method.as_str(), segments.as_slice()) {
                ("GET", ["2018-06-01", "runtime", "invocation", "next"]) => next(&mut *waiting.lock().await).await,
                ("POST", ["2018-06-01", "runtime", "invocation", id, "response"]) => {
                    let value = serde_json::from_slice(&request.body)
                        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&request.body).into_owned()));
                    accepted(&answered, Some((*id).to_owned()), Outcome::Response(value))
                }
                ("POST", ["2018-06-01", "runtime", "invocation", id, "error"]) => {
                    accepted(&answered, Some((*id).to_owned()), error_of(&request))
                }
                ("POST", ["2018-06-01", "runtime", "init", "error"]) => accepted(&answered, None, error_of(&request)),
                _ => whole(Answer::json(404, &json!({"errorMessage": "no such path", "errorType": "NotFound"}))),
            }
        })
    })
}

fn whole(answer: Answer) -> Delivery {
    Delivery::Answer(answer, Ending::Complete)
}

/// The next event, waited for as long as it takes.
async fn next(waiting: &mut UnboundedReceiver<Event>) -> Delivery {
    let Some(event) = waiting.recv().await else {
        return Delivery::Never;
    };
    #[allow(clippy::cast_possible_truncation)]
    let deadline =
        (timestamp::now() * 1000.0) as i64 + i64::try_from(event.deadline.as_millis()).unwrap_or(i64::MAX / 2);
    whole(
        Answer::new(200, "application/json", event.body)
            .with_header("Lambda-Runtime-Aws-Request-Id", &event.request_id)
            .with_header("Lambda-Runtime-Deadline-Ms", &deadline.to_string())
            .with_header("Lambda-Runtime-Invoked-Function-Arn", &event.arn)
            .with_header(
                "Lambda-Runtime-Trace-Id",
                "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0",
            ),
    )
}

fn accepted(answered: &UnboundedSender<Answered>, request_id: Option<String>, outcome: Outcome) -> Delivery {
    // Nobody waits any more where the handle was dropped.
    let _ = answered.send(Answered { request_id, outcome });
    whole(Answer::json(202, &json!({"status": "OK"})))
}

fn error_of(request: &Received) -> Outcome {
    let body: Value = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
    let text = |member: &str| body[member].as_str().unwrap_or_default().to_owned();
    let error_type = match text("errorType") {
        absent if absent.is_empty() => request.header("lambda-runtime-function-error-type").to_owned(),
        present => present,
    };
    Outcome::Error { error_type, error_message: text("errorMessage") }
}
