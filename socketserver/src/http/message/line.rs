//! The text of a reply's head.

use std::fmt::{self, Write as _};
use std::io;

use smallvec::SmallVec;

pub(in crate::http) fn invalid(text: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, text.into())
}

/// Appends text of one line as Latin-1.
///
/// # Errors
/// `InvalidInput` for control characters, with which a value could become two fields, and for
/// characters that are not in Latin-1. Nothing is appended then.
pub(in crate::http) fn push_text(out: &mut Vec<u8>, text: &str) -> io::Result<()> {
    if is_plain(text.as_bytes()) {
        out.extend_from_slice(text.as_bytes());
        return Ok(());
    }
    let start = out.len();
    for char in text.chars() {
        match u8::try_from(u32::from(char)) {
            Ok(byte) if (byte >= b' ' && byte != 0x7f) || byte == b'\t' => out.push(byte),
            _ => {
                out.truncate(start);
                return Err(not_one_line(text));
            }
        }
    }
    Ok(())
}

/// Whether all bytes are printable ASCII, as nearly always. Looks at eight at a time.
fn is_plain(bytes: &[u8]) -> bool {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    let (words, rest) = bytes.as_chunks();
    let words = words.iter().map(|word| u64::from_ne_bytes(*word));
    // Sets the high bit of each byte that is beyond ASCII, below the space, or DEL.
    let odd = words
        .fold(0, |odd, word| odd | word | word.wrapping_sub(0x20 * ONES) | word.wrapping_add(ONES));
    odd & (0x80 * ONES) == 0 && rest.iter().all(|byte| (b' '..0x7f).contains(byte))
}

#[cold]
fn not_one_line(text: &str) -> io::Error {
    let mut shown = String::new();
    let _ = write!(shown, "{text:?}");
    shown.truncate(shown.char_indices().nth(100).map_or(shown.len(), |(at, _)| at));
    invalid(format!("expected one line of Latin-1 text in the reply's head, got {shown}"))
}

/// Calls `with` with the text of a value, which needs no memory if it is short.
///
/// # Errors
/// Those of `with`, and `InvalidInput` if the value cannot be formatted.
pub(in crate::http) fn formatted<T>(
    value: fmt::Arguments<'_>,
    with: impl FnOnce(&str) -> io::Result<T>,
) -> io::Result<T> {
    if let Some(text) = value.as_str() {
        return with(text);
    }
    let mut text = Text::default();
    text.write_fmt(value)
        .map_err(|_| invalid("expected a value whose Display succeeds, got one that fails"))?;
    // It is always valid, but its type does not say so.
    with(std::str::from_utf8(&text.0).unwrap_or_default())
}

/// Takes the pieces of a value.
#[derive(Default)]
struct Text(SmallVec<[u8; 64]>);

impl fmt::Write for Text {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        self.0.extend_from_slice(piece.as_bytes());
        Ok(())
    }
}

/// Appends a number in digits.
pub(in crate::http) fn push_number(out: &mut Vec<u8>, number: u64) {
    push_digits::<10>(out, number);
}

/// Appends a number in hexadecimal.
pub(in crate::http) fn push_hex(out: &mut Vec<u8>, number: u64) {
    push_digits::<16>(out, number);
}

fn push_digits<const BASE: u64>(out: &mut Vec<u8>, mut number: u64) {
    // The largest number has 20 digits in base 10.
    let mut digits = [0; 20];
    let mut first = digits.len();
    loop {
        first -= 1;
        digits[first] = b"0123456789abcdef"[(number % BASE) as usize];
        number /= BASE;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[first..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_digits() {
        for number in [0, 7, 10, 255, 65_536, u64::MAX] {
            let mut out = Vec::new();
            push_number(&mut out, number);
            out.push(b' ');
            push_hex(&mut out, number);
            assert_eq!(String::from_utf8(out).unwrap(), format!("{number} {number:x}"));
        }
    }

    #[test]
    fn plain_text_has_plain_bytes_alone() {
        for length in 1..20 {
            for place in 0..length {
                for byte in 0..=u8::MAX {
                    let mut bytes = vec![b'~'; length];
                    bytes[place] = byte;
                    assert_eq!(is_plain(&bytes), (b' '..0x7f).contains(&byte), "{bytes:?}");
                }
            }
        }
    }

    #[test]
    fn text_is_one_line_of_latin1() {
        for (text, bytes) in [("plain", "plain".as_bytes()), ("J\u{fc}\t", b"J\xfc\t"), ("", b"")] {
            let mut out = b"x".to_vec();
            push_text(&mut out, text).unwrap();
            formatted(format_args!("{text}{text}"), |text| push_text(&mut out, text)).unwrap();
            assert_eq!(out, [b"x", bytes, bytes, bytes].concat(), "{text}");
        }
        for text in ["a\r\nb", "\0", "\x7f", "\u{20ac}"] {
            let mut out = b"x".to_vec();
            let error = push_text(&mut out, &format!("a{text}")).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{text:?}");
            assert_eq!(out, b"x", "{text:?}");
        }
    }

    #[test]
    fn values_are_formatted_whole() {
        for length in [0, 1, 64, 65, 1_000] {
            let text = "\u{e4}".repeat(length);
            let copy = formatted(format_args!("{text}{}", 5), |text| Ok(text.to_owned()));
            assert_eq!(copy.unwrap(), text + "5");
        }
    }
}
