//! The head of a request: its first line and its fields, as text.

use std::fmt;
use std::ops::Range;
use std::rc::Rc;

/// The place of a piece in the head's text.
type Span = Range<usize>;

/// The first line and the fields of a request. Each byte beyond ASCII becomes one Latin-1
/// character, so that no byte is lost.
#[derive(Default)]
pub(in crate::http) struct Head {
    text: String,
    requestline: Span,
    command: Span,
    path: Span,
    version: Span,
    /// The authority of a target with a scheme, which replaces the field `Host`.
    authority: Option<Span>,
    fields: Vec<(Span, Span)>,
    /// The second number of the version, or `None` for HTTP/0.9.
    minor: Option<u8>,
}

impl Head {
    const NONE: Head = Head {
        text: String::new(),
        requestline: 0..0,
        command: 0..0,
        path: 0..0,
        version: 0..0,
        authority: None,
        fields: Vec::new(),
        minor: None,
    };

    /// Begins the text with the first line, and reserves room for this many bytes more.
    pub(in crate::http) fn begin(&mut self, line: &[u8], room: usize) {
        self.text.reserve(line.len() + room);
        self.requestline = self.push(line);
    }

    /// Stores the parts of the first line.
    pub(in crate::http) fn set_line(
        &mut self,
        line: &[u8],
        command: &[u8],
        path: &[u8],
        version: &[u8],
    ) {
        let requestline = self.requestline.clone();
        self.command = self.place(line, &requestline, command);
        self.path = self.place(line, &requestline, path);
        self.version = self.place(line, &requestline, version);
        self.minor = match version {
            b"HTTP/0.9" => None,
            version => Some(version.last().map_or(0, |digit| digit.wrapping_sub(b'0'))),
        };
    }

    pub(in crate::http) fn set_authority(&mut self, authority: &[u8]) {
        self.authority = Some(self.push(authority));
    }

    /// Stores the fields of this block.
    pub(in crate::http) fn set_fields(&mut self, block: &[u8], fields: &[httparse::Header<'_>]) {
        let text = match block.is_ascii() {
            true => self.push(block),
            false => 0..0,
        };
        self.fields.reserve_exact(fields.len());
        for field in fields {
            let name = self.place(block, &text, field.name.as_bytes());
            let value = self.place(block, &text, field.value);
            self.fields.push((name, value));
        }
    }

    /// The place in the head's text of a piece of `block`, which is stored at `text`. A piece that
    /// is not in the block is appended.
    fn place(&mut self, block: &[u8], text: &Span, piece: &[u8]) -> Span {
        let start = piece.as_ptr().addr().wrapping_sub(block.as_ptr().addr());
        // Beyond ASCII a character has two bytes here and one in the block, so places differ.
        let is_within = start.checked_add(piece.len()).is_some_and(|end| end <= block.len());
        if is_within && text.len() == block.len() {
            return text.start + start..text.start + start + piece.len();
        }
        self.push(piece)
    }

    /// Appends the bytes as text.
    fn push(&mut self, bytes: &[u8]) -> Span {
        let start = self.text.len();
        match std::str::from_utf8(bytes) {
            Ok(text) if bytes.is_ascii() => self.text.push_str(text),
            _ => self.text.extend(bytes.iter().map(|byte| char::from(*byte))),
        }
        start..self.text.len()
    }

    fn at(&self, span: &Span) -> &str {
        &self.text[span.clone()]
    }

    pub(in crate::http) fn requestline(&self) -> &str {
        self.at(&self.requestline)
    }

    pub(in crate::http) fn command(&self) -> &str {
        self.at(&self.command)
    }

    pub(in crate::http) fn path(&self) -> &str {
        self.at(&self.path)
    }

    pub(in crate::http) fn version(&self) -> &str {
        self.at(&self.version)
    }

    pub(in crate::http) fn authority(&self) -> Option<&str> {
        self.authority.as_ref().map(|span| self.at(span))
    }

    /// Whether the request is of HTTP/1.1 or later.
    pub(in crate::http) fn is_1_1(&self) -> bool {
        self.minor.is_some_and(|minor| minor >= 1)
    }

    /// Whether the reply has neither a status line nor headers.
    pub(in crate::http) fn is_0_9(&self) -> bool {
        self.minor.is_none() && !self.version.is_empty()
    }

    pub(in crate::http) fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, value)| (self.at(name), self.at(value)))
    }
}

/// The fields of a request's head. A clone is another handle of the same fields.
///
/// Names are compared without regard to case. A value is text in which each character stands for
/// one byte (Latin-1), so that no byte is lost.
///
/// Python: `BaseHTTPRequestHandler.headers`
#[derive(Clone, Default)]
pub struct Headers(Option<Rc<Head>>);

impl Headers {
    pub(in crate::http) fn head(&self) -> &Head {
        static NONE: Head = Head::NONE;
        self.0.as_deref().unwrap_or(&NONE)
    }

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

    /// All names and values, in the client's order.
    ///
    /// Python: `headers.items`
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.head().fields()
    }

    /// Makes this an empty head and returns it. The last head's memory is freed, unless a handler
    /// has kept a handle of that head.
    pub(in crate::http) fn renewed(&mut self) -> &mut Head {
        if self.0.as_mut().and_then(Rc::get_mut).is_none() {
            self.0 = Some(Rc::default());
        }
        let head = self.0.as_mut().and_then(Rc::get_mut).expect("the only handle");
        *head = Head::NONE;
        head
    }

    /// Number of fields.
    ///
    /// Python: `len(headers)`
    pub fn len(&self) -> usize {
        self.head().fields.len()
    }

    /// Whether there are no fields.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a field that lists words, such as `Connection` or `Accept-Encoding`, contains `word`
    /// in any of its lines. Parameters behind a `;` do not count.
    pub(in crate::http) fn lists(&self, name: &str, word: &str) -> bool {
        self.get_all(name).any(|value| words(value).any(|other| other.eq_ignore_ascii_case(word)))
    }
}

/// The words of a list, without their parameters.
pub(in crate::http) fn words(value: &str) -> impl Iterator<Item = &str> {
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
        let mut head = Head::default();
        let line = b"GET /\xe9 HTTP/1.1";
        head.begin(line, 0);
        head.set_line(line, &line[..3], &line[4..6], &line[7..]);
        let block = b"Host: a\r\nX-Name: J\xfcrgen\r\nconnection: x;q=1, Close\r\n\
            CONNECTION: keep-alive\r\n\r\n";
        let mut fields = [httparse::EMPTY_HEADER; 4];
        httparse::parse_headers(block, &mut fields).unwrap();
        head.set_fields(block, &fields);
        Headers(Some(Rc::new(head)))
    }

    #[test]
    fn names_have_no_case_and_values_keep_bytes() {
        let headers = headers();
        assert_eq!(headers.get("host"), Some("a"));
        assert_eq!(headers.get("x-name"), Some("J\u{fc}rgen"));
        assert_eq!(headers.get("X-Other"), None);
        assert_eq!(headers.get_all("Connection").count(), 2);
        assert!(headers.contains("HOST") && headers.len() == 4 && !headers.is_empty());
        assert_eq!(headers.head().path(), "/\u{e9}");
    }

    #[test]
    fn places_are_those_of_the_pieces() {
        let (line, block) = (b"GET /a HTTP/1.1", b"Host: b\r\nX: c d\r\n\r\n");
        let mut fields = [httparse::EMPTY_HEADER; 2];
        httparse::parse_headers(block, &mut fields).unwrap();
        for path in [&line[4..6], b"/elsewhere"] {
            let mut head = Head::default();
            head.begin(line, 0);
            head.set_line(line, &line[..3], path, &line[7..]);
            head.set_fields(block, &fields);
            assert_eq!(head.requestline().as_bytes(), line);
            assert_eq!(head.path().as_bytes(), path);
            assert_eq!((head.command(), head.version()), ("GET", "HTTP/1.1"));
            assert!(head.fields().eq([("Host", "b"), ("X", "c d")]));
        }
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
