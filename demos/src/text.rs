//! Making text from a peer safe to show.

/// Replaces by `�` all control characters, which may command a terminal, all characters that
/// change the direction of text, and invalid UTF-8. A tab becomes a space.
pub fn printable(text: &[u8]) -> String {
    let show = |character| match character {
        '\t' => ' ',
        _ if character.is_control() || rearranges(character) => char::REPLACEMENT_CHARACTER,
        _ => character,
    };
    String::from_utf8_lossy(text).chars().map(show).collect()
}

/// Separators of lines and paragraphs, and the marks, embeddings, overrides and isolates of
/// bidirectional text.
fn rearranges(character: char) -> bool {
    matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_bytes_become_printable(text in vec(any::<u8>(), 0..200)) {
            let shown = printable(&text);
            prop_assert!(!shown.chars().any(|shown| shown.is_control() || rearranges(shown)));
            prop_assert_eq!(printable(shown.as_bytes()), shown, "a second call changes nothing");
        }

        #[test]
        fn printable_text_is_unchanged(text in "\\PC{0,50}") {
            prop_assume!(!text.chars().any(rearranges));
            prop_assert_eq!(printable(text.as_bytes()), text);
        }
    }

    #[test]
    fn ordinary_text_is_unchanged() {
        for text in ["", "hello", "häßlich", "日本語", "👩‍🚀", "a 'quote'; #1"] {
            assert_eq!(printable(text.as_bytes()), text);
        }
    }

    #[test]
    fn terminal_commands_are_replaced() {
        let every_control: Vec<u8> = (0..=0x9f).map(char::from).collect::<String>().into_bytes();
        let shown = printable(&every_control);
        assert!(!shown.chars().any(char::is_control), "{shown:?}");
        assert_eq!(printable(b"\x1b[31mred\x07"), "�[31mred�");
        assert_eq!(printable("\u{9b}31m".as_bytes()), "�31m");
        assert_eq!(printable("a\u{202e}b\u{2028}c".as_bytes()), "a�b�c");
    }

    #[test]
    fn invalid_utf8_is_replaced() {
        // A bare C1 byte, an overlong escape, a surrogate, an incomplete sequence.
        assert_eq!(printable(b"\x9b1m"), "�1m");
        assert_eq!(printable(b"\xc0\x9b"), "��");
        assert_eq!(printable(b"\xed\xa0\x80"), "���");
        assert_eq!(printable(b"\xe2\x82"), "�");
    }
}
