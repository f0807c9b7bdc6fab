//! What wakes the loop.

use std::fmt;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags};

use crate::socket::Socket;
use crate::socket::wait::poll_until;
use crate::sys::fork::let_go;

/// The server's doorbell: it makes the loop look again, and says nothing. What happened stands in
/// memory, so ringing once too often costs a turn of the loop and no more.
///
/// It is a pair of sockets, not an eventfd, because what a signal handler may safely write is one
/// byte.
#[derive(Clone)]
pub struct Waker(Arc<(UnixStream, UnixStream)>);

impl Waker {
    pub(crate) fn new() -> io::Result<Self> {
        let (heard, bell) = UnixStream::pair()?;
        heard.set_nonblocking(true)?;
        bell.set_nonblocking(true)?;
        Ok(Waker(Arc::new((heard, bell))))
    }

    /// Makes the loop look again.
    pub fn wake(&self) {
        // A full bell has been rung already.
        let _ = (&self.0.1).write(&[0]);
    }

    /// Whether it has been rung since the last time.
    #[cfg(test)]
    pub(super) fn rung(&self) -> bool {
        matches!((&self.0.0).read(&mut [0; 64]), Ok(1..))
    }

    /// A descriptor that rings when a byte is written to it: for signals.
    ///
    /// # Errors
    /// No descriptors left.
    pub fn bell(&self) -> io::Result<OwnedFd> {
        Ok(self.0.1.try_clone()?.into())
    }

    /// In a forked child: the bell is the parent's.
    pub(crate) fn leave_to_parent(&self) {
        for end in [&self.0.0, &self.0.1] {
            if let Err(error) = let_go(end) {
                log::debug!(target: "socketserver::server", "a child keeps its parent's bell: {error}");
            }
        }
    }

    /// Waits for the bell, for a request if there is a listener to look at, and until `end` if
    /// there is one. Returns whether a request may be there.
    pub(crate) fn wait(&self, listener: Option<&Socket>, end: Option<Instant>) -> io::Result<bool> {
        let bell = PollFd::new(&self.0.0, PollFlags::IN);
        let (rung, ready) = match listener {
            None => {
                let mut fds = [bell];
                poll_until(&mut fds, end)?;
                (!fds[0].revents().is_empty(), false)
            }
            Some(listener) => {
                let mut fds = [
                    bell,
                    PollFd::from_borrowed_fd(listener.as_fd(), PollFlags::IN),
                ];
                poll_until(&mut fds, end)?;
                (!fds[0].revents().is_empty(), !fds[1].revents().is_empty())
            }
        };
        if rung {
            let mut bytes = [0; 64];
            while matches!((&self.0.0).read(&mut bytes), Ok(64)) {}
        }
        Ok(ready)
    }
}

impl fmt::Debug for Waker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waker").finish_non_exhaustive()
    }
}
