use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::failure::{Failure, Status};

/// The endings by which a directory's manifests are known.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// Something to read manifests from.
#[derive(Clone, Debug)]
pub(super) enum Input {
    /// Standard input.
    Standard,
    /// A file, and how large it is where that is known.
    File(PathBuf, Option<u64>),
    /// What was read from one of these that can be read once only: its copy, which has no name and is gone with the
    /// program.
    Copied(Box<Input>, Arc<File>),
}

impl Input {
    /// The name that errors give it.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Standard => "standard input".to_owned(),
            Self::File(path, _) => path.display().to_string(),
            Self::Copied(original, _) => original.name(),
        }
    }

    /// How large it is, where that is known.
    pub(super) fn size(&self) -> Option<u64> {
        match self {
            Self::Standard => None,
            Self::File(_, size) => *size,
            Self::Copied(_, copy) => copy.metadata().ok().map(|metadata| metadata.len()),
        }
    }

    /// The path; none for standard input.
    pub(super) fn path(&self) -> Option<PathBuf> {
        match self {
            Self::Standard => None,
            Self::File(path, _) => Some(path.clone()),
            Self::Copied(original, _) => original.path(),
        }
    }

    /// The same input, to be read as often as needed: of one that can be read once only, a copy is made.
    pub(super) fn repeatable(self) -> io::Result<Self> {
        if self.size().is_some() {
            return Ok(self);
        }
        let mut copy = tempfile::tempfile()?;
        io::copy(&mut self.open()?, &mut copy)?;
        Ok(Self::Copied(Box::new(self), Arc::new(copy)))
    }

    /// Opens it.
    pub(super) fn open(&self) -> io::Result<Box<dyn Read>> {
        Ok(match self {
            Self::Standard => Box::new(io::stdin().lock()),
            Self::File(path, _) => Box::new(File::open(path)?),
            Self::Copied(_, copy) => {
                let mut copy = copy.try_clone()?;
                copy.rewind()?;
                Box::new(copy)
            }
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
            if !self.inputs.iter().any(|input| matches!(input, Input::Standard)) {
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
        // A pipe, such as a shell's <(command), has no path of its own.
        let first_time = if size.is_some() { self.first_time(path) } else { Ok(true) };
        match first_time {
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
