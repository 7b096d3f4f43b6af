use std::fmt;

/// How many errors are told in full; a directory of templates has thousands of the same one.
const BOUND: usize = 50;

/// Where in a file an object stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Position {
    /// The document in its file, from 1.
    pub(super) document: u64,
    /// The line on which the document begins, where that is known.
    pub(super) line: Option<u64>,
    /// The item of the document's list, from 1.
    pub(super) item: Option<u64>,
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "document {}", self.document)?;
        if let Some(line) = self.line {
            write!(formatter, " (from line {line})")?;
        }
        if let Some(item) = self.item {
            write!(formatter, ", item {item}")?;
        }
        Ok(())
    }
}

/// Everything that is wrong with the manifests, as far as it is told.
#[derive(Clone, Debug, Default)]
pub(super) struct Errors {
    told: Vec<String>,
    untold: u64,
}

impl Errors {
    /// Adds what is wrong with a file, or with an object in it.
    pub(super) fn add(&mut self, file: &str, position: Option<Position>, message: String) {
        if self.told.len() == BOUND {
            self.untold += 1;
            return;
        }
        self.told.push(match position {
            Some(position) => format!("{file}: {position}: {message}"),
            None if file.is_empty() => message,
            None => format!("{file}: {message}"),
        });
    }

    /// Whether nothing is wrong.
    pub(super) fn is_empty(&self) -> bool {
        self.told.is_empty()
    }

    /// The errors, and how many more there are.
    pub(super) fn messages(&self) -> Vec<String> {
        let mut messages = self.told.clone();
        if self.untold > 0 {
            messages.push(format!("and {} more like these", self.untold));
        }
        messages
    }
}
