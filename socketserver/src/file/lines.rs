//! `for line in rfile`, with a limit.

use std::io;

use super::SocketReader;

impl SocketReader {
    /// Iterator over the remaining lines, as text without their ends, which are `\n` or `\r\n`.
    /// Without its end a line has at most `limit` bytes, so that no client can fill the memory.
    ///
    /// ```
    /// # use std::io::{self, Write};
    /// # use socketserver::{SocketReader, SocketWriter};
    /// fn upper(rfile: &mut SocketReader, wfile: &mut SocketWriter) -> io::Result<()> {
    ///     for line in rfile.lines_up_to(1024) {
    ///         writeln!(wfile, "{}", line?.to_uppercase())?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// An item is `InvalidData` for a line that is longer, or is not UTF-8, and is then the last.
    /// Other errors are the socket's. After a timeout the next item goes on with the same line.
    ///
    /// Python: `for line in rfile`, which has no limit
    pub fn lines_up_to(&mut self, limit: usize) -> Lines<'_> {
        Lines { rfile: self, limit, ended: false }
    }
}

/// Iterator over the lines of a stream. Made by [`SocketReader::lines_up_to`].
#[derive(Debug)]
pub struct Lines<'a> {
    rfile: &'a mut SocketReader,
    limit: usize,
    ended: bool,
}

impl Iterator for Lines<'_> {
    type Item = io::Result<String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let line = match self.rfile.readline(self.limit.saturating_add(2)) {
            Ok(line) => line,
            Err(error) => return Some(Err(error)),
        };
        self.ended = line.is_empty();
        (!self.ended).then(|| {
            let text = self.text(line);
            self.ended = text.is_err();
            text
        })
    }
}

impl Lines<'_> {
    fn text(&self, mut line: Vec<u8>) -> io::Result<String> {
        let invalid = |reason| io::Error::new(io::ErrorKind::InvalidData, reason);
        if line.pop_if(|last| *last == b'\n').is_some() {
            line.pop_if(|last| *last == b'\r');
        }
        if line.len() > self.limit {
            let reason =
                format!("expected lines of at most {} bytes, got a longer one", self.limit);
            return Err(invalid(reason));
        }
        String::from_utf8(line).map_err(|error| invalid(error.to_string()))
    }
}
