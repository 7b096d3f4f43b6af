//! The function binaries that the demo and the acceptance tests run.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use escargot::CargoBuild;

use crate::world::WorldError;

/// The workspace that this crate was built in.
const MANIFEST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml");

/// The path of one of the workspace's binaries, `name` being the name of both the package and the binary.
///
/// Where the workspace is there, cargo builds it, locked and in the profile of the running program, so that it is never
/// older than its source. Elsewhere it must lie beside the running program.
///
/// # Errors
/// Where it does not build, or is not there.
pub fn function_binary(name: &str) -> Result<PathBuf, WorldError> {
    static BUILT: OnceLock<Result<(), String>> = OnceLock::new();
    let error = |why: String| WorldError::NoBinary { name: name.to_owned(), why };
    let directory = program_directory().ok_or_else(|| error("this program does not know where it lies".to_owned()))?;
    let path = directory.join(name);
    if Path::new(MANIFEST).exists() {
        BUILT.get_or_init(|| build(&directory, !path.exists())).clone().map_err(error)?;
    }
    if path.exists() { Ok(path) } else { Err(error(format!("not in {}", directory.display()))) }
}

/// Builds every binary that is deployed or installed, as `cargo run` would: with the same selection of packages, cargo
/// finds their dependencies built already.
fn build(directory: &Path, first: bool) -> Result<(), String> {
    if first {
        // The first build takes a while, and cargo's own progress does not show here.
        let _ = writeln!(std::io::stderr(), "building the functions with cargo");
    }
    let mut build = CargoBuild::new().manifest_path(MANIFEST).bins().arg("--locked").current_release();
    if let Some(target) = directory.parent() {
        build = build.target_dir(target);
    }
    for name in told_by_cargo() {
        build = build.env_remove(name);
    }
    let mut messages = build.exec().map_err(|error| error.to_string())?;
    messages.try_for_each(|message| message.map(drop).map_err(|error| error.to_string()))
}

/// The names of what cargo tells a program that it runs. It is nothing that a build should see: ring's build script, for
/// one, would run anew, and with it whatever depends on it.
pub fn told_by_cargo() -> impl Iterator<Item = OsString> {
    let told = ["CARGO_MANIFEST_", "CARGO_PKG_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"];
    let names = std::env::vars_os().map(|(name, _)| name);
    names.filter(move |name| name.to_str().is_some_and(|name| told.iter().any(|prefix| name.starts_with(prefix))))
}

/// The directory of the running program; a test lies one level deeper, in `deps`.
fn program_directory() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    let directory = program.parent()?;
    let deeper = directory.file_name().is_some_and(|name| name == "deps");
    Some(if deeper { directory.parent()?.to_owned() } else { directory.to_owned() })
}
