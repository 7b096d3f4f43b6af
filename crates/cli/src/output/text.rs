pub(super) use eks_rules::printable;

/// A text of at most so many UTF-16 units, in which services count characters where they do not say how.
pub(super) fn shortened(text: &str, limit: usize) -> String {
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
    fn a_text_is_cut_between_characters_and_never_longer_than_the_limit() {
        assert_eq!(shortened("abcdef", 6), "abcdef");
        assert_eq!(shortened("abcdefg", 6), "abc...");
        assert_eq!(shortened("\u{1f600}\u{1f600}\u{1f600}\u{1f600}", 7), "\u{1f600}\u{1f600}...");
    }
}
