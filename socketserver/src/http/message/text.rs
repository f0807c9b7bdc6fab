//! Escapes for text that goes into a log line or an HTML page.

use std::borrow::Cow;
use std::fmt::Write;

/// The target of every log line of HTTP.
pub(in crate::http) const LOG_TARGET: &str = "socketserver::http";

/// A client's text for a log line: control characters are escaped, and so are the marks that change
/// the direction of the text after them.
///
/// Python: `BaseHTTPRequestHandler._control_char_table`
pub(in crate::http) fn escape_log(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '\\' => escaped.push_str("\\\\"),
            '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' => {
                let _ = write!(escaped, "\\x{:02x}", u32::from(char));
            }
            '\u{61c}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' => {
                let _ = write!(escaped, "\\u{:04x}", u32::from(char));
            }
            _ => escaped.push(char),
        }
    }
    escaped
}

/// A client's bytes for a message, quoted as Python quotes a string.
pub(in crate::http) fn quoted(bytes: &[u8]) -> String {
    const MOST: usize = 200;
    let shown = &bytes[..bytes.len().min(MOST)];
    let text: String = shown.iter().map(|byte| char::from(*byte)).collect();
    let dots = if shown.len() < bytes.len() { "..." } else { "" };
    format!("'{}'{dots}", escape_log(&text))
}

/// The bytes of a text in which each character stands for one byte, such as the path of a request.
pub(in crate::http) fn latin1(text: &str) -> Cow<'_, [u8]> {
    match text.is_ascii() {
        true => Cow::Borrowed(text.as_bytes()),
        false => text.chars().map(|char| u8::try_from(char).unwrap_or(b'?')).collect(),
    }
}

/// Escapes text for HTML, in elements and in quoted attributes.
///
/// Python: `html.escape`
pub fn escape_html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#x27;"),
            _ => escaped.push(char),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_text_stays_on_its_line() {
        assert_eq!(
            escape_log("GET /\r\n\x1b[2K \\ \u{85}é"),
            "GET /\\x0d\\x0a\\x1b[2K \\\\ \\x85é"
        );
        assert_eq!(escape_log("a\u{202e}b"), "a\\u202eb");
    }

    #[test]
    fn html_has_no_markup_left() {
        assert_eq!(
            escape_html("<a href=\"x\">'&'"),
            "&lt;a href=&quot;x&quot;&gt;&#x27;&amp;&#x27;"
        );
    }

    #[test]
    fn quotes_are_bounded() {
        assert_eq!(quoted(b"a\xe9\0"), "'a\u{e9}\\x00'");
        assert!(quoted(&[b'x'; 10_000]).len() < 250);
    }
}
