use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Status};

/// The endings by which a directory's manifests are known.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// Something to read manifests from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// Standard input.
    Standard,
    /// A file, and how large it is where that is known.
    File(PathBuf, Option<u64>),
}

impl Input {
    /// The name that errors give it.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Standard => "standard input".to_owned(),
            Self::File(path, _) => path.display().to_string(),
        }
    }

    /// How large it is, where that is known.
    pub(super) fn size(&self) -> Option<u64> {
        match self {
            Self::Standard => None,
            Self::File(_, size) => *size,
        }
    }

    /// Opens it.
    pub(super) fn open(&self) -> io::Result<Box<dyn Read>> {
        Ok(match self {
            Self::Standard => Box::new(io::stdin().lock()),
            Self::File(path, _) => Box::new(File::open(path)?),
        })
    }
}

/// Finds the files that `-f` names: files as they are, directories with all that lies under them, in order of names.
/// A file that is found twice is read once.
///
/// # Errors
/// Every path that does not exist or cannot be looked into, and every directory without manifests.
pub(super) fn find(paths: &[PathBuf]) -> Result<Vec<Input>, Failure> {
    let mut search = Search::default();
    for path in paths {
        search.argument(path);
    }
    if search.errors.is_empty() {
        Ok(search.inputs)
    } else {
        Err(Failure { status: Status::WrongUse, messages: search.errors })
    }
}

#[derive(Debug, Default)]
struct Search {
    inputs: Vec<Input>,
    /// Files and directories that were found, by their real paths: a symbolic link may lead back into its own directory.
    seen: BTreeSet<PathBuf>,
    errors: Vec<String>,
}

impl Search {
    fn argument(&mut self, path: &Path) {
        if path == Path::new("-") {
            if !self.inputs.contains(&Input::Standard) {
                self.inputs.push(Input::Standard);
            }
            return;
        }
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => {
                if !self.directory(path) {
                    self.errors.push(format!("{}: no .yaml, .yml or .json file in this directory", path.display()));
                }
            }
            Ok(metadata) => self.file(path, metadata.is_file().then_some(metadata.len())),
            Err(error) => self.wrong(path, &error),
        }
    }

    /// Whether there is any manifest in it, read before or not.
    fn directory(&mut self, path: &Path) -> bool {
        match self.first_time(path) {
            Ok(true) => {}
            Ok(false) => return true,
            Err(error) => {
                self.wrong(path, &error);
                return true;
            }
        }
        let mut entries = match fs::read_dir(path).and_then(|entries| {
            entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<PathBuf>>>()
        }) {
            Ok(entries) => entries,
            Err(error) => {
                self.wrong(path, &error);
                return true;
            }
        };
        entries.sort();
        let mut found = false;
        for entry in entries {
            let manifest = entry.extension().is_some_and(|ending| ENDINGS.iter().any(|known| ending == *known));
            match fs::metadata(&entry) {
                Ok(metadata) if metadata.is_dir() => found |= self.directory(&entry),
                Ok(metadata) if manifest => {
                    found = true;
                    self.file(&entry, metadata.is_file().then_some(metadata.len()));
                }
                Err(error) if manifest => {
                    found = true;
                    self.wrong(&entry, &error);
                }
                // Neither a manifest nor a directory: nothing of ours, readable or not.
                Ok(_) | Err(_) => {}
            }
        }
        found
    }

    fn file(&mut self, path: &Path, size: Option<u64>) {
        match self.first_time(path) {
            Ok(true) => self.inputs.push(Input::File(path.to_owned(), size)),
            Ok(false) => {}
            Err(error) => self.wrong(path, &error),
        }
    }

    fn first_time(&mut self, path: &Path) -> io::Result<bool> {
        Ok(self.seen.insert(fs::canonicalize(path)?))
    }

    fn wrong(&mut self, path: &Path, error: &io::Error) {
        self.errors.push(format!("{}: cannot read: {error}", path.display()));
    }
}
