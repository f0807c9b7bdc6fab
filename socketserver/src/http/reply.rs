//! The reply's body: `wfile`.

use std::fmt;
use std::io::{self, Write};

use super::exchange::Exchange;

/// The body of the reply. A clone is another handle of the same body; in a later request its calls
/// fail with `InvalidInput`.
///
/// Writes are gathered up to 16 KiB, so that a short reply is sent in one piece, and `flush` sends
/// them earlier. Some writes are sent at once: events (`text/event-stream`), pictures that replace
/// each other (`multipart/x-mixed-replace`), and the bytes after a 101. If the length of the body
/// is not known when its head is sent, the body is chunked. For a client of HTTP/1.0 it ends with
/// the connection.
///
/// Python: `BaseHTTPRequestHandler.wfile`, which is the connection itself
#[derive(Clone)]
pub struct ReplyWriter(pub(super) Exchange);

impl Write for ReplyWriter {
    /// # Errors
    /// `InvalidInput` before `end_headers`, and for more bytes than `Content-Length` says;
    /// `TimedOut` if the client reads too slowly; those of the connection.
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.0.write_body(data)?;
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl fmt::Debug for ReplyWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReplyWriter").field(&self.0).finish()
    }
}
