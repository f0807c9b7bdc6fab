//! A header from the bytes of a connection.

use super::header::{ProxyHeader, Version};
use super::{v1, v2};

/// What the bytes of a connection begin with.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// All of them belong to a header, and so do at least this many more.
    More(usize),
    /// A header of this many bytes.
    Header(ProxyHeader, usize),
}

/// Why they cannot begin a header.
pub(super) type Wrong = &'static str;

pub(super) const NO_HEADER: Wrong = "expected a PROXY header, got other data";

/// Which headers are accepted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    /// The one version, if not both.
    pub(super) version: Option<Version>,
    /// Longest header, in bytes.
    pub(super) longest: usize,
}

impl Rules {
    /// Reads the header at the beginning of `bytes`. A wrong byte is an error as soon as it is
    /// there.
    pub(super) fn parse(&self, bytes: &[u8]) -> Result<Step, Wrong> {
        match bytes.first() {
            None => Ok(Step::More(1)),
            Some(b'P') if self.version != Some(Version::V2) => v1::parse(bytes),
            Some(b'\r') if self.version != Some(Version::V1) => v2::parse(bytes, self.longest),
            Some(b'P' | b'\r') => Err("expected a PROXY header of another version"),
            _ => Err(NO_HEADER),
        }
    }
}
