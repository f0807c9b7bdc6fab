//! The reply's body: `wfile`.

use std::fmt;
use std::io::{self, Write};

use super::exchange::Exchange;

/// The body of the reply. What is written is gathered, so that a short reply leaves in one piece;
/// `flush` sends what there is. Events (`text/event-stream`), pictures that replace each other
/// (`multipart/x-mixed-replace`) and what follows a 101 leave at once. A body whose length is not
/// known by then is chunked, or ends with the connection. A clone is another handle of the same
/// body.
///
/// Python: `BaseHTTPRequestHandler.wfile`, which is the connection
#[derive(Clone)]
pub struct ReplyWriter(pub(super) Exchange);

impl Write for ReplyWriter {
    /// # Errors
    /// `InvalidInput` before the end of the head, and for more than the handler has announced;
    /// `TimedOut` for a client that reads too slowly; the connection's.
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
