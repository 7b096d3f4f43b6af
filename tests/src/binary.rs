use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use loopback::{World, function_binary};
use tokio::process::Command;

/// The root of the workspace.
#[must_use]
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the workspace").to_owned()
}

/// The path of a binary, which cargo builds if it is older than its source.
///
/// Cargo is asked once a process, and where nextest runs each test in a process of its own, once a run.
#[must_use]
pub fn binary(name: &str) -> PathBuf {
    let build = || function_binary(name).unwrap_or_else(|error| panic!("{error}"));
    let Ok(run) = std::env::var("NEXTEST_RUN_ID") else { return build() };
    let beside = std::env::current_exe().expect("a test knows its own path");
    // All binaries are built together: the note says in which run, and where they are.
    let mut note = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(beside.with_file_name("acceptance.built"))
        .expect("the directory of the tests can be written");
    note.lock().expect("the note can be locked");
    let mut text = String::new();
    note.read_to_string(&mut text).expect("the note is text");
    if let Some((of_run, directory)) = text.split_once('\n')
        && of_run == run
    {
        return Path::new(directory).join(name);
    }
    let path = build();
    let directory = path.parent().expect("a binary lies in a directory");
    note.set_len(0).and_then(|()| note.rewind()).expect("the note can be emptied");
    write!(note, "{run}\n{}", directory.display()).expect("the note can be written");
    path
}

/// The command line `eks-config-rules` with these arguments, in the environment of a world and no other.
#[must_use]
pub fn command_line(world: &World, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary("eks-config-rules"));
    command
        .args(arguments)
        .env_clear()
        .envs(std::env::vars_os().filter(|(name, _)| name == "PATH" || name == "LLVM_PROFILE_FILE"))
        .envs(world.environment())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}
