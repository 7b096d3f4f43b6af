use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};

/// How much is read at a time.
const BUFFER: usize = 256 * 1024;

/// What a text is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// YAML.
    Yaml,
    /// JSON: it begins with `{` or `[`, whatever the file is called.
    Json,
    /// UTF-16 by its byte order mark; it is refused.
    Utf16,
}

/// A text that is about to be read: its byte order mark is gone and its format is known.
#[derive(Debug)]
pub(super) struct Text<R> {
    /// What follows.
    pub(super) reader: BufReader<Chain<Cursor<Vec<u8>>, R>>,
    /// What it is written in.
    pub(super) format: Format,
    /// How many lines were passed over on the way; all were blank.
    pub(super) blank_lines: u64,
}

impl<R: Read> Text<R> {
    /// Looks at the beginning of a text.
    pub(super) fn new(mut reader: R) -> io::Result<Self> {
        let mut head = Vec::new();
        reader.by_ref().take(3).read_to_end(&mut head)?;
        let utf16 = head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]);
        if head == [0xef, 0xbb, 0xbf] {
            head.clear();
        }
        let mut reader = BufReader::with_capacity(BUFFER, Cursor::new(head).chain(reader));
        if utf16 {
            return Ok(Self { reader, format: Format::Utf16, blank_lines: 0 });
        }
        let mut blank_lines = 0;
        let format = format(&mut reader, &mut blank_lines)?;
        Ok(Self { reader, format, blank_lines })
    }
}

/// Finds the format, passing over blank lines and no more.
fn format(reader: &mut impl BufRead, blank_lines: &mut u64) -> io::Result<Format> {
    loop {
        let buffer = reader.fill_buf()?;
        let Some(first) = buffer.iter().position(|byte| !byte.is_ascii_whitespace()) else {
            let length = buffer.len();
            if length == 0 {
                return Ok(Format::Yaml);
            }
            *blank_lines += buffer.iter().filter(|byte| **byte == b'\n').count() as u64;
            reader.consume(length);
            continue;
        };
        // What begins with two braces is a template, on which the YAML side has more to say.
        let json = match buffer.get(first) {
            Some(b'[') => true,
            Some(b'{') => buffer.get(first + 1) != Some(&b'{'),
            _ => false,
        };
        return Ok(if json { Format::Json } else { Format::Yaml });
    }
}
