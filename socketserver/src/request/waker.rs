//! What wakes the loop.

use std::fmt;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Instant;

use crate::socket::Socket;
use crate::sys::fork::ParentOnly;
use crate::wait::readable;

/// Wakes a server's loop. A wake-up carries no message: the loop looks at memory, so one wake-up
/// too many costs a turn of the loop and no more.
///
/// It is a pair of sockets, not an eventfd, because a signal handler writes one byte, and an
/// eventfd takes eight.
#[derive(Clone)]
pub struct Waker(Arc<Pair>);

struct Pair {
    /// The loop polls and reads this end.
    reader: ParentOnly<Socket>,
    writer: ParentOnly<UnixStream>,
}

impl Waker {
    pub(crate) fn new() -> io::Result<Self> {
        let (reader, writer) = UnixStream::pair()?;
        // Registered at once: a child that is forked meanwhile must not keep them.
        let pair = Pair { reader: ParentOnly::new(reader.into()), writer: ParentOnly::new(writer) };
        pair.writer.set_nonblocking(true)?;
        Ok(Waker(Arc::new(pair)))
    }

    /// Makes the loop look again.
    pub fn wake(&self) {
        // A full buffer holds wake-ups enough.
        let _ = (&*self.0.writer).write(&[0]);
    }

    /// Whether it has been woken since the last time.
    #[cfg(test)]
    pub(crate) fn was_woken(&self) -> bool {
        matches!(self.0.reader.try_recv(&mut [0; 64]), Ok(1..))
    }

    /// A descriptor that wakes the loop when a byte is written to it: for signal handlers.
    ///
    /// # Errors
    /// No descriptors left.
    pub fn wake_fd(&self) -> io::Result<OwnedFd> {
        Ok(self.0.writer.try_clone()?.into())
    }

    /// Blocks, or parks, until a wake-up, until a request may be there if there is a `listener` to
    /// look at, and at most until `end`. Returns whether a request may be there.
    pub(crate) fn wait(&self, listener: Option<&Socket>, end: Option<Instant>) -> io::Result<bool> {
        let own = self.0.reader.awaited();
        let (woken, ready) = match listener {
            None => (readable([own], end)?[0], false),
            Some(listener) => readable([own, listener.awaited()], end)?.into(),
        };
        if woken {
            self.take_wake_ups();
        }
        Ok(ready)
    }

    /// As [`wait`](Self::wait), but also returns when `beside` is readable.
    pub(crate) fn wait_beside(
        &self,
        listener: Option<&Socket>,
        beside: &Socket,
        end: Option<Instant>,
    ) -> io::Result<bool> {
        let (own, beside) = (self.0.reader.awaited(), beside.awaited());
        let (woken, ready) = match listener {
            None => (readable([own, beside], end)?[0], false),
            Some(listener) => {
                let [woken, ready, _] = readable([own, listener.awaited(), beside], end)?;
                (woken, ready)
            }
        };
        if woken {
            self.take_wake_ups();
        }
        Ok(ready)
    }

    fn take_wake_ups(&self) {
        let mut bytes = [0; 64];
        while matches!(self.0.reader.try_recv(&mut bytes), Ok(64)) {}
    }
}

impl fmt::Debug for Waker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waker").finish_non_exhaustive()
    }
}
