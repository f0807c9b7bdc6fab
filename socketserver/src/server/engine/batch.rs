//! How many requests the loop takes in one turn.

use std::cell::Cell;
use std::io;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use super::serve::{Loop, Taken};
use crate::request::Moment;
use crate::sync::Instant;
use crate::wait::yield_now;

/// At most this many requests are dispatched per turn. Under load the backlog never empties, and
/// the loop has other work.
const BATCH: usize = 64;

/// The time in one turn of requests that run on the loop itself, by a clock that costs next to
/// nothing, after each of them.
struct Slice {
    began: Moment,
    length: Duration,
}

impl Slice {
    /// How long they may keep the loop from its other work: until the next step of the clock. Those
    /// that take longer cost a turn each.
    const USUAL: Duration = Duration::from_millis(1);

    fn is_over(&self) -> bool {
        self.began.elapsed() >= self.length
    }
}

impl Loop<'_> {
    /// The slice that begins now, if requests run on the loop itself. A state whose
    /// `service_actions` does something is asked after each request, as in Python.
    fn slice(&self) -> Option<Slice> {
        let has_actions = self.core.service_actions.load(Relaxed);
        let length = if has_actions { Duration::ZERO } else { Slice::USUAL };
        self.core.runs_on_loop.then(|| Slice { began: Moment::now(), length })
    }

    /// Whether a batch ends before its next request.
    fn breaks_off(&self) -> bool {
        self.core.life.is_stopping() || self.has_unanswered_signal()
    }

    /// Dispatches clients of the lobby, up to a batch.
    pub(super) fn serve_lobby_batch(&self) {
        if self.lobby.is_some() && !self.breaks_off() {
            let (slice, left) = (self.slice(), Cell::new(BATCH));
            self.serve_lobby(|| {
                left.set(left.get() - 1);
                let is_over = slice.as_ref().is_some_and(Slice::is_over);
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
        let (mut taken, mut burst) = (0, 0);
        let slice = self.slice();
        let most = if self.outlook.looks() { BATCH } else { 1 };
        while taken < most && !self.breaks_off() && !self.admission.must_wait() {
            match self.take()? {
                Taken::Request(_) | Taken::Silent => {
                    (taken, burst) = (taken + 1, burst + 1);
                    if slice.as_ref().is_some_and(Slice::is_over) {
                        break;
                    }
                }
                // Let the clients run: more of a burst may come. To sleep and be woken for each
                // request would cost more. Where the loop has run the requests itself, the clients
                // have had their time.
                Taken::Nothing if burst > 1 && slice.is_none() => {
                    burst = 0;
                    yield_now();
                }
                _ => break,
            }
        }
        self.outlook.note(taken);
        Ok(())
    }

    /// Whether a signal has come that the loop answers at its next turn.
    pub(super) fn has_unanswered_signal(&self) -> bool {
        self.core.signalled.load(Relaxed) && !self.core.life.is_leaving()
    }
}
