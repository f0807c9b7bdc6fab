//! The process at the other end of a Unix socket.

use std::io;

use super::handle::Socket;
use crate::control::PeerCred;
use crate::{sys, wait};

impl Socket {
    /// Whether the peer has closed its end of a stream, or the connection has failed, even if there
    /// are unread bytes. It does not wait.
    ///
    /// This is for handlers that wait for something else than their client, such as a queue of
    /// events. Without this call, such a handler learns only from its next `sendall` that the
    /// client has gone. A client that has only ended its own sending, as `nc -N` does, counts as
    /// closed too.
    ///
    /// ```
    /// use std::io;
    /// use std::sync::mpsc::{Receiver, RecvTimeoutError};
    /// use std::time::Duration;
    /// use socketserver::Socket;
    ///
    /// fn push(client: &Socket, events: &Receiver<Vec<u8>>) -> io::Result<()> {
    ///     while !client.has_peer_closed()? {
    ///         match events.recv_timeout(Duration::from_secs(1)) {
    ///             Ok(event) => client.sendall(&event)?,
    ///             Err(RecvTimeoutError::Timeout) => {}
    ///             Err(RecvTimeoutError::Disconnected) => break,
    ///         }
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// "Bad file descriptor" once closed; the system's.
    ///
    /// Python: `select.poll` with `POLLRDHUP`
    pub fn has_peer_closed(&self) -> io::Result<bool> {
        wait::has_peer_closed(self.0.descriptor.open()?.awaited())
    }

    /// The process at the other end of a Unix stream, as of when it connected.
    ///
    /// # Errors
    /// `Unsupported` for a socket that does not know: one of another family, or a datagram socket
    /// that has connected by itself. The system's. For datagrams there is
    /// [`PassCredentials`](crate::SocketOption::PassCredentials).
    ///
    /// Python: `socket.getsockopt(SOL_SOCKET, SO_PEERCRED, 12)`
    pub fn peer_cred(&self) -> io::Result<PeerCred> {
        let is_unix = self.raw_open()?.peer_addr()?.is_unix();
        let credentials = sys::peer_credentials(self)?;
        if !is_unix || credentials.uid == libc::uid_t::MAX {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "expected a Unix stream, got a socket that does not know its peer's process",
            ));
        }
        Ok(PeerCred {
            pid: Some(credentials.pid).filter(|&pid| pid != 0),
            uid: credentials.uid,
            gid: credentials.gid,
        })
    }
}
