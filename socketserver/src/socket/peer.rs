//! The process at the other end of a Unix socket.

use std::io;

use super::handle::Socket;

/// The process at the other end of a Unix stream, its user and its group.
///
/// Python: `struct.unpack("3i", socket.getsockopt(SOL_SOCKET, SO_PEERCRED, 12))`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PeerCred {
    /// The number of the process that connected.
    pub pid: i32,
    /// The number of its user.
    pub uid: u32,
    /// The number of its group.
    pub gid: u32,
}

impl Socket {
    /// The process at the other end of a Unix stream, as of when it connected.
    ///
    /// # Errors
    /// `Unsupported` for a socket of another family; the system's.
    ///
    /// Python: `socket.getsockopt(SOL_SOCKET, SO_PEERCRED, 12)`
    #[cfg(target_os = "linux")]
    pub fn peer_cred(&self) -> io::Result<PeerCred> {
        let socket = self.raw_open()?;
        if !socket.peer_addr()?.is_unix() {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "expected a Unix socket, the only kind that knows the process at its other end",
            ));
        }
        let cred = rustix::net::sockopt::socket_peercred(self)?;
        Ok(PeerCred {
            pid: cred.pid.as_raw_pid(),
            uid: cred.uid.as_raw(),
            gid: cred.gid.as_raw(),
        })
    }
}
