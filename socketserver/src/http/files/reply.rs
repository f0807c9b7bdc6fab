//! A reply before it is sent.

use std::borrow::Cow;
use std::collections::hash_map::RandomState;
use std::fs::File;
use std::hash::{BuildHasher, Hasher};
use std::ops::Range;

use super::page::Page;

/// A piece of a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    /// Bytes of the file.
    Part(Range<u64>),
}

#[derive(Debug)]
pub(super) enum Body {
    /// No body. The fields may announce the length that a GET would have.
    Empty,
    /// An error page with this message.
    Error(&'static str),
    /// Pieces of a file, with text between them.
    File(File, Vec<Piece>),
    Html(Page),
    Json(Page),
}

/// A status, fields and a body.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    /// All but the length.
    pub(super) fields: Vec<(&'static str, Cow<'static, str>)>,
    /// Length of the body of a GET, unless it is not known yet.
    pub(super) length: Option<u64>,
    pub(super) body: Body,
}

impl Reply {
    pub(super) fn new(status: u16, body: Body) -> Self {
        // As many as a file has, and some more.
        Reply { status, fields: Vec::with_capacity(8), length: None, body }
    }

    /// The reply for missing files, and for hidden ones, which must look the same.
    pub(super) fn not_found() -> Self {
        Reply::new(404, Body::Error("File not found"))
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    /// Adds the fields that describe the bytes of a file.
    pub(super) fn with_type(
        self,
        content_type: impl Into<Cow<'static, str>>,
        coding: Option<&'static str>,
    ) -> Self {
        let reply = self.with("Accept-Ranges", "bytes").with("Content-Type", content_type);
        match coding {
            Some(coding) => reply.with("Content-Encoding", coding),
            None => reply,
        }
    }

    /// Adds the length, and parts of the file as a body.
    pub(super) fn with_parts(self, file: File, pieces: Vec<Piece>) -> Self {
        let length = pieces.iter().map(Piece::length).sum();
        Reply { length: Some(length), body: Body::File(file, pieces), ..self }
    }
}

impl Piece {
    pub(super) fn length(&self) -> u64 {
        match self {
            Piece::Text(text) => text.len() as u64,
            Piece::Part(part) => part.end - part.start,
        }
    }
}

pub(super) fn content_range(part: &Range<u64>, size: u64) -> String {
    format!("bytes {}-{}/{size}", part.start, part.end - 1)
}

/// The body of several parts of a file, each with its own head, and the `Content-Type` of the body.
pub(super) fn multipart(
    parts: Vec<Range<u64>>,
    content_type: &str,
    size: u64,
) -> (String, Vec<Piece>) {
    // Random, so that no file can be made to contain the boundary.
    let [one, other] = [(); 2].map(|()| RandomState::new().build_hasher().finish());
    let boundary = format!("{one:016x}{other:016x}");
    let mut pieces = Vec::with_capacity(2 * parts.len() + 1);
    for part in parts {
        let range = content_range(&part, size);
        pieces.push(Piece::Text(format!(
            "\r\n--{boundary}\r\nContent-Type: {content_type}\r\nContent-Range: {range}\r\n\r\n"
        )));
        pieces.push(Piece::Part(part));
    }
    pieces.push(Piece::Text(format!("\r\n--{boundary}--\r\n")));
    (format!("multipart/byteranges; boundary={boundary}"), pieces)
}
