//! The head of a request: its first line and its fields, as text.

use std::fmt;
use std::ops::Range;
use std::rc::Rc;

/// Where a piece of the head's text is.
type Span = Range<usize>;

/// The first line and the fields of a request. Bytes beyond ASCII are Latin-1 characters, so that
/// none is lost.
#[derive(Default)]
pub(super) struct Head {
    text: String,
    requestline: Span,
    command: Span,
    path: Span,
    version: Span,
    /// Of a target with a scheme: its authority, which replaces the field `Host`.
    authority: Option<Span>,
    fields: Vec<(Span, Span)>,
    /// The second number of the version, or `None` for HTTP/0.9.
    minor: Option<u8>,
}

impl Head {
    /// A head of which nothing is known but its first line.
    pub(super) fn of_line(line: &[u8]) -> Self {
        let mut head = Head::default();
        head.requestline = head.push(line);
        head
    }

    /// Takes what the first line says.
    pub(super) fn set_line(&mut self, command: &[u8], path: &[u8], version: &[u8]) {
        self.command = self.push(command);
        self.path = self.push(path);
        self.version = self.push(version);
        self.minor = match version {
            b"HTTP/0.9" => None,
            version => Some(version.last().map_or(0, |digit| digit.wrapping_sub(b'0'))),
        };
    }

    pub(super) fn set_authority(&mut self, authority: &[u8]) {
        self.authority = Some(self.push(authority));
    }

    /// Makes room for the fields.
    pub(super) fn reserve(&mut self, fields: usize, bytes: usize) {
        self.fields.reserve(fields);
        self.text.reserve(bytes);
    }

    pub(super) fn push_field(&mut self, name: &[u8], value: &[u8]) {
        let name = self.push(name);
        let value = self.push(value);
        self.fields.push((name, value));
    }

    /// Appends the bytes as text.
    fn push(&mut self, bytes: &[u8]) -> Span {
        let start = self.text.len();
        match std::str::from_utf8(bytes) {
            Ok(text) if text.is_ascii() => self.text.push_str(text),
            _ => self.text.extend(bytes.iter().map(|byte| char::from(*byte))),
        }
        start..self.text.len()
    }

    fn at(&self, span: &Span) -> &str {
        &self.text[span.clone()]
    }

    pub(super) fn requestline(&self) -> &str {
        self.at(&self.requestline)
    }

    pub(super) fn command(&self) -> &str {
        self.at(&self.command)
    }

    pub(super) fn path(&self) -> &str {
        self.at(&self.path)
    }

    pub(super) fn version(&self) -> &str {
        self.at(&self.version)
    }

    pub(super) fn authority(&self) -> Option<&str> {
        self.authority.as_ref().map(|span| self.at(span))
    }

    /// Whether the request is of HTTP/1.1 or later.
    pub(super) fn is_1_1(&self) -> bool {
        self.minor.is_some_and(|minor| minor >= 1)
    }

    /// Whether the reply has neither a status line nor headers.
    pub(super) fn is_0_9(&self) -> bool {
        self.minor.is_none() && !self.version.is_empty()
    }

    pub(super) fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, value)| (self.at(name), self.at(value)))
    }
}

/// The fields of a request's head. A clone is another handle of the same fields.
///
/// Names are compared without regard to case. A value is text whose characters stand for one byte
/// each (Latin-1), so that none is lost.
///
/// Python: `BaseHTTPRequestHandler.headers`
#[derive(Clone, Default)]
pub struct Headers(pub(super) Rc<Head>);

impl Headers {
    /// The value of the first field of this name.
    ///
    /// Python: `headers.get`, `headers[name]`
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The values of all fields of this name, in order.
    ///
    /// Python: `headers.get_all`
    pub fn get_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.iter()
            .filter(move |(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// Whether there is a field of this name.
    ///
    /// Python: `name in headers`
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Names and values, in the order in which the client has sent them.
    ///
    /// Python: `headers.items`
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.fields()
    }

    /// How many fields there are.
    ///
    /// Python: `len(headers)`
    pub fn len(&self) -> usize {
        self.0.fields.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a field that lists words, such as `Connection` or `Accept-Encoding`, has this one,
    /// in any of its lines. Parameters behind a `;` do not count.
    pub(super) fn lists(&self, name: &str, word: &str) -> bool {
        self.get_all(name).any(|value| words(value).any(|other| other.eq_ignore_ascii_case(word)))
    }
}

/// The words of a list, without their parameters.
pub(super) fn words(value: &str) -> impl Iterator<Item = &str> {
    let words = value.split(',').map(|word| word.split(';').next().unwrap_or_default());
    words.map(|word| word.trim_matches([' ', '\t']))
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers() -> Headers {
        let mut head = Head::of_line(b"GET /\xe9 HTTP/1.1");
        head.set_line(b"GET", b"/\xe9", b"HTTP/1.1");
        head.push_field(b"Host", b"a");
        head.push_field(b"X-Name", b"J\xfcrgen");
        head.push_field(b"connection", b"x;q=1, Close");
        head.push_field(b"CONNECTION", b"keep-alive");
        Headers(Rc::new(head))
    }

    #[test]
    fn names_have_no_case_and_values_keep_bytes() {
        let headers = headers();
        assert_eq!(headers.get("host"), Some("a"));
        assert_eq!(headers.get("x-name"), Some("J\u{fc}rgen"));
        assert_eq!(headers.get("X-Other"), None);
        assert_eq!(headers.get_all("Connection").count(), 2);
        assert!(headers.contains("HOST") && headers.len() == 4 && !headers.is_empty());
        assert_eq!(headers.0.path(), "/\u{e9}");
    }

    #[test]
    fn lists_are_read_over_all_lines() {
        let headers = headers();
        for word in ["x", "close", "KEEP-ALIVE"] {
            assert!(headers.lists("Connection", word), "{word}");
        }
        assert!(!headers.lists("Connection", "q=1"));
    }
}
