//! Takes the place of `request/waker.rs` in a model: the loop is woken by a flag.

use std::cell::Cell;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use crate::socket::Socket;
use crate::sync::{Condvar, Instant, Mutex};

std::thread_local! {
    /// How many clients are in the backlog of the model that runs on this thread. Only the loop
    /// accepts them.
    pub(crate) static CLIENTS: Cell<usize> = const { Cell::new(0) };
}

/// Wakes a server's loop.
#[derive(Clone, Debug)]
pub struct Waker(Arc<Flag>);

#[derive(Debug)]
struct Flag {
    is_set: Mutex<bool>,
    changed: Condvar,
}

impl Waker {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Waker(Arc::new(Flag { is_set: Mutex::new(false), changed: Condvar::new() })))
    }

    /// Makes the loop look again.
    pub fn wake(&self) {
        *self.0.is_set.lock() = true;
        self.0.changed.notify_all();
    }

    /// Whether it has been woken since the last time.
    #[cfg(test)]
    pub(crate) fn was_woken(&self) -> bool {
        std::mem::take(&mut *self.0.is_set.lock())
    }

    /// There are no signals in a model.
    ///
    /// # Errors
    /// Always.
    pub fn wake_fd(&self) -> io::Result<OwnedFd> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// No server of a model has what could be waited for beside the listener.
    pub(crate) fn wait_beside(
        &self,
        listener: Option<&Socket>,
        _beside: &Socket,
        end: Option<Instant>,
    ) -> io::Result<bool> {
        self.wait(listener, end)
    }

    pub(crate) fn wait(&self, listener: Option<&Socket>, end: Option<Instant>) -> io::Result<bool> {
        let ready = || listener.is_some() && CLIENTS.get() > 0;
        let mut is_set = self.0.is_set.lock();
        while !*is_set && !ready() {
            match end {
                None => self.0.changed.wait(&mut is_set),
                Some(end) => {
                    if self.0.changed.wait_until(&mut is_set, end).timed_out() {
                        break;
                    }
                }
            }
        }
        // Not in one step with the wait, as with the system: a wake in between is taken too.
        let was_set = *is_set;
        drop(is_set);
        if was_set {
            *self.0.is_set.lock() = false;
        }
        Ok(ready())
    }
}
