//! `eks-config-rules`: the three rules from a command line.

mod command_line;
mod demo;
mod doctor;
mod failure;
mod fix;
mod invoke;
mod judge;
mod live;
mod manifests;
mod output;
mod parameters;
mod policy;
mod progress;

use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use crate::command_line::{Command, CommandLine};
use crate::failure::{Failure, Status};

fn main() -> ExitCode {
    let CommandLine { command } = CommandLine::parse();
    match run(command) {
        Ok(status) => status.into(),
        Err(Failure { status, messages }) => {
            for message in messages {
                tell(&format!("error: {message}"));
            }
            status.into()
        }
    }
}

fn run(command: Command) -> Result<Status, Failure> {
    match command {
        Command::Judge(arguments) => judge::run(*arguments),
        Command::Invoke(arguments) => wait_for(invoke::invoke(&arguments)),
        Command::Doctor(arguments) => wait_for(doctor::doctor(*arguments)),
        Command::Demo(arguments) => wait_for(demo::demo(&arguments)),
        Command::Policy(arguments) => policy::run(&arguments),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut CommandLine::command(), "eks-config-rules", &mut script);
            output::print(&script)?;
            Ok(Status::Compliant)
        }
    }
}

/// Runs what needs a network.
fn wait_for<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::not_judged(format!("cannot start the async runtime: {error}")))?;
    runtime.block_on(work)
}

/// Says something on standard error, without what a terminal would obey. Where nobody reads it, nothing is lost that could be said elsewhere.
fn tell(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", eks_rules::printable(line));
}
