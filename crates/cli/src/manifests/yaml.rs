//! Reading YAML: documents are cut at their markers and each is parsed alone, so that a mistake in one does not hide
//! those after it, and line numbers are those of the file.

use std::io::{self, BufRead, Read};

use serde::de::DeserializeSeed;
use serde_saphyr::{Error, Options, SnippetMode};

use super::document::Document;
use super::error::Position;
use super::intake::Intake;
use super::text::Text;

/// A document up to this size is in memory at once; a longer one is parsed as it is read.
const LONG: usize = 1024 * 1024;

/// How deep a document may be nested. The schema of a custom resource definition has some fifty levels.
const DEPTH: usize = 200;

/// Reads a stream of YAML documents.
pub(super) fn read<R: Read>(file: &str, text: Text<R>, intake: &mut Intake) {
    let mut documents = Documents::new(text.reader, text.blank_lines);
    loop {
        let read = documents.next();
        let position = Position { document: documents.number, line: Some(documents.first_line), item: None };
        let result = match read {
            Ok(None) => return,
            Ok(Some(Size::Short)) => short(&documents.buffer, Document { file, position, intake: &mut *intake }),
            Ok(Some(Size::Long)) => long(&mut documents, Document { file, position, intake: &mut *intake }),
            Err(error) => Err(Wrong { message: format!("cannot read: {error}"), template: false }),
        };
        if let Err(Wrong { message, template }) = result {
            let advice = if template {
                ". There is {{ in it: judge what `helm template` makes of a chart, not its templates"
            } else {
                ""
            };
            intake.errors.add(file, Some(position), format!("{message}{advice}"));
        }
        if documents.failed {
            return;
        }
    }
}

/// What is wrong with a document.
struct Wrong {
    message: String,
    /// Whether it looks like a template.
    template: bool,
}

fn short(buffer: &[u8], document: Document<'_>) -> Result<(), Wrong> {
    let line = document.position.line.unwrap_or(1);
    let template = || buffer.windows(2).any(|pair| pair == b"{{");
    let text = std::str::from_utf8(buffer).map_err(|error| {
        let lines = buffer.iter().take(error.valid_up_to()).filter(|byte| **byte == b'\n').count() as u64;
        Wrong { message: format!("not UTF-8, on line {}", line + lines), template: false }
    })?;
    serde_saphyr::with_deserializer_from_str_with_options(text, options(), |deserializer| {
        document.deserialize(deserializer)
    })
    .map_err(|error| Wrong { message: worded(&error, line), template: template() })
}

fn long<R: BufRead>(documents: &mut Documents<R>, document: Document<'_>) -> Result<(), Wrong> {
    let line = documents.first_line;
    let mut reader = LongDocument { documents, position: 0, ended: false };
    let result = serde_saphyr::with_deserializer_from_reader_with_options(&mut reader, options(), |deserializer| {
        document.deserialize(deserializer)
    });
    // What an error left unread belongs to this document, too.
    let rest = io::copy(&mut reader, &mut io::sink());
    result.map_err(|error| Wrong { message: worded(&error, line), template: false })?;
    rest.map(|_| ()).map_err(|error| Wrong { message: format!("cannot read: {error}"), template: false })
}

fn worded(error: &Error, first_line: u64) -> String {
    let options =
        serde_saphyr::render_options! { snippets: SnippetMode::Off, line_offset: first_line.saturating_sub(1) };
    format!("not YAML that can be read: {}", error.render_with_options(options))
}

/// Manifests may be of any size, so that most budgets are lifted; those against a document that grows when its aliases
/// are followed stay.
fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_reader_input_bytes: None,
            simple_key_max_lookahead: 64 * 1024,
            max_events: usize::MAX,
            max_nodes: usize::MAX,
            max_documents: usize::MAX,
            max_total_scalar_bytes: usize::MAX,
            max_aliases: usize::MAX,
            max_anchors: usize::MAX,
            max_merge_keys: usize::MAX,
            max_depth: DEPTH,
            enforce_alias_anchor_ratio: false,
        },
        emit_comments: false,
        with_snippet: false,
    }
}

/// How a document is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Size {
    /// All of it is in the buffer.
    Short,
    /// Its beginning is in the buffer.
    Long,
}

/// Cuts a stream at `---` and `...`, which mean the same wherever they begin a line: inside of a block scalar every
/// line is indented, and a quoted one may not have them.
struct Documents<R> {
    reader: R,
    /// The document, or the beginning of a long one.
    buffer: Vec<u8>,
    /// The marker line that was read and belongs to the next document.
    marker: Vec<u8>,
    /// Lines read so far.
    lines: u64,
    /// The line on which the document begins.
    first_line: u64,
    /// The document's number.
    number: u64,
    /// Whether reading failed.
    failed: bool,
}

/// What a line is to the cutting.
enum Line {
    /// It belongs to the document.
    Content,
    /// The document ends before it or with it.
    End,
    /// The stream ends.
    EndOfStream,
}

impl<R: BufRead> Documents<R> {
    fn new(reader: R, lines: u64) -> Self {
        Self { reader, buffer: Vec::new(), marker: Vec::new(), lines, first_line: 0, number: 0, failed: false }
    }

    /// Reads the next document, or the beginning of a long one.
    fn next(&mut self) -> io::Result<Option<Size>> {
        self.buffer.clear();
        // Before its content a document has its directives and its marker, and comments.
        let mut begun = !self.marker.is_empty();
        self.first_line = self.lines + u64::from(!begun);
        self.buffer.append(&mut self.marker);
        loop {
            let start = self.buffer.len();
            match self.line(begun)? {
                Line::Content => begun = begun || !is_prologue(self.buffer.get(start..).unwrap_or_default()),
                Line::End if begun => break,
                Line::End => {}
                Line::EndOfStream if begun => break,
                Line::EndOfStream => return Ok(None),
            }
            if self.buffer.len() > LONG {
                self.number += 1;
                return Ok(Some(Size::Long));
            }
        }
        self.number += 1;
        Ok(Some(Size::Short))
    }

    /// Appends one line to the buffer, or finds that the document ends.
    fn line(&mut self, begun: bool) -> io::Result<Line> {
        let start = self.buffer.len();
        let read = self.reader.read_until(b'\n', &mut self.buffer).inspect_err(|_| self.failed = true)?;
        if read == 0 {
            return Ok(Line::EndOfStream);
        }
        self.lines += 1;
        // Files that were joined have their byte order marks inside.
        if self.buffer.get(start..).is_some_and(|line| line.starts_with(&[0xef, 0xbb, 0xbf])) {
            self.buffer.drain(start..start + 3);
        }
        let line = self.buffer.get(start..).unwrap_or_default();
        if is_marker(line, b"...") {
            self.buffer.truncate(start);
            return Ok(Line::End);
        }
        if begun && is_marker(line, b"---") {
            self.marker.extend_from_slice(line);
            self.buffer.truncate(start);
            return Ok(Line::End);
        }
        Ok(Line::Content)
    }
}

/// Whether a line is a marker: three characters and nothing, or white space, after them.
fn is_marker(line: &[u8], marker: &[u8; 3]) -> bool {
    line.strip_prefix(marker).is_some_and(|rest| rest.first().is_none_or(u8::is_ascii_whitespace))
}

/// Whether a line may stand before a document: blank, a comment or a directive.
fn is_prologue(line: &[u8]) -> bool {
    line.starts_with(b"%") || line.trim_ascii().first().is_none_or(|first| *first == b'#')
}

/// A long document as a reader that ends where it ends.
struct LongDocument<'a, R> {
    documents: &'a mut Documents<R>,
    /// How much of the buffer was handed over.
    position: usize,
    ended: bool,
}

impl<R: BufRead> Read for LongDocument<'_, R> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        if self.position == self.documents.buffer.len() {
            self.fill()?;
        }
        let rest = self.documents.buffer.get(self.position..).unwrap_or_default();
        let length = rest.len().min(target.len());
        if let (Some(target), Some(rest)) = (target.get_mut(..length), rest.get(..length)) {
            target.copy_from_slice(rest);
        }
        self.position += length;
        Ok(length)
    }
}

impl<R: BufRead> LongDocument<'_, R> {
    /// Refills the buffer with whole lines of the document.
    fn fill(&mut self) -> io::Result<()> {
        self.documents.buffer.clear();
        self.position = 0;
        while !self.ended && self.documents.buffer.len() < 64 * 1024 {
            self.ended = !matches!(self.documents.line(true)?, Line::Content);
        }
        Ok(())
    }
}
