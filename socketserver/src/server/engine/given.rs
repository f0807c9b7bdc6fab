//! A server that has one connection, as from inetd, in place of a listener.

use std::io;
use std::sync::atomic::Ordering::Relaxed;

use super::serve::Loop;
use crate::sync::Instant;

impl Loop<'_> {
    /// Whether the server has a connection in place of a listener: its only request.
    pub(super) fn is_given(&self) -> bool {
        self.listener.is_given()
    }

    pub(super) fn given_was_taken(&self) -> bool {
        self.is_given() && self.engine.given_taken.load(Relaxed)
    }

    pub(super) fn given_was_served(&self) -> bool {
        self.given_was_taken() && self.core.books.active() == 0
    }

    /// Waits for the one request of a server that has a connection, and then for its end. The
    /// connection need not be readable, because its handler may speak first. The books report the
    /// end.
    pub(super) fn wait_for_given(&self, open: bool, end: Option<Instant>) -> io::Result<bool> {
        if !self.given_was_taken() && open {
            return Ok(true);
        }
        if self.given_was_served() {
            return Ok(false);
        }
        self.core.waker.wait(None, end)
    }
}
