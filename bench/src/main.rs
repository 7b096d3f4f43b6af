//! The benchmark: `cargo run --release -p bench`.
//!
//! A server process lists a cluster of N pods over TLS on loopback; each client reads it in a process of its own, so that processor
//! time and memory are the client's alone. The results go to `docs/benchmarks.md` and `docs/benchmarks.svg`.

mod clients;
mod cold_start;
mod manifests;
mod measure;
mod plot;
mod report;
mod run;
mod server;

use std::io::Write;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

use clients::Client;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Measures what a scan costs.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    part: Option<Part>,
    #[command(flatten)]
    plan: Plan,
}

/// What is measured.
#[derive(Clone, Debug, clap::Args)]
struct Plan {
    /// How many pods the cluster has, each in turn.
    #[arg(long, value_delimiter = ',', default_value = "1000,10000,100000,200000")]
    pods: Vec<usize>,
    /// 1,000 and 10,000 pods only, one run, and no report unless --report asks for it.
    #[arg(long)]
    quick: bool,
    /// How long the server waits before each page, in milliseconds, each in turn.
    #[arg(long, value_delimiter = ',', default_value = "0,50")]
    delays: Vec<u64>,
    /// How often each client runs. The slow ones run less often, and so do most where the server waits.
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// The clients; none means all.
    #[arg(long, value_delimiter = ',')]
    clients: Vec<Client>,
    /// The Python that has (or has not) the modules kubernetes, requests and orjson.
    #[arg(long, default_value = "python3")]
    python: String,
    /// The most pods that the Python kubernetes client reads; it takes half a minute for 10,000.
    #[arg(long, default_value_t = 10_000)]
    python_pods: usize,
    /// A directory with the function binaries, as they are deployed; without it cargo builds them, which takes minutes.
    #[arg(long)]
    functions: Option<PathBuf>,
    /// How large the manifests are, in megabytes.
    #[arg(long, default_value_t = 32)]
    megabytes: usize,
    /// The report; its plot is written beside it.
    #[arg(long)]
    report: Option<PathBuf>,
}

impl Plan {
    /// How often a client runs: nothing is gained by waiting minutes for the slow ones.
    fn runs_of(&self, client: Client, pods: usize, delay: u64) -> usize {
        let most = match (client, delay) {
            (Client::PythonKubernetes | Client::PythonOrjson, _) => 1,
            (Client::Typed, 0) => 3,
            (Client::Raw | Client::Ours, _) if delay == 0 || pods <= 100_000 => self.runs,
            (_, 0) => self.runs,
            _ => 1,
        };
        most.min(self.runs)
    }
}

/// The processes that the benchmark starts.
#[derive(Clone, Debug, Subcommand)]
enum Part {
    /// Serves a cluster until standard input ends.
    #[command(hide = true)]
    Serve(server::Served),
    /// Reads the cluster of a kubeconfig once and tells what that took.
    #[command(hide = true)]
    Client {
        /// Which.
        client: Client,
        /// The kubeconfig.
        kubeconfig: PathBuf,
    },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let arguments = Arguments::parse();
    match arguments.part {
        Some(Part::Serve(served)) => server::serve(served).await,
        Some(Part::Client { client, kubeconfig }) => {
            let cost = clients::run(client, &kubeconfig).await?;
            writeln!(std::io::stdout(), "{}", serde_json::to_string(&cost)?)?;
            Ok(())
        }
        None => run::all(arguments.plan).await,
    }
}
