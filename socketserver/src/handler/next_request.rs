//! A handler that waits for its client's next request.

use std::io;
#[cfg(feature = "http")]
use std::io::ErrorKind;
use std::time::Duration;

use super::server_ref::ServerRef;
#[cfg(feature = "http")]
use crate::aborts::Idle;
use crate::green;
#[cfg(feature = "http")]
use crate::request::is_timeout;
use crate::socket::Socket;
use crate::wait::readable_unless;
#[cfg(feature = "http")]
use crate::wait::{Calls, End, NEVER, receive_unless};

/// How long a connection may be silent before its first byte, also while the server ends: the byte
/// may be on its way.
pub(crate) const FIRST_BYTE: Duration = Duration::from_secs(1);

impl<S> ServerRef<S> {
    /// Waits for the next request of the handler's client on `connection`. Returns whether there is
    /// something to read: the request's first byte, or the end of the stream. It returns `false` if
    /// a drain, by a signal too, or `server_close` ends the server first: at once, or after the
    /// lame-duck time. So no drain waits for idle clients, and no request that has begun to come is
    /// lost. A new client has one second after the call for its first byte, during a drain too.
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

    /// As [`next_request`](Self::next_request), but waits for at most `time`.
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

    /// Waits for the next request, as [`next_request_within`](Self::next_request_within), and
    /// receives its first bytes: at most `room` of them, or as many as fit into `memory`, which is
    /// empty. Together this takes fewer system calls. A busy client's bytes come into that memory,
    /// which is freed before a long wait. The connection must have no layer. Returns `None` if the
    /// server ends first.
    ///
    /// # Errors
    /// Those of `next_request_within`.
    #[cfg(feature = "http")]
    pub(crate) fn receive_next(
        &self,
        connection: &Socket,
        (memory, room): (Vec<u8>, usize),
        time: Duration,
        mark: &mut IdleMark,
    ) -> io::Result<Option<Vec<u8>>> {
        let wait = connection.awaited();
        let calls = |mut memory: Vec<u8>| Calls {
            receive: || connection.try_recv_in(Vec::with_capacity(room), false),
            glance: move || {
                memory.reserve(room);
                connection.try_recv_in(memory, true)
            },
        };
        if !connection.has_received() {
            let first = || connection.patience_within(FIRST_BYTE.min(time));
            match receive_unless(wait, NEVER, first, calls(Vec::new())) {
                // The wait below says so if nothing comes.
                Err(error) if is_timeout(&error) || error.kind() == ErrorKind::WouldBlock => {}
                result => return result,
            }
        }
        let books = &self.core().books;
        let has_come = || {
            if mark.0.is_none() {
                mark.0 = green::mark_idle();
            }
            books.has_ended()
        };
        let end = Some(End { descriptor: books.ended(), has_come });
        receive_unless(wait, end, || connection.patience_within(time), calls(memory))
    }
}

/// A connection's mark as idle, made at its first wait and kept for the later ones. While its
/// handler is busy, the end of the server wakes it for no reason, which does no harm.
#[cfg(feature = "http")]
#[derive(Default)]
pub(crate) struct IdleMark(Option<Idle>);
