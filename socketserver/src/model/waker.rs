//! What `request/waker.rs` is for the system, for the model checker: a flag that can be waited for.

use std::cell::Cell;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use crate::socket::Socket;
use crate::sync::{Condvar, Instant, Mutex};

std::thread_local! {
    /// How many clients wait at the listener of the model that runs on this thread. Only the loop
    /// takes some away.
    pub(crate) static CLIENTS: Cell<usize> = const { Cell::new(0) };
}

/// Wakes a server's loop.
#[derive(Clone, Debug)]
pub struct Waker(Arc<Bell>);

#[derive(Debug)]
struct Bell {
    rung: Mutex<bool>,
    heard: Condvar,
}

impl Waker {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Waker(Arc::new(Bell {
            rung: Mutex::new(false),
            heard: Condvar::new(),
        })))
    }

    /// Makes the loop look again.
    pub fn wake(&self) {
        *self.0.rung.lock() = true;
        self.0.heard.notify_all();
    }

    /// Whether it has been woken since the last time.
    #[cfg(test)]
    pub(crate) fn was_woken(&self) -> bool {
        std::mem::take(&mut *self.0.rung.lock())
    }

    /// There are no signals here.
    ///
    /// # Errors
    /// Always.
    pub fn wake_fd(&self) -> io::Result<OwnedFd> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(crate) fn wait(&self, listener: Option<&Socket>, end: Option<Instant>) -> io::Result<bool> {
        let ready = || listener.is_some() && CLIENTS.get() > 0;
        let mut rung = self.0.rung.lock();
        while !*rung && !ready() {
            match end {
                None => self.0.heard.wait(&mut rung),
                Some(end) => {
                    if self.0.heard.wait_until(&mut rung, end).timed_out() {
                        break;
                    }
                }
            }
        }
        // As the system does, not in one step with the wait: what rings in between is taken too.
        let was_rung = *rung;
        drop(rung);
        if was_rung {
            *self.0.rung.lock() = false;
        }
        Ok(ready())
    }
}
