//! Handles of a socket that code has kept after what the socket was made for has ended.

use std::sync::{Arc, Weak};

use super::handle::{Shared, Socket};

impl Socket {
    /// Gives the system's socket up if there are other handles.
    pub(crate) fn give_up_if_shared(&self) {
        if Arc::strong_count(&self.0) > 1 && !self.is_detached() {
            self.0.descriptor.give_up();
        }
    }

    /// A handle that does not keep the socket open.
    pub(crate) fn downgrade(&self) -> WeakSocket {
        WeakSocket(Arc::downgrade(&self.0))
    }
}

/// Handle to a socket that does not keep it open.
pub(crate) struct WeakSocket(Weak<Shared>);

impl WeakSocket {
    /// Gives the system's socket up if there are still handles.
    pub(crate) fn give_up(&self) {
        if let Some(shared) = self.0.upgrade() {
            shared.descriptor.give_up();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;
    use std::time::Instant;

    use rustix::event::{PollFd, PollFlags};

    use super::*;
    use crate::wait::poll_until;

    /// A thread may be about to make a call, which must not wait for ever.
    #[test]
    fn late_call_finds_an_ended_stream() {
        let (one, _other) = UnixStream::pair().unwrap();
        let socket = Socket::from(one);
        let kept = socket.clone();
        socket.give_up_if_shared();
        let flags = PollFlags::IN | PollFlags::OUT;
        let mut fds = [PollFd::from_borrowed_fd(kept.as_fd(), flags)];
        assert_eq!(poll_until(&mut fds, Some(Instant::now())).unwrap(), 1);
        assert!(fds[0].revents().contains(flags | PollFlags::HUP));
        assert!(kept.recv(1).is_err());
    }
}
