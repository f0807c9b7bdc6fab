//! A handler that waits for its client's next request.

use std::fmt;

use super::server_ref::ServerRef;
use crate::aborts::Abortables;
use crate::green;
use crate::socket::Socket;

/// Marks a handler as idle for as long as it lives. Made by [`ServerRef::idle`].
#[must_use = "the handler counts as idle only as long as this lives"]
pub struct Idle(Option<Abortables>);

impl<S> ServerRef<S> {
    /// Marks the handler as idle for as long as the result lives: it is between two requests of its
    /// client on `connection`. A drain, by a signal too, and `server_close` do not wait for an idle
    /// handler: at once, or after the lame-duck time, its reads return the end of the stream. Bytes
    /// that have come by then are read first.
    ///
    /// ```
    /// use std::io;
    /// use socketserver::{ServerRef, Socket, SocketReader, StreamRequestHandler};
    ///
    /// #[derive(StreamRequestHandler)]
    /// struct KeepAlive {
    ///     request: Socket,
    ///     rfile: SocketReader,
    ///     server: ServerRef,
    /// }
    ///
    /// impl KeepAlive {
    ///     fn handle(&mut self) -> io::Result<()> {
    ///         loop {
    ///             let idle = self.server.idle(&self.request);
    ///             let line = self.rfile.readline(1024)?;
    ///             drop(idle);
    ///             if line.is_empty() {
    ///                 return Ok(());
    ///             }
    ///             self.request.sendall(&line)?;
    ///         }
    ///     }
    /// }
    /// ```
    ///
    /// It has no effect outside of a handler. Nor has it any in a forked child, which the drain of
    /// the parent ends as a whole.
    ///
    /// Python: no counterpart; an idle handler keeps the process alive, or dies with it
    pub fn idle(&self, connection: &Socket) -> Idle {
        let request = green::enclosing_request();
        if let Some(request) = &request {
            let connection = connection.abortable();
            (**request).as_ref().set_idle(Some(connection));
            // First the mark, then the look: either this call sees the drain, or the drain sees the
            // mark.
            if self.core().life.is_closing() {
                (**request).as_ref().end_if_idle();
            }
        }
        Idle(request)
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        if let Some(request) = &self.0 {
            (**request).as_ref().set_idle(None);
        }
    }
}

impl fmt::Debug for Idle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Idle").finish_non_exhaustive()
    }
}
