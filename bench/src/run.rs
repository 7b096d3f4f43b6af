//! Starts the servers and the clients, one client at a time, and collects what they cost.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use clap::ValueEnum;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::clients::Client;
use crate::cold_start;
use crate::manifests::{self, Reading};
use crate::measure::Cost;
use crate::server::Served;
use crate::{Failure, Plan, plot, report};

/// The report, seen from where the benchmark was built.
const REPORT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/benchmarks.md");

/// The most pods whose pages the server keeps compressed: a hundred megabytes of them.
const COMPRESSED: usize = 100_000;

/// What was measured: pods, delay in milliseconds and client, and the cost of every run.
pub(crate) type Costs = BTreeMap<(usize, u64, Client), Vec<Cost>>;

/// Everything that was found out.
pub(crate) struct Results {
    pub(crate) costs: Costs,
    /// Bytes of a pod in JSON and in protobuf.
    pub(crate) pod_bytes: (usize, usize),
    pub(crate) python: Option<String>,
    pub(crate) cold_starts: Vec<cold_start::ColdStart>,
    pub(crate) python_start: Option<Cost>,
    pub(crate) readings: Vec<Reading>,
}

/// Measures all that the plan asks for.
pub(crate) async fn all(mut plan: Plan) -> Result<(), Failure> {
    let report = plan.report.clone().or_else(|| (!plan.quick).then(|| PathBuf::from(REPORT)));
    if plan.quick {
        plan.pods = vec![1000, 10_000];
        plan.runs = 1;
    }
    if plan.clients.is_empty() {
        plan.clients = Client::value_variants().to_vec();
    }
    let python = python_version(&plan.python).await;
    if python.is_none() {
        say("python3 with kubernetes, requests and orjson is not there: not measured");
        plan.clients.retain(|client| client.program().is_none());
    }
    let mut costs = Costs::new();
    for pods in plan.pods.clone() {
        for delay in plan.delays.clone() {
            for json_only in [false, true] {
                let compressed = !json_only && pods <= COMPRESSED;
                measure(&plan, Served { pods, delay, json_only, compressed }, &mut costs).await?;
            }
        }
    }
    let results = Results {
        costs,
        pod_bytes: pod_bytes().await?,
        python_start: match &python {
            Some(_) => cold_start::python(&plan.python).await.ok(),
            None => None,
        },
        python,
        cold_starts: match cold_start::functions(plan.functions.as_deref()) {
            Ok(functions) => cold_start::all(&functions).await?,
            Err(error) => {
                say(&format!("the start of the functions is not measured: {error}"));
                Vec::new()
            }
        },
        readings: manifests::all(plan.megabytes)?,
    };
    let text = report::markdown(&results);
    match report {
        Some(path) => {
            std::fs::write(&path, text)?;
            std::fs::write(path.with_extension("svg"), plot::svg(&results.costs))?;
            say(&format!("written: {}", path.display()));
        }
        None => writeln!(std::io::stdout(), "{text}")?,
    }
    Ok(())
}

fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Runs every client that reads such a server, in turn, so that what disturbs the machine disturbs all of them.
async fn measure(plan: &Plan, served: Served, costs: &mut Costs) -> Result<(), Failure> {
    let clients: Vec<Client> = plan
        .clients
        .iter()
        .copied()
        .filter(|client| (*client == Client::OursJson) == served.json_only)
        .filter(|client| *client != Client::PythonKubernetes || served.pods <= plan.python_pods)
        .filter(|client| client.program().is_none() || served.delay == 0)
        .filter(|client| *client != Client::RawGzip || served.compressed)
        .collect();
    if clients.is_empty() {
        return Ok(());
    }
    let (pods, delay) = (served.pods, served.delay);
    let server = Server::start(&served).await?;
    if clients.contains(&Client::RawGzip) {
        // The server compresses each page once: that is not the client's time.
        read(&plan.python, Client::RawGzip, &server.kubeconfig).await?;
    }
    for run in 0..plan.runs {
        for client in clients.iter().copied().filter(|client| run < plan.runs_of(*client, pods, delay)) {
            let cost = read(&plan.python, client, &server.kubeconfig).await?;
            if cost.pods != pods as u64 {
                return Err(format!("{client:?} read {} of {pods} pods", cost.pods).into());
            }
            say(&format!(
                "{pods:>7} pods, {delay:>2} ms, {client:?}: {:.3} s, {:.3} s CPU, {:.1} MiB",
                cost.wall,
                cost.cpu,
                cost.peak_memory as f64 / 1_048_576.0
            ));
            costs.entry((pods, delay, client)).or_default().push(cost);
        }
    }
    Ok(())
}

async fn read(python: &str, client: Client, kubeconfig: &Path) -> Result<Cost, Failure> {
    let mut command = match client.program() {
        Some(program) => {
            let mut command = Command::new(python);
            command.arg("-c").arg(program);
            command
        }
        None => {
            let mut command = Command::new(std::env::current_exe()?);
            let name = client.to_possible_value().ok_or("a client without a name")?;
            command.arg("client").arg(name.get_name());
            command
        }
    };
    let output = command.arg(kubeconfig).stdin(Stdio::null()).output().await?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{client:?} ended with {}\n{words}", output.status).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The server's process. It ends when this is dropped.
struct Server {
    _child: Child,
    kubeconfig: PathBuf,
}

impl Server {
    async fn start(served: &Served) -> Result<Self, Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["serve", "--pods", &served.pods.to_string(), "--delay", &served.delay.to_string()]);
        for (wanted, argument) in [(served.json_only, "--json-only"), (served.compressed, "--compressed")] {
            if wanted {
                command.arg(argument);
            }
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("no standard output")?).read_line(&mut line).await?;
        let text: String = serde_json::from_str(&line)?;
        let kubeconfig = std::env::temp_dir().join(format!("eks-config-rules-bench-{}.yaml", std::process::id()));
        std::fs::write(&kubeconfig, text)?;
        Ok(Self { _child: child, kubeconfig })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.kubeconfig);
    }
}

/// How large a pod is: the pages of a small cluster, divided by its pods.
async fn pod_bytes() -> Result<(usize, usize), Failure> {
    let server = Server::start(&Served { pods: 200, delay: 0, json_only: false, compressed: false }).await?;
    let json = crate::clients::page_bytes(&server.kubeconfig, "application/json").await? / 200;
    let protobuf = crate::clients::page_bytes(&server.kubeconfig, loopback::protobuf::PROTOBUF).await? / 200;
    Ok((json, protobuf))
}

/// The versions of Python and of its modules; none where one of them is not there.
async fn python_version(python: &str) -> Option<String> {
    let program = "import sys, kubernetes, requests, orjson; \
                   print('Python %s, kubernetes %s, requests %s, orjson %s' % (sys.version.split()[0], \
                   kubernetes.__version__, requests.__version__, orjson.__version__))";
    let output = Command::new(python).arg("-c").arg(program).stderr(Stdio::null()).output().await.ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
