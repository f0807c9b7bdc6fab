//! The data that all parts of a server share. It has no type parameters.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::TARGET;
use super::life::Life;
use super::stop::{By, StopKind, Waiting};
use crate::address::Address;
use crate::request::{Books, Enforcer, Stats, Waker, Workers};
use crate::sync::{Instant, Mutex};

pub(crate) struct Core {
    pub(crate) address: Address,
    pub(crate) life: Life,
    pub(crate) waker: Waker,
    /// Whether handlers run on the loop's own thread.
    pub(crate) runs_on_loop: bool,
    /// What aborts requests on the loop's own thread, as long as the loop is about to end.
    pub(crate) enforced: Mutex<Option<Enforcer>>,
    pub(crate) books: Arc<Books>,
    /// Whether the state has anything to do in `service_actions`.
    pub(crate) service_actions: AtomicBool,
    /// Set by a signal that drains this server; the loop answers at its next turn.
    pub(crate) signalled: Arc<AtomicBool>,
    /// Asks the concurrency for its workers.
    pub(crate) workers: AskWorkers,
}

type AskWorkers = Box<dyn Fn() -> Workers + Send + Sync>;

impl Core {
    pub(crate) fn new(
        address: Address,
        waker: Waker,
        books: Arc<Books>,
        lame_duck: Duration,
        runs_on_loop: bool,
        workers: AskWorkers,
    ) -> Self {
        Core {
            address,
            life: Life::new(waker.clone(), lame_duck),
            waker,
            runs_on_loop,
            enforced: Mutex::default(),
            books,
            service_actions: AtomicBool::new(true),
            signalled: Arc::default(),
            workers,
        }
    }

    /// Asks the loop for a drain. Live requests may go on for `timeout`.
    pub(crate) fn begin_drain(&self, timeout: Duration) {
        let asked = self.life.ask(StopKind::Drain, Waiting::Loop(timeout), false);
        if let By::Loop(_) = asked.carried_out_by {
            self.enforce(asked.idle_until, asked.deadline);
        }
    }

    /// For handlers on the loop's own thread, because the loop goes on only after the handler has
    /// returned. Starts a thread that ends idle requests at `idle_until`, and aborts live ones from
    /// the deadline on, until the loop has ended.
    pub(crate) fn enforce(&self, idle_until: Instant, deadline: Instant) {
        if !self.runs_on_loop {
            return;
        }
        if idle_until <= Instant::now() {
            self.books.end_idle();
        }
        let mut enforced = self.enforced.lock();
        if enforced.as_ref().is_some_and(|earlier| earlier.deadline() >= deadline) {
            return;
        }
        let started = Enforcer::start(self.books.clone(), idle_until, deadline);
        let started = started.map(|enforcer| *enforced = Some(enforcer));
        drop(enforced);
        if let Err(error) = started {
            log::warn!(target: TARGET, "cannot start the thread that enforces the drain deadline of {} ({error}): requests may outlast it", self.address);
        }
        // The loop may have ended just now, and then it does not do this any more.
        self.stop_enforcing();
    }

    /// Until when live requests on the loop's own thread may go on, if there is such a deadline.
    pub(crate) fn enforced_deadline(&self) -> Option<Instant> {
        let enforced = self.runs_on_loop.then(|| self.enforced.lock())?;
        enforced.as_ref().map(Enforcer::deadline)
    }

    /// Stops aborting requests, if the loop has ended.
    pub(crate) fn stop_enforcing(&self) {
        if self.runs_on_loop {
            let mut enforced = self.enforced.lock();
            // Another loop may have begun meanwhile, and its requests may have a deadline.
            if !self.life.is_serving() {
                *enforced = None;
            }
        }
    }

    /// The counters as of now.
    pub(crate) fn stats(&self) -> Stats {
        Stats { workers: (self.workers)(), ..self.books.stats() }
    }
}
