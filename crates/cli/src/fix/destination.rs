use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// The endings by which `-f DIR` knows its manifests.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// Refuses a destination that may not be written to.
///
/// # Errors
/// A file that is there already, unless it may be overwritten; one that was given with `-f`, in any case; one that a
/// directory given with `-f` would read as a manifest next time.
pub(super) fn check(file: &Path, given: &[PathBuf], overwrite: bool) -> Result<(), Failure> {
    let shown = file.display();
    let refuse = |why: &str| Err(Failure::wrong_use(format!("--fix-output {shown}: {why}")));
    if file.is_dir() {
        return refuse("this is a directory; name a file");
    }
    let real = real_path(file);
    let ending = file.extension().is_some_and(|ending| ENDINGS.iter().any(|known| ending == *known));
    for given in given.iter().filter(|given| given.as_path() != Path::new("-")) {
        let Ok(given) = fs::canonicalize(given) else { continue };
        if given == real {
            return refuse("this is one of the manifests, which are never changed; name another file");
        }
        if ending && given.is_dir() && real.starts_with(&given) {
            return refuse("-f names its directory, so that it would be judged as a manifest; name a file elsewhere");
        }
    }
    if !overwrite && fs::symlink_metadata(file).is_ok() {
        return refuse("there is such a file already; --fix-overwrite writes over it");
    }
    Ok(())
}

/// Writes the file.
///
/// # Errors
/// A file that cannot be written.
pub(super) fn write(file: &Path, text: &str, overwrite: bool) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    options.write(true);
    if overwrite {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    options
        .open(file)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| Failure::wrong_use(format!("--fix-output {}: cannot write: {error}", file.display())))
}

/// The path without symbolic links, as far as it exists.
fn real_path(file: &Path) -> PathBuf {
    if let Ok(real) = fs::canonicalize(file) {
        return real;
    }
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let parent = fs::canonicalize(parent).unwrap_or_else(|_| parent.to_owned());
    parent.join(file.file_name().unwrap_or_default())
}
