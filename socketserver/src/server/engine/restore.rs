//! How the loop binds its listener again, after the file by which clients find it has gone.

use std::io;
use std::mem;
use std::time::Duration;

use super::serve::{Loop, Taken};
use super::{Listener, Origin, TARGET};
use crate::address::Address;
use crate::sync::Instant;

/// Time between two checks of the file.
const EVERY: Duration = Duration::from_secs(1);

impl Loop<'_> {
    /// From now on the loop checks the file of its listener, if the server has made one.
    pub(super) fn watch_listener(&mut self) {
        if self.listener.origin == Origin::Own && matches!(self.core.address, Address::Unix(_)) {
            self.restore_due = Some(Instant::now() + EVERY);
        }
    }

    /// Binds the listener again, if a check is due and clients cannot find it.
    pub(super) fn restore_listener(&mut self) {
        if self.restore_due.is_none_or(|due| Instant::now() < due) {
            return;
        }
        self.restore_due = Some(Instant::now() + EVERY);
        if !self.intake.is_lost(self.socket()) || !self.take_former_backlog() {
            return;
        }
        match self.bind_again() {
            Ok(()) => {
                self.restore_error = None;
                log::debug!(target: TARGET, "listening on {} again", self.core.address);
            }
            Err(error) => self.report_failed_restore(&error.to_string()),
        }
    }

    /// A line in the log, unless the last attempt failed for the same reason.
    fn report_failed_restore(&mut self, error: &str) {
        if self.restore_error.as_deref() != Some(error) {
            self.restore_error = Some(error.to_owned());
            let address = &self.core.address;
            log::warn!(target: TARGET, "cannot listen on {address} again ({error}): trying again every {EVERY:?}");
        }
    }

    /// Dispatches the backlog of the lost listener, which no new client can join. Returns whether
    /// the listener can be given up. It can if its backlog is empty, or if 4,096 requests have come
    /// from it, because then clients still have a way to it.
    fn take_former_backlog(&mut self) -> bool {
        const MOST: usize = 4_096;
        for _ in 0..MOST {
            if self.core.life.is_leaving() || self.admission.must_wait() {
                return false;
            }
            match self.take() {
                Ok(Taken::Request(_) | Taken::Silent) => {}
                Ok(Taken::Nothing) => return true,
                Ok(Taken::Failed) | Err(_) => return false,
            }
        }
        true
    }

    fn bind_again(&mut self) -> io::Result<()> {
        let socket = self.intake.bind_again(&self.core.address)?;
        // Made before the socket listens, as at the start.
        let listener = Listener::new(socket, Origin::Own);
        let close = |listener: &Listener| self.intake.close_listener(listener.socket());
        self.intake.activate(listener.socket()).inspect_err(|_| close(&listener))?;
        let mut current = self.engine.listener.lock();
        if current.is_none() {
            // The server was closed meanwhile.
            drop(current);
            close(&listener);
            return Ok(());
        }
        *current = Some(listener.clone());
        drop(current);
        let former = mem::replace(&mut self.listener, listener);
        self.engine.answers.lock().extend(former.answers());
        Ok(())
    }
}
