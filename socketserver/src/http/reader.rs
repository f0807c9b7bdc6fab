//! The request's body: `rfile`.

use std::fmt;
use std::io::{self, Read};

use super::exchange::Exchange;
use super::message::refusal::HTTPError;

/// The request's body as a file. It ends where the body ends, and the chunked coding is decoded. A
/// clone is another handle of the same file; in a later request its calls fail with `InvalidInput`.
///
/// If the client waits for `100 Continue`, the first read sends it. A body that breaks off or is
/// malformed is an error, so it never looks like a whole one.
///
/// Python: `BaseHTTPRequestHandler.rfile`, which ends where the connection ends
#[derive(Clone)]
pub struct BodyReader(pub(super) Exchange);

impl BodyReader {
    /// Reads `size` bytes, or fewer at the end of the body. Memory is used only for bytes that have
    /// come.
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

    /// Reads the whole body as the fields of a form.
    pub(super) fn read_form(self, most: usize) -> io::Result<Vec<(String, String)>> {
        if !self.0.headers().lists("Content-Type", "application/x-www-form-urlencoded") {
            return Err(HTTPError::new(415).into());
        }
        Ok(form_urlencoded::parse(&self.read_whole(most)?).into_owned().collect())
    }

    /// Reads a line with its line feed, of at most `limit` bytes. The result is empty at the end of
    /// the body.
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
    /// `UnexpectedEof` if the client ends the stream within the body, `InvalidData` for a malformed
    /// chunk, `TimedOut` if the client is too slow; those of the socket. A handler that returns the
    /// first three answers them with 400 and 408.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read_body(buffer)
    }
}

impl fmt::Debug for BodyReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BodyReader").field(&self.0).finish()
    }
}
