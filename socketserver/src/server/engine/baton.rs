//! How the loop lends its baton, and takes it back: see [`lead`](crate::lead). For datagrams alone,
//! because the handler of a connection waits for its client.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::lead::Lead;
use super::serve::Loop;
use super::{Engine, Listener, Owner};
use crate::admission::AcceptError;
use crate::lead::{Baton, Seen, leads};
use crate::sync::Instant;

impl Loop<'_> {
    /// From now on a worker may receive, if the concurrency has one that can.
    pub(super) fn allow_leaders(&mut self, engine: &Arc<Engine>) {
        let is_connectionless =
            !self.is_given() && matches!(&*self.listener.socket, Owner::Shared(_));
        if is_connectionless && self.concurrency.leads() {
            self.lead = Some(Lead::new(engine.clone()));
        }
    }

    pub(super) fn has_leader(&self) -> bool {
        self.lead.as_ref().is_some_and(|lead| lead.leader.is_some())
    }

    /// Lends the baton to a worker, if handlers are short.
    pub(super) fn lend_baton(&mut self) {
        let engine = self.engine;
        let is_paused = self.pause().is_some();
        if let Some(lead) = &mut self.lead
            && lead.pace.is_short()
            && !is_paused
            && !engine.core.life.is_stopping()
            && !engine.admission.must_wait()
            && !matches!(lead.lend(&self.listener), Ok(true))
        {
            // No worker could be had.
            lead.pace.lost(0);
        }
    }

    /// Blocks until a wake-up, until it is time to look at the leader, or until `end`. Takes the
    /// baton back if that is due.
    pub(super) fn watch_leader(&mut self, end: Option<Instant>) -> io::Result<()> {
        let overdue = self.core.books.abort_overdue();
        let waker = &self.engine.core.waker;
        let workers_due = self.workers_due;
        let Some(Lead { leader: Some((watch, listener)), .. }) = &mut self.lead else {
            return Ok(());
        };
        let ends = [end, overdue, workers_due, watch.next_look()];
        waker.wait(None, ends.into_iter().flatten().min())?;
        if !Arc::ptr_eq(&listener.socket, &self.listener.socket) {
            // The loop has bound another one.
            self.take_baton();
        } else if watch.look() == Seen::Back {
            let failure = watch.baton().take_failure();
            self.take_baton();
            failure.map_or(Ok(()), |error| self.cannot_take(error).map(drop))?;
        }
        Ok(())
    }

    /// Takes the baton back. Blocks while the leader receives, which does not block.
    pub(super) fn take_baton(&mut self) {
        const AGAIN: Duration = Duration::from_millis(10);
        let Some((watch, _)) = self.lead.as_mut().and_then(|lead| lead.leader.take()) else {
            return;
        };
        while !watch.baton().recall() {
            let _ = self.core.waker.wait(None, Some(Instant::now() + AGAIN));
        }
    }
}

impl Engine {
    /// What the leader does: takes requests, and dispatches them where it runs.
    pub(super) fn receive(&self, baton: &Baton, listener: &Listener) {
        let goes_on = || {
            leads()
                && !baton.is_wanted()
                && !self.core.life.is_stopping()
                && !self.admission.must_wait()
        };
        self.core.life.inside(|| {
            while goes_on() {
                match self.intake.take(listener.socket()) {
                    Ok(request) => {
                        self.admission.refill_reserve();
                        self.dispatch(request, None, None);
                    }
                    Err(error) if AcceptError::of(&error) == AcceptError::Nothing => {
                        baton.wait(listener.socket());
                    }
                    Err(error) => baton.fail(error),
                }
            }
        });
    }
}
