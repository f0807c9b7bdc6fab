//! The connection to the service manager: one datagram per message.

use std::io::{self, ErrorKind};
use std::time::Duration;

use crate::activation::variable;
use crate::address::{AddressFamily, ToAddress};
use crate::socket::{Socket, SocketKind, socketpair};

/// Maximum time for the manager to read a message, and to answer a barrier.
const TIMEOUT: Duration = Duration::from_secs(5);

/// How long the end of a server waits for room for a message, if the manager does not read.
pub(super) const PATIENCE: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(super) struct Manager(Socket);

impl Manager {
    /// The manager that the environment names in `NOTIFY_SOCKET`, if there is one.
    pub(super) fn named() -> io::Result<Option<Self>> {
        let Some(name) = variable("NOTIFY_SOCKET") else {
            return Ok(None);
        };
        let name = name.to_str().filter(|name| name.starts_with(['/', '@'])).ok_or_else(|| {
            let text = format!("expected a path or @NAME in NOTIFY_SOCKET, got {name:?}");
            io::Error::new(ErrorKind::InvalidInput, text)
        })?;
        let socket = Socket::new(AddressFamily::Unix, SocketKind::Datagram)?;
        socket.settimeout(Some(TIMEOUT))?;
        socket.connect(name.to_address()?)?;
        Ok(Some(Manager(socket)))
    }

    /// The manager at the other end of a pair.
    #[cfg(test)]
    pub(super) fn of(socket: Socket) -> Self {
        Manager(socket)
    }

    pub(super) fn send(&self, message: &str) -> io::Result<()> {
        self.0.send(message.as_bytes()).map(drop)
    }

    /// Sends a message within this time, which may be zero. If clients wait for the caller, a
    /// manager that is slow to read must not delay it.
    ///
    /// # Errors
    /// `WouldBlock` or `TimedOut` if there is no room for the message; those of the system.
    pub(super) fn send_within(&self, message: &str, time: Duration) -> io::Result<()> {
        self.0.send_within(message.as_bytes(), time).map(drop)
    }

    /// Waits until the manager has read all earlier messages: it then closes the descriptor that
    /// this message carries. If the process ended sooner, the manager might not know which process
    /// has sent them.
    pub(super) fn wait_until_read(&self) -> io::Result<()> {
        let (ours, theirs) = socketpair(SocketKind::Stream)?;
        self.0.settimeout(Some(PATIENCE))?;
        self.0.send_fds(&[b"BARRIER=1"], &[&theirs])?;
        theirs.close();
        ours.settimeout(Some(TIMEOUT))?;
        ours.recv(1).map(drop)
    }
}
