//! The path of a request, as bytes.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode, percent_encode};

/// The bytes that are quoted in a name, as by Python's `quote`.
pub(super) const NAME: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'_').remove(b'.').remove(b'-').remove(b'~');
const PATH: &AsciiSet = &NAME.remove(b'/');
/// The bytes that are quoted in a query. Bytes that are quoted already stay as they are.
const QUERY: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The place below the root that a request asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target<'a> {
    /// Names joined by `/`, none of which is empty, `.` or `..`. Empty for the root itself.
    pub(super) path: Vec<u8>,
    /// Whether the path ends as only that of a directory does: with a slash, `.` or `..`.
    pub(super) is_directory: bool,
    query: Option<&'a [u8]>,
}

impl<'a> Target<'a> {
    /// Parses the path of a request, which has no authority any more. A quoted slash separates
    /// names as a plain one does, because no name can contain it. `None` for a NUL, which no name
    /// can contain either.
    ///
    /// Python: `SimpleHTTPRequestHandler.translate_path`
    pub(super) fn parse(target: &'a [u8]) -> Option<Self> {
        let target = before(target, b'#').0;
        let (path, query) = before(target, b'?');
        let decoded: Cow<'_, [u8]> = percent_decode(path).into();
        if decoded.contains(&0) {
            return None;
        }
        let (path, is_directory) = normalised(&decoded);
        Some(Target { path, is_directory, query })
    }

    /// The URL of the same directory with a slash at its end. It begins with a single slash, and
    /// has no byte that a browser would take for a second one or for a line end. So it names no
    /// other host.
    pub(super) fn location(&self) -> String {
        let path = percent_encode(&self.path, PATH);
        match self.query {
            Some(query) => format!("/{path}/?{}", percent_encode(query, QUERY)),
            None => format!("/{path}/"),
        }
    }

    /// Whether a name in the path is hidden.
    pub(super) fn is_hidden(&self) -> bool {
        let mut names = self.path.split(|byte| *byte == b'/');
        let first = names.next().is_some_and(|name| is_hidden(name, true));
        first || names.any(|name| is_hidden(name, false))
    }

    /// The value of this name in the query, not decoded.
    pub(super) fn query_value(&self, name: &str) -> Option<&'a [u8]> {
        let mut fields = self.query?.split(|byte| *byte == b'&');
        fields.find_map(|field| {
            field.strip_prefix(name.as_bytes()).and_then(|field| field.strip_prefix(b"="))
        })
    }

    /// The path for people to read.
    pub(super) fn display(&self) -> Vec<u8> {
        let slash: &[u8] = if self.path.is_empty() { b"" } else { b"/" };
        [&b"/"[..], &self.path, slash].concat()
    }
}

/// Whether a name is hidden. The root's `.well-known` is not, because programs ask for it by name.
pub(super) fn is_hidden(name: &[u8], is_at_root: bool) -> bool {
    name.starts_with(b".") && !(is_at_root && name == b".well-known")
}

/// The part of a text before the first `mark`, and the part behind it, if there is a `mark`.
fn before(text: &[u8], mark: u8) -> (&[u8], Option<&[u8]>) {
    match text.iter().position(|byte| *byte == mark) {
        Some(place) => (&text[..place], Some(&text[place + 1..])),
        None => (text, None),
    }
}

/// The names of a path without `.` and `..`, and whether its end is that of a directory.
fn normalised(path: &[u8]) -> (Vec<u8>, bool) {
    let mut normal: Vec<u8> = Vec::with_capacity(path.len());
    let mut is_directory = true;
    for name in path.split(|byte| *byte == b'/') {
        is_directory = matches!(name, b"" | b"." | b"..");
        if name == b".." {
            // The root is its own parent.
            let end = normal.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
            normal.truncate(end);
        } else if !is_directory {
            if !normal.is_empty() {
                normal.push(b'/');
            }
            normal.extend_from_slice(name);
        }
    }
    (normal, is_directory)
}

#[cfg(test)]
#[path = "tests/target.rs"]
mod tests;
