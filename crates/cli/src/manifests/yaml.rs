//! Reading YAML: documents are cut at their markers and each is parsed alone, so that a mistake in one does not hide
//! those after it, and line numbers are those of the file.

use std::io::{self, BufRead, Read};
use std::{mem, thread};

use serde::de::DeserializeSeed;
use serde_saphyr::{Error, Options, SnippetMode};

use super::document::{Document, Take};
use super::error::Position;
use super::intake::{FileIntake, Intake};
use super::parsers::Parsers;
use super::text::Text;

/// A document up to this size is in memory at once; a longer one is parsed as it is read.
const LONG: usize = 1024 * 1024;

/// How much text is parsed together: enough that handing it to another thread costs nothing.
const BATCH: usize = 128 * 1024;

/// How deep a document may be nested. The schema of a custom resource definition has some fifty levels.
const DEPTH: usize = 200;

/// Reads a stream of YAML documents.
pub(super) fn read<R: Read>(file: &str, text: Text<R>, intake: &mut Intake) {
    let mut documents = Documents::new(text.reader, text.blank_lines);
    let mut taker = FileIntake { file, intake };
    thread::scope(|scope| {
        let mut parsers = Parsers::new(scope);
        let mut batch = Batch::default();
        while !documents.failed {
            let read = documents.next();
            let position = Position { document: documents.number, line: Some(documents.first_line), item: None };
            match read {
                Ok(None) => break,
                Ok(Some(Size::Short)) => {
                    batch.add(position, mem::take(&mut documents.buffer));
                    if batch.size >= BATCH {
                        parsers.parse(mem::take(&mut batch), &mut taker);
                    }
                }
                Ok(Some(Size::Long)) => {
                    parsers.finish(mem::take(&mut batch), &mut taker);
                    long(&mut documents, position, &mut taker);
                }
                Err(error) => {
                    parsers.finish(mem::take(&mut batch), &mut taker);
                    taker.take(position, Err(format!("cannot read: {error}")));
                }
            }
        }
        parsers.finish(batch, &mut taker);
    });
}

/// Documents that are parsed together.
#[derive(Debug, Default)]
pub(super) struct Batch {
    documents: Vec<(Position, Vec<u8>)>,
    size: usize,
}

impl Batch {
    fn add(&mut self, position: Position, text: Vec<u8>) {
        self.size += text.len();
        self.documents.push((position, text));
    }

    /// Parses the documents.
    pub(super) fn parse(self, taker: &mut impl Take) {
        for (position, text) in self.documents {
            short(&text, position, taker);
        }
    }
}

fn short(buffer: &[u8], position: Position, taker: &mut impl Take) {
    let line = position.line.unwrap_or(1);
    let parsed = match std::str::from_utf8(buffer) {
        Ok(text) => serde_saphyr::with_deserializer_from_str_with_options(text, options(), |deserializer| {
            Document { position, taker: &mut *taker }.deserialize(deserializer)
        })
        .map_err(|error| worded(&error, line) + template_advice(buffer)),
        Err(error) => {
            let lines = buffer.iter().take(error.valid_up_to()).filter(|byte| **byte == b'\n').count() as u64;
            Err(format!("not UTF-8, on line {}", line + lines))
        }
    };
    if let Err(wrong) = parsed {
        taker.take(position, Err(wrong));
    }
}

fn template_advice(text: &[u8]) -> &'static str {
    if text.windows(2).any(|pair| pair == b"{{") {
        ". There is {{ in it: judge what `helm template` makes of a chart, not its templates"
    } else {
        ""
    }
}

fn long<R: BufRead>(documents: &mut Documents<R>, position: Position, taker: &mut impl Take) {
    let line = documents.first_line;
    let mut reader = LongDocument { documents, position: 0, ended: false };
    let parsed = serde_saphyr::with_deserializer_from_reader_with_options(&mut reader, options(), |deserializer| {
        Document { position, taker: &mut *taker }.deserialize(deserializer)
    });
    // What an error left unread belongs to this document, too.
    let rest = io::copy(&mut reader, &mut io::sink());
    if let Err(error) = parsed {
        taker.take(position, Err(worded(&error, line)));
    } else if let Err(error) = rest {
        taker.take(position, Err(format!("cannot read: {error}")));
    }
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
