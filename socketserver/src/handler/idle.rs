//! A handler that waits for its client's next request.

use std::fmt;

use super::server_ref::ServerRef;
use crate::aborts::Abortables;
use crate::green;
use crate::socket::Socket;

/// While this lives, the handler waits for its client's next request: see [`ServerRef::idle`].
#[must_use = "the handler counts as idle only as long as this lives"]
pub struct Idle(Option<Abortables>);

impl<S> ServerRef<S> {
    /// Says that this handler is between two requests on its `connection`, for as long as the result
    /// lives. A drain, a signal's too, and `server_close` end an idle connection at once, or after
    /// the lame-duck time, instead of waiting for it: a read from it then returns the end of the
    /// stream. Bytes that have come by then are served.
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
    /// Outside of a handler, and in a forked child, which the drain of its parent ends as a whole, it
    /// has no effect.
    ///
    /// Python has nothing like it: its handlers keep the process alive, or die with it
    pub fn idle(&self, connection: &Socket) -> Idle {
        let request = green::enclosing_request();
        if let Some(request) = &request {
            let connection = connection.abortable();
            (**request).as_ref().set_idle(Some(connection));
            // In this order: either this sees the end, or the end sees this.
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
