//! How far a header has been read.

use super::header::ProxyHeader;

/// The beginning of a connection.
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
