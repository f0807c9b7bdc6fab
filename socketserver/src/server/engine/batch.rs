//! How many requests the loop takes in one turn.

use std::cell::Cell;
use std::io;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::serve::{Loop, Taken};
use crate::sync::Instant;
use crate::wait::yield_now;

/// At most this many requests are dispatched per turn. Under load the backlog never empties, and
/// the loop has other work.
const BATCH: usize = 64;

/// How long requests that run on the loop itself may keep it from its other work. Those that take
/// longer cost a turn each.
const SLICE: Duration = Duration::from_millis(1);

impl Loop<'_> {
    /// When requests that run on the loop itself have had their time in this turn. A state whose
    /// `service_actions` does something is asked after each request, as in Python.
    fn end_of_slice(&self) -> Option<Instant> {
        let has_actions = self.core.service_actions.load(Relaxed);
        let slice = if has_actions { Duration::ZERO } else { SLICE };
        self.core.runs_on_loop.then(|| Instant::now() + slice)
    }

    /// Whether a batch ends before its next request.
    fn breaks_off(&self) -> bool {
        self.core.life.is_stopping() || self.has_unanswered_signal()
    }

    /// Dispatches clients of the lobby, up to a batch.
    pub(super) fn serve_lobby_batch(&self) {
        if self.lobby.is_some() && !self.breaks_off() {
            let (end, left) = (self.end_of_slice(), Cell::new(BATCH));
            self.serve_lobby(|| {
                left.set(left.get() - 1);
                let is_over = end.is_some_and(|end| Instant::now() >= end);
                left.get() > 0 && !is_over && !self.breaks_off()
            });
        }
    }

    /// Waits for requests, and dispatches a batch of them. A worker may receive the next ones.
    pub(super) fn receive(&mut self, end: Option<Instant>) -> io::Result<()> {
        // A server that is full has no place for a leader before a request has ended.
        let was_full = self.lead.is_some() && self.admission.must_wait();
        if self.wait(end)? {
            self.take_batch()?;
        } else if !was_full {
            return Ok(());
        }
        self.lend_baton();
        Ok(())
    }

    /// Dispatches the requests that are there, up to a batch.
    pub(super) fn take_batch(&mut self) -> io::Result<()> {
        let mut burst = 0;
        let end = self.end_of_slice();
        for _ in 0..BATCH {
            if self.breaks_off() || self.admission.must_wait() {
                break;
            }
            match self.take()? {
                Taken::Request(_) if end.is_some_and(|end| Instant::now() >= end) => break,
                Taken::Request(_) | Taken::Silent => burst += 1,
                // Let the clients run: more of a burst may come. To sleep and be woken for each
                // request would cost more. Where the loop has run the requests itself, the clients
                // have had their time.
                Taken::Nothing if burst > 1 && end.is_none() => {
                    burst = 0;
                    yield_now();
                }
                _ => break,
            }
        }
        Ok(())
    }

    /// Whether a signal has come that the loop answers at its next turn.
    pub(super) fn has_unanswered_signal(&self) -> bool {
        self.core.signalled.load(Relaxed) && !self.core.life.is_leaving()
    }
}
