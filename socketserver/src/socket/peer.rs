//! The process at the other end of a Unix socket.

use std::io;

use super::handle::Socket;
use crate::control::PeerCred;
use crate::sys;

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
