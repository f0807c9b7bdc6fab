//! A row's form: what a client sends, the right answer, and Python's.
//!
//! An answer is written as the client sees it. `400!` is that status, after which the connection
//! ends; `200 POST /p abc; 200 GET /next` are two replies, after which another request is answered.
//! An echo says which request the handler saw, and its body; a reply from files has its `Location`
//! or `Content-Range` instead. `!` alone is an end without a reply, `bare` something without a
//! status line, `waits` nothing before the client ends its stream. `or` separates alternatives.

use tests::prelude::*;

/// What the client does when it has sent its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    Listen,
    /// Ends its own stream.
    End,
    Reset,
    /// Sends this when `100 Continue` has come.
    Continue(&'static str),
}

#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// Of the table in which the forms are collected.
    pub(crate) row: u8,
    pub(crate) bytes: Vec<u8>,
    pub(crate) right: &'static str,
    /// What `http.server` answers.
    pub(crate) python: &'static str,
    /// Why the right answer is another one.
    pub(crate) why: &'static str,
    pub(crate) then: Then,
    /// It is for a server of files, not for one that echoes.
    pub(crate) files: bool,
}

/// In `bytes`, `{G}` and `{P}` are the beginnings of a GET and a POST, and `{N}` is another
/// request.
pub(crate) fn case(
    row: u8,
    bytes: impl AsRef<[u8]>,
    right: &'static str,
    python: &'static str,
    why: &'static str,
) -> Case {
    let bytes = expand(bytes.as_ref());
    Case { row, bytes, right, python, why, then: Then::Listen, files: false }
}

impl Case {
    pub(crate) fn then(self, then: Then) -> Self {
        Case { then, ..self }
    }

    pub(crate) fn on_files(self) -> Self {
        Case { files: true, ..self }
    }
}

impl Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let begin = &self.bytes[..self.bytes.len().min(120)];
        write!(f, "row {}: {}", self.row, begin.escape_ascii())?;
        match self.bytes.len() - begin.len() {
            0 => Ok(()),
            more => write!(f, "... and {more} bytes more"),
        }
    }
}

const PARTS: [(&[u8], &[u8]); 3] = [
    (b"{G}", b"GET / HTTP/1.1\r\nHost: a\r\n"),
    (b"{P}", b"POST /p HTTP/1.1\r\nHost: a\r\n"),
    (b"{N}", b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n"),
];

fn expand(mut bytes: &[u8]) -> Vec<u8> {
    let mut expanded = Vec::new();
    while let Some(brace) = bytes.iter().position(|byte| *byte == b'{') {
        expanded.extend_from_slice(&bytes[..brace]);
        bytes = &bytes[brace..];
        let mut parts = PARTS.iter();
        let part = parts.find_map(|(name, part)| Some((bytes.strip_prefix(*name)?, *part)));
        let (rest, part) = part.unwrap_or((&bytes[1..], b"{"));
        expanded.extend_from_slice(part);
        bytes = rest;
    }
    expanded.extend_from_slice(bytes);
    expanded
}
