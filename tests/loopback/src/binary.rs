//! The function binaries that the demo and the acceptance tests run.

use std::io::Write;
use std::path::{Path, PathBuf};

use escargot::CargoBuild;

use crate::world::WorldError;

/// The workspace that this crate was built in.
const MANIFEST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml");

/// The path of a function's binary, `name` being the name of both the package and the binary.
///
/// Where the workspace is there, cargo builds it, locked and in the profile of the running program, so that it is never
/// older than its source. Elsewhere it must lie beside the running program.
///
/// # Errors
/// Where it does not build, or is not there.
pub fn function_binary(name: &str) -> Result<PathBuf, WorldError> {
    let beside = beside(name);
    if !Path::new(MANIFEST).exists() {
        return beside
            .ok_or_else(|| WorldError::NoBinary { name: name.to_owned(), why: "not beside this program".to_owned() });
    }
    if beside.is_none() {
        // The first build takes minutes, and cargo's own progress does not show here.
        let _ = writeln!(std::io::stderr(), "building {name} with cargo");
    }
    let mut build = CargoBuild::new().manifest_path(MANIFEST).package(name).bin(name).arg("--locked").current_release();
    if let Some(directory) = target_directory() {
        build = build.target_dir(directory);
    }
    match build.run() {
        Ok(run) => Ok(run.path().to_owned()),
        Err(error) => Err(WorldError::NoBinary { name: name.to_owned(), why: error.to_string() }),
    }
}

/// The directory of the running program; a test lies one level deeper, in `deps`.
fn program_directory() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    let directory = program.parent()?;
    let deeper = directory.file_name().is_some_and(|name| name == "deps");
    Some(if deeper { directory.parent()?.to_owned() } else { directory.to_owned() })
}

fn beside(name: &str) -> Option<PathBuf> {
    let path = program_directory()?.join(name);
    path.exists().then_some(path)
}

/// Cargo's target directory, so that the binary shares what is built already.
fn target_directory() -> Option<PathBuf> {
    Some(program_directory()?.parent()?.to_owned())
}
