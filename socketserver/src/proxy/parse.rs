//! A header from the bytes of a connection.

use super::header::Version;
use super::step::{NO_HEADER, Step, Wrong};
use super::{v1, v2};

/// Which headers are accepted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    /// The only version that is accepted. `None` for both.
    pub(super) version: Option<Version>,
    /// Maximum length of a header of version 2, in bytes.
    pub(super) longest: usize,
}

impl Rules {
    /// Parses the header at the beginning of `bytes`. A wrong byte is an error at once, even if the
    /// header is not complete.
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
