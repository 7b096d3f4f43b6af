use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};

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
    static BUILT: Mutex<BTreeMap<String, PathBuf>> = Mutex::new(BTreeMap::new());
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    built.entry(name.to_owned()).or_insert_with(|| once_a_run(name)).clone()
}

fn once_a_run(name: &str) -> PathBuf {
    let build = || function_binary(name).unwrap_or_else(|error| panic!("{error}"));
    let Ok(run) = std::env::var("NEXTEST_RUN_ID") else { return build() };
    let beside = std::env::current_exe().expect("a test knows its own path");
    let mut note = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(beside.with_file_name(format!("acceptance-{name}.built")))
        .expect("the directory of the tests can be written");
    note.lock().expect("the note can be locked");
    let mut text = String::new();
    note.read_to_string(&mut text).expect("the note is text");
    if let Some((of_run, path)) = text.split_once('\n')
        && of_run == run
    {
        return path.into();
    }
    let path = build();
    note.set_len(0).and_then(|()| note.rewind()).expect("the note can be emptied");
    write!(note, "{run}\n{}", path.display()).expect("the note can be written");
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
