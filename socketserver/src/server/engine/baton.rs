//! How the loop lends its baton, and takes it back: see [`lead`](crate::lead). For datagrams alone,
//! because the handler of a connection waits for its client.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::serve::Loop;
use super::{Engine, Lead, Listener, Owner};
use crate::admission::AcceptError;
use crate::lead::{self, Baton, Leader, Lender, Seen};
use crate::sync::Instant;

impl Loop<'_> {
    /// Allows a worker to receive from now on, if the concurrency has one that can.
    pub(super) fn allow_leaders(&mut self, engine: &Arc<Engine>) {
        let is_connectionless =
            !self.is_given() && matches!(&*self.listener.socket, Owner::Shared(_));
        if is_connectionless && self.concurrency.leads() {
            self.lead = Some(Lead { engine: engine.clone(), lender: Lender::new() });
        }
    }

    pub(super) fn has_leader(&self) -> bool {
        self.lead.as_ref().is_some_and(|lead| lead.lender.leader.is_some())
    }

    /// Lends the baton to a worker, if handlers are short.
    pub(super) fn lend_baton(&mut self) {
        let (engine, is_paused) = (self.engine, self.pause().is_some());
        if let Some(Lead { engine: shared, lender }) = &mut self.lead
            && lender.pace.is_short()
            && !is_paused
            && !engine.core.life.is_stopping()
            && !engine.admission.must_wait()
        {
            let (shared, listener) = (shared.clone(), self.listener.clone());
            lender.lend(&engine.core.waker, self.listener.clone(), |baton| {
                let lead = move |baton: &Baton| shared.lead(baton, &listener);
                let leader = Leader::new(baton, engine.intake.handler_name(), lead);
                engine.concurrency.lead(leader).is_ok()
            });
        }
    }

    /// Blocks until a wake-up, until it is time to look at the leader, or until `end`. Once the
    /// leader has been waiting for requests, a request ends the wait too. Takes the baton back if
    /// that is due.
    pub(super) fn watch_leader(&mut self, end: Option<Instant>) -> io::Result<()> {
        let overdue = self.core.books.abort_overdue();
        let leader = self.lead.as_mut().and_then(|lead| lead.lender.leader.as_mut());
        let Some((watch, listener)) = leader else {
            return Ok(());
        };
        let ends = [end, overdue, self.workers_due, Some(watch.next_look())];
        let awaited = watch.waits_too().then(|| listener.socket());
        let is_there = self.engine.core.waker.wait(awaited, ends.into_iter().flatten().min())?;
        if !Arc::ptr_eq(&listener.socket, &self.listener.socket) {
            // The loop has bound another one.
            self.take_baton();
        } else if watch.look(is_there) == Seen::Back {
            let failure = watch.baton().take_failure();
            self.take_baton();
            if let Some(error) = failure {
                self.cannot_take(error)?;
            }
        }
        Ok(())
    }

    /// Takes the baton back. Waits while the leader receives a request, which does not block. A
    /// leader that waits for one may give the baton back itself, if it wakes in time.
    pub(super) fn take_baton(&mut self) {
        const AGAIN: Duration = Duration::from_millis(2);
        let leader = self.lead.as_mut().and_then(|lead| lead.lender.leader.take());
        let Some((watch, _)) = leader else {
            return;
        };
        let baton = watch.baton();
        while !baton.recall() {
            let _ = self.core.waker.wait(None, Some(Instant::now() + AGAIN));
            if baton.take_from(baton.state()) {
                break;
            }
        }
    }
}

impl Engine {
    /// What the leader does: accepts requests, and dispatches them where it runs.
    fn lead(&self, baton: &Baton, listener: &Listener) {
        /// With so many requests in a row the leader will not wait soon.
        const MANY: u32 = 256;
        let may_take = || !self.core.life.is_stopping() && !self.admission.must_wait();
        let mut in_a_row = 0_u32;
        self.core.life.inside(|| {
            while baton.is_led() && !baton.is_wanted() && may_take() {
                match self.intake.take(listener.socket()) {
                    Ok(request) => {
                        self.admission.refill_reserve();
                        self.dispatch(request, None, None);
                        in_a_row = in_a_row.saturating_add(1);
                        if in_a_row == MANY {
                            lead::rest(listener.socket());
                        }
                    }
                    Err(error) if AcceptError::of(&error) == AcceptError::Nothing => {
                        in_a_row = 0;
                        lead::wait(baton, listener.socket());
                    }
                    Err(error) => baton.fail(error),
                }
            }
        });
        // The next leader may be on another core.
        lead::rest(listener.socket());
    }
}
