//! The result of parsing the first bytes of a connection.

use super::header::ProxyHeader;

/// The first bytes of a connection, if they can begin a header.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// All of the bytes belong to a header, and at least this many more are missing.
    More(usize),
    /// They begin with a header of this many bytes.
    Header(ProxyHeader, usize),
}

/// The reason for which bytes cannot begin a header.
pub(super) type Wrong = &'static str;

pub(super) const NO_HEADER: Wrong = "expected a PROXY header, got other data";
