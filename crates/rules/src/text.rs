/// Text from a manifest or a server, without what a reader would not see or a screen would obey: control characters,
/// line ends, characters without width and those that change the direction of writing are replaced by U+FFFD.
#[must_use]
pub fn printable(text: &str) -> String {
    text.chars().map(|character| if unseen(character) { char::REPLACEMENT_CHARACTER } else { character }).collect()
}

fn unseen(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{fffe}'..='\u{ffff}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// A text that somebody else made, as errors tell it: whole, unless it is longer than anybody reads. A line of the log, an
/// answer to Lambda and a rule parameter have their limits.
#[must_use]
pub fn bounded(text: &str) -> String {
    const TOLD: usize = 2_000;
    shortened(text, TOLD)
}

/// A text of at most so many UTF-16 units, in which services count characters where they do not say how.
#[must_use]
pub fn shortened(text: &str, limit: usize) -> String {
    const ELLIPSIS: &str = "...";
    let mut length = 0;
    let mut fitting = 0;
    for (start, character) in text.char_indices() {
        length += character.len_utf16();
        if length > limit {
            return format!("{}{ELLIPSIS}", text.get(..fitting).unwrap_or_default());
        }
        if length + ELLIPSIS.len() <= limit {
            fitting = start + character.len_utf8();
        }
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_replaced() {
        assert_eq!(printable("a\u{1b}[31m\u{202e}b\u{200b}c\n"), "a\u{fffd}[31m\u{fffd}b\u{fffd}c\u{fffd}");
    }

    #[test]
    fn a_text_is_cut_between_characters_and_never_longer_than_the_limit() {
        assert_eq!(shortened("abcdef", 6), "abcdef");
        assert_eq!(shortened("abcdefg", 6), "abc...");
        assert_eq!(shortened("\u{1f600}\u{1f600}\u{1f600}\u{1f600}", 7), "\u{1f600}\u{1f600}...");
    }
}
