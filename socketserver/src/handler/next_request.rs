//! A handler that waits for its client's next request.

use std::io;
use std::time::Duration;

use super::server_ref::ServerRef;
use crate::green;
use crate::socket::Socket;
use crate::wait::readable_unless;

/// How long a connection may be silent before its first byte, also while the server ends: the byte
/// may be on its way.
pub(crate) const FIRST_BYTE: Duration = Duration::from_secs(1);

impl<S> ServerRef<S> {
    /// Waits for the next request of the handler's client on `connection`. Returns whether there is
    /// something to read: the request's first byte, or the end of the stream. It returns `false` if
    /// a drain, by a signal too, or `server_close` ends the server first: at once, or after the
    /// lame-duck time. So no drain waits for idle clients, and no request that has begun to come is
    /// lost. A new client has one second for its first byte.
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
    ///         while self.server.next_request(&self.request)? {
    ///             let line = self.rfile.readline(1024)?;
    ///             if line.is_empty() {
    ///                 break;
    ///             }
    ///             self.request.sendall(&line)?;
    ///         }
    ///         Ok(())
    ///     }
    /// }
    /// ```
    ///
    /// It works on every concurrency, in a forked child too. An `rfile` with unread bytes has the
    /// next request already. For a connection with a [`Layer`](crate::Layer) see
    /// [`pending`](crate::Layer::pending).
    ///
    /// # Errors
    /// `TimedOut` after the connection's timeout, `WouldBlock` if that is zero; "bad file
    /// descriptor" once the connection is closed; the system's.
    ///
    /// Python: no counterpart; an idle handler keeps the process alive, or dies with it
    pub fn next_request(&self, connection: &Socket) -> io::Result<bool> {
        self.next_request_within(connection, Duration::MAX)
    }

    /// The same, for `time` at the longest.
    ///
    /// # Errors
    /// As [`next_request`](Self::next_request).
    pub fn next_request_within(&self, connection: &Socket, time: Duration) -> io::Result<bool> {
        if connection.has_pending()? {
            return Ok(true);
        }
        let wait = connection.awaited();
        if !connection.has_received()
            && readable_unless(wait, None, connection.patience_within(FIRST_BYTE.min(time))).is_ok()
        {
            return Ok(true);
        }
        let _idle = green::mark_idle();
        let ended = self.core().books.ended();
        readable_unless(wait, Some(ended), connection.patience_within(time))
    }
}
