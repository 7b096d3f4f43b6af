//! Reading JSON: one value after another, as `kubectl get -o json` and `jq` write them.
//!
//! A parser that reads from a slice is many times as fast as one that reads from a stream, and no file need fit into
//! memory. So serde_json looks for the end of each value in what is in memory, and more is read where it finds none: a
//! list is in memory item by item.

use std::io::{self, BufRead, Read};
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Error as _, IgnoredAny};
use serde_json::{Deserializer, Error, Value};

use super::document::{Document, Partial, Take, without_unread};
use super::error::Position;
use super::intake::{FileIntake, Intake};
use super::text::Text;

/// How much is read at a time.
const CHUNK: usize = 256 * 1024;

/// Reads a stream of JSON values. What follows a syntax error cannot be told apart, so that the file ends there.
pub(super) fn read<R: Read>(file: &str, text: Text<R>, intake: &mut Intake) {
    let mut cutter = Cutter::new(text.reader, text.blank_lines);
    let mut position = Position { document: 0, line: None, item: None };
    loop {
        position.document += 1;
        let mut taker = FileIntake { file, intake: &mut *intake };
        match cutter.document(Document { position, taker: &mut taker }) {
            Ok(true) => {}
            Ok(false) => return,
            Err(Stop::Syntax(error)) => {
                return intake.errors.add(file, Some(position), format!("not JSON: {error}"));
            }
            Err(Stop::Reading(error)) => {
                return intake.errors.add(file, Some(position), format!("cannot read: {error}"));
            }
        }
    }
}

/// Why the reading stops.
enum Stop {
    Reading(io::Error),
    Syntax(Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Reading(error)
    }
}

/// Cuts a text into values.
struct Cutter<R> {
    reader: R,
    buffer: Vec<u8>,
    /// Where in the buffer the rest begins.
    begin: usize,
    /// Whether there is no more to read.
    ended: bool,
    /// How many lines end before the rest.
    lines: u64,
    /// How many bytes of its line stand before the rest.
    column: usize,
}

impl<R: BufRead> Cutter<R> {
    const fn new(reader: R, lines: u64) -> Self {
        Self { reader, buffer: Vec::new(), begin: 0, ended: false, lines, column: 0 }
    }

    /// Reads the next document; false where there is none.
    fn document(&mut self, mut document: Document<'_, impl Take>) -> Result<bool, Stop> {
        match self.peek()? {
            None => return Ok(false),
            Some(b'[') => {
                let mut number = 0;
                self.elements(|item| {
                    number += 1;
                    document.item(number, item);
                })?;
            }
            Some(b'{') => self.object(Partial::new(document))?,
            Some(_) => self.value(document)?,
        }
        Ok(true)
    }

    fn object(&mut self, mut object: Partial<'_, impl Take>) -> Result<(), Stop> {
        self.pass(1);
        let mut first = true;
        while self.goes_on(b'}', "an object", &mut first)? {
            if self.peek()?.is_some_and(|next| next != b'"') {
                return Err(self.unexpected("key must be a string"));
            }
            let key: String = self.value(PhantomData)?;
            object.check(&key).map_err(|wrong| self.wrong(&wrong))?;
            match self.peek()? {
                Some(b':') => self.pass(1),
                Some(_) => return Err(self.unexpected("expected `:`")),
                None => return Err(self.wrong("EOF while parsing an object")),
            }
            match (object.streams(&key), self.peek()?) {
                (true, Some(b'[')) => {
                    object.begin_items();
                    self.elements(|item| object.item(item))?;
                }
                (true, Some(b'n')) => {
                    self.value(PhantomData::<()>)?;
                    object.begin_items();
                }
                (true, Some(next)) if next != b'{' => return Err(self.unexpected("expected a sequence of items")),
                _ => {
                    let value = self.value(without_unread(&key))?;
                    object.insert(key, value);
                }
            }
        }
        object.end();
        Ok(())
    }

    fn elements(&mut self, mut take: impl FnMut(Value)) -> Result<(), Stop> {
        self.pass(1);
        let mut first = true;
        while self.goes_on(b']', "a list", &mut first)? {
            take(self.value(without_unread(""))?);
        }
        Ok(())
    }

    /// Whether another element follows; passes the comma before it, or the end.
    fn goes_on(&mut self, end: u8, what: &str, first: &mut bool) -> Result<bool, Stop> {
        let begun = std::mem::replace(first, false);
        match self.peek()? {
            Some(next) if next == end => {
                self.pass(1);
                Ok(false)
            }
            Some(_) if begun => Ok(true),
            Some(b',') => {
                self.pass(1);
                match self.peek()? {
                    Some(next) if next == end => Err(self.unexpected("trailing comma")),
                    _ => Ok(true),
                }
            }
            Some(_) => Err(self.unexpected(&format!("expected `,` or `{}`", char::from(end)))),
            None => Err(self.wrong(&format!("EOF while parsing {what}"))),
        }
    }

    /// Reads the value that the rest begins with.
    fn value<S: for<'de> DeserializeSeed<'de, Value = T>, T>(&mut self, seed: S) -> Result<T, Stop> {
        let length = self.length()?;
        let mut deserializer = Deserializer::from_slice(self.rest().get(..length).unwrap_or_default());
        let value = seed.deserialize(&mut deserializer).map_err(|error| self.located(&error))?;
        self.pass(length);
        Ok(value)
    }

    /// How long the value is with which the rest begins.
    fn length(&mut self) -> Result<usize, Stop> {
        loop {
            let mut values = Deserializer::from_slice(self.rest()).into_iter::<IgnoredAny>();
            let passed = values.next();
            let length = values.byte_offset();
            match passed {
                // A number at the end of what was read may go on.
                Some(Ok(_)) if self.ended || length < self.rest().len() => return Ok(length),
                Some(Err(_)) if !self.ended && self.rest().last().is_some_and(|last| b"-+.eE".contains(last)) => {
                    self.fill()?
                }
                Some(Err(error)) if self.ended || !error.is_eof() => {
                    // Passing over a value words and places a few mistakes otherwise than reading it does, and one is none of
                    // the value: what follows a scalar.
                    return match without_unread("").deserialize(&mut Deserializer::from_slice(self.rest())) {
                        Ok(_) => Ok(length),
                        Err(error) => Err(self.located(&error)),
                    };
                }
                None if self.ended => return Err(self.wrong("EOF while parsing a value")),
                _ => self.fill()?,
            }
        }
    }

    /// The first character of the rest that is not blank, which the rest begins with from here on.
    fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            let rest = self.rest();
            let blanks = rest.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
            let next = blanks.and_then(|blanks| rest.get(blanks)).copied();
            self.pass(blanks.unwrap_or(self.rest().len()));
            if next.is_some() || self.ended {
                return Ok(next);
            }
            self.fill()?;
        }
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.begin..).unwrap_or_default()
    }

    /// Passes so many bytes of the rest.
    fn pass(&mut self, length: usize) {
        let passed = self.rest().get(..length).unwrap_or_default();
        let lines = passed.iter().filter(|byte| **byte == b'\n').count();
        let column = match lines {
            0 => self.column + length,
            _ => passed.iter().rev().take_while(|byte| **byte != b'\n').count(),
        };
        self.lines += lines as u64;
        self.column = column;
        self.begin += length;
    }

    /// Reads on: as much again as there is, so that a long value is looked through a few times only.
    fn fill(&mut self) -> io::Result<()> {
        self.buffer.drain(..self.begin);
        self.begin = 0;
        let more = self.buffer.len().max(CHUNK) as u64;
        self.ended = self.reader.by_ref().take(more).read_to_end(&mut self.buffer)? == 0;
        Ok(())
    }

    /// What is wrong where the rest begins.
    fn wrong(&self, message: &str) -> Stop {
        self.wrong_at(self.column, message)
    }

    /// What is wrong with the character that the rest begins with.
    fn unexpected(&self, message: &str) -> Stop {
        self.wrong_at(self.column + 1, message)
    }

    fn wrong_at(&self, column: usize, message: &str) -> Stop {
        Stop::Syntax(Error::custom(format!("{message} at line {} column {column}", self.lines + 1)))
    }

    /// What is wrong in the value that the rest begins with, where it stands in the text.
    fn located(&self, error: &Error) -> Stop {
        let told = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        let message = told.strip_suffix(&place).unwrap_or(&told);
        let column = error.column() + if error.line() <= 1 { self.column } else { 0 };
        let line = self.lines + error.line().max(1) as u64;
        Stop::Syntax(Error::custom(format!("{message} at line {line} column {column}")))
    }
}
