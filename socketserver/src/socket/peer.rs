//! The process at the other end of a Unix socket.

use std::io;

use super::handle::Socket;
use crate::sys;

/// The process at the other end of a Unix stream, or the sender of a datagram; its user and its
/// group.
///
/// Python: `struct.unpack("3i", socket.getsockopt(SOL_SOCKET, SO_PEERCRED, 12))`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PeerCred {
    /// The number of the process that connected, or sent. `None` if the process is not visible from
    /// here, as when the server runs in a container and its client outside.
    pub pid: Option<i32>,
    /// The number of its user.
    pub uid: u32,
    /// The number of its group.
    pub gid: u32,
}

impl Socket {
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
