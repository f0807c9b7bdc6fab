//! The request's body: `rfile`.

use std::fmt;
use std::io::{self, Read};

use super::exchange::Exchange;
use super::message::refusal::HTTPError;

/// The request's body as a file, which ends where the body ends, however it was coded. A clone is
/// another handle of the same file.
///
/// A client that waits for `100 Continue` gets it at the first read. A body that ends early, or
/// whose coding is wrong, is an error, and never looks like a whole one.
///
/// Python: `BaseHTTPRequestHandler.rfile`, which ends where the connection ends
#[derive(Clone)]
pub struct BodyReader(pub(super) Exchange);

impl BodyReader {
    /// Reads `size` bytes, or all up to the end of the body if there are fewer. Memory is used only
    /// as bytes come.
    ///
    /// # Errors
    /// As [`read`](Read::read).
    ///
    /// Python: `rfile.read(size)`
    pub fn read_up_to(&mut self, size: usize) -> io::Result<Vec<u8>> {
        let mut data = Vec::new();
        let most = u64::try_from(size).unwrap_or(u64::MAX);
        self.take(most).read_to_end(&mut data)?;
        Ok(data)
    }

    /// Reads all of it, which may be `most` bytes.
    pub(super) fn read_whole(self, most: usize) -> io::Result<Vec<u8>> {
        let too_long = || io::Error::from(HTTPError::new(413));
        let limit = u64::try_from(most).unwrap_or(u64::MAX);
        if self.0.content_length().is_some_and(|length| length > limit) {
            return Err(too_long());
        }
        let mut body = Vec::new();
        self.take(limit.saturating_add(1)).read_to_end(&mut body)?;
        if body.len() > most { Err(too_long()) } else { Ok(body) }
    }

    /// The same of a body that is a form: its fields.
    pub(super) fn read_form(self, most: usize) -> io::Result<Vec<(String, String)>> {
        if !self.0.headers().lists("Content-Type", "application/x-www-form-urlencoded") {
            return Err(HTTPError::new(415).into());
        }
        Ok(form_urlencoded::parse(&self.read_whole(most)?).into_owned().collect())
    }

    /// Reads a line with its end, of at most `limit` bytes; at the end of the body fewer or none.
    ///
    /// # Errors
    /// As [`read`](Read::read).
    ///
    /// Python: `rfile.readline(limit)`
    pub fn readline(&mut self, limit: usize) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        let mut byte = [0];
        while line.len() < limit && self.read(&mut byte)? == 1 {
            line.push(byte[0]);
            if byte[0] == b'\n' {
                break;
            }
        }
        Ok(line)
    }
}

impl Read for BodyReader {
    /// # Errors
    /// `UnexpectedEof` if the client ends the stream within the body, `InvalidData` for a wrong
    /// chunk, `TimedOut` for a client that is too slow; the socket's.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read_body(buffer)
    }
}

impl fmt::Debug for BodyReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BodyReader").field(&self.0).finish()
    }
}
