//! The events of a YAML or JSON text, each with its line and column. The text was read before and found right, so that
//! an error, which cannot come then, ends the reading and is not told.

use std::io::{BufRead, Read};
use std::iter::Peekable;

use granit_parser::{ErrorKind, Event as YamlEvent, Parser, ScalarStyle};

use super::node::{Event, Place};
use super::text::{Format, Text};

/// Tells all events of a text.
pub(super) fn read<R: Read>(text: Text<R>, tell: &mut impl FnMut(Place, Event)) {
    let characters = Characters { reader: text.reader, line: text.blank_lines + 1, column: 0, line_ends: true };
    match text.format {
        Format::Yaml => yaml(characters, text.blank_lines, tell),
        Format::Json => Json { characters: characters.peekable() }.read(tell),
        Format::Utf16 => {}
    }
}

fn yaml<R: BufRead>(characters: Characters<R>, blank_lines: u64, tell: &mut impl FnMut(Place, Event)) {
    let options = granit_parser::options! {
        emit_comments: false,
        simple_key_max_lookahead: 64 * 1024,
    };
    let characters = characters.map(|(character, _)| Ok::<char, ErrorKind>(character));
    let mut parser = Parser::new_from_fallible_iter_with_options(characters, options);
    while let Some(next) = parser.next_event() {
        let Ok((event, span)) = next else {
            // A mistake ends its document alone.
            if parser.proceed_next_document().unwrap_or(false) {
                tell(Place::default(), Event::EndOfDocument);
                continue;
            }
            return;
        };
        let place = Place { line: span.start.line() as u64 + blank_lines, column: span.start.col() as u64 + 1 };
        match event {
            YamlEvent::MappingStart(_, anchor, _) => tell(place, Event::Mapping(anchor)),
            YamlEvent::SequenceStart(_, anchor, _) => tell(place, Event::Sequence(anchor)),
            YamlEvent::MappingEnd | YamlEvent::SequenceEnd => tell(place, Event::End),
            YamlEvent::Scalar(text, style, anchor, _) => {
                let plain = style == ScalarStyle::Plain;
                tell(place, Event::Scalar { text: text.into_owned(), plain, anchor });
            }
            YamlEvent::Alias(anchor) => tell(place, Event::Alias(anchor)),
            YamlEvent::DocumentEnd => tell(place, Event::EndOfDocument),
            _ => {}
        }
    }
}

/// The characters of a text, each with its place.
struct Characters<R> {
    reader: R,
    line: u64,
    column: u64,
    /// Whether the last character ended a line.
    line_ends: bool,
}

impl<R: BufRead> Characters<R> {
    fn byte(&mut self) -> Option<u8> {
        let byte = *self.reader.fill_buf().ok()?.first()?;
        self.reader.consume(1);
        Some(byte)
    }

    fn character(&mut self) -> Option<char> {
        let first = self.byte()?;
        let length = match first {
            0x00..=0x7f => return Some(first.into()),
            0xc0..=0xdf => 2,
            0xe0..=0xef => 3,
            _ => 4,
        };
        let mut bytes = [first, 0, 0, 0];
        for byte in bytes.iter_mut().take(length).skip(1) {
            *byte = self.byte()?;
        }
        std::str::from_utf8(bytes.get(..length)?).ok()?.chars().next()
    }
}

impl<R: BufRead> Iterator for Characters<R> {
    type Item = (char, Place);

    fn next(&mut self) -> Option<(char, Place)> {
        let mut character = self.character()?;
        // Files that were joined have their byte order marks inside.
        while character == '\u{feff}' && self.line_ends {
            character = self.character()?;
        }
        self.column += 1;
        let place = Place { line: self.line, column: self.column };
        self.line_ends = character == '\n';
        if self.line_ends {
            self.line += 1;
            self.column = 0;
        }
        Some((character, place))
    }
}

/// A reader of JSON that knows where it is, which those that make values do not.
struct Json<R: BufRead> {
    characters: Peekable<Characters<R>>,
}

impl<R: BufRead> Json<R> {
    fn read(&mut self, tell: &mut impl FnMut(Place, Event)) {
        let mut depth = 0_u64;
        while let Some((character, place)) = self.characters.next() {
            match character {
                '{' | '[' => {
                    depth += 1;
                    tell(place, if character == '{' { Event::Mapping(0) } else { Event::Sequence(0) });
                }
                '}' | ']' => {
                    depth = depth.saturating_sub(1);
                    tell(place, Event::End);
                    if depth == 0 {
                        tell(place, Event::EndOfDocument);
                    }
                }
                '"' => {
                    let Some(text) = self.string() else { return };
                    tell(place, Event::Scalar { text, plain: false, anchor: 0 });
                }
                ',' | ':' => {}
                blank if blank.is_ascii_whitespace() => {}
                first => {
                    let text = self.word(first);
                    tell(place, Event::Scalar { text, plain: true, anchor: 0 });
                }
            }
        }
    }

    /// A number, a boolean or null.
    fn word(&mut self, first: char) -> String {
        let mut text = String::from(first);
        let within = |character: char| character.is_ascii_alphanumeric() || matches!(character, '+' | '-' | '.');
        while let Some((character, _)) = self.characters.next_if(|(character, _)| within(*character)) {
            text.push(character);
        }
        text
    }

    /// A string, after its first quotation mark.
    fn string(&mut self) -> Option<String> {
        let mut json = String::from('"');
        let mut escaped = false;
        loop {
            let (character, _) = self.characters.next()?;
            json.push(character);
            match character {
                '"' if !escaped => return serde_json::from_str(&json).ok(),
                '\\' => escaped = !escaped,
                _ => escaped = false,
            }
        }
    }
}
