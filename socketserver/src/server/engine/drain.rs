//! The end of a server, in six steps.
//!
//! | step | function | thread |
//! | --- | --- | --- |
//! | 1. requests are accepted as before for the lame-duck time | `Life::ask` begins it and `Life::turn` ends it, in `handler/life` | the loop's |
//! | 2. new clients are kept out of the backlog | [`fence`](Engine::fence) | the loop's |
//! | 3. the backlog is served | [`take_backlog`](Engine::take_backlog) | the loop's |
//! | 4. the listener closes | [`close_listener`](Engine::close_listener) | the loop's |
//! | 5. live requests may finish, up to the deadline | [`wait_for_live`](Engine::wait_for_live) | the caller's |
//! | 6. the rest is aborted; requests that have not ended 90 ms later are abandoned | [`abort_live`](Engine::abort_live), [`abandon_live`](Engine::abandon_live) | the caller's |
//!
//! [`carry_out`](Engine::carry_out) is the loop's part, and [`finish`](Engine::finish) the
//! caller's, which begins with the state's `server_close`. Idle requests end as step 2 begins. Each
//! client in the lobby, which was accepted before or comes there in step 3, goes to its handler or
//! to its refusal before step 4.
//! Without a loop, the caller does every step. If a signal, the loop's thread or a request asks,
//! the loop does steps 5 and 6 too, because a caller there would wait for itself. A `server_close`
//! does steps 4 to 6; a `shutdown` only ends the loop.

use std::cell::RefCell;
use std::net::Shutdown;
use std::time::Duration;

use super::serve::{Loop, Taken};
use super::{Engine, Origin, TARGET, quietly, survived};
use crate::handler::{By, Core, Stop, StopKind, Waiting};
use crate::panics::log_quietly;
use crate::request::Stats;
use crate::server::report::Drained;
use crate::sync::{Instant, MutexGuard};
use crate::wait::{can_park, park_until};

/// How long an aborted request may take to end. Ending the workers takes a little too, and a drain
/// is to end within 100 ms of its deadline.
const ABORT_GRACE: Duration = Duration::from_millis(90);

/// How long a request may take from the loop to its thread at most, when the system is slow to
/// start the thread.
const START_TIMEOUT: Duration = Duration::from_secs(1);

impl Engine {
    /// Every way to end a server but `shutdown`. `wait` is whether it waits for live requests.
    pub(in crate::server) fn end(&self, kind: StopKind, timeout: Duration, wait: bool) -> Drained {
        let (life, before) = (&self.core.life, Snapshot::now(&self.core));
        if life.is_inside() {
            let waiting = if wait { Waiting::Loop(timeout) } else { Waiting::Nobody };
            let asked = life.ask(kind, waiting, true);
            match asked.carried_out_by {
                By::Caller => drop(self.carry_out()),
                By::Loop(_) if wait => self.core.enforce(asked.idle_until, asked.deadline),
                By::Loop(_) | By::Nobody | By::Parent => {}
            }
            return Drained::default();
        }
        if let Some(drained) = self.drained.try_lock().and_then(|report| *report) {
            return drained;
        }
        let asked = life.ask(kind, Waiting::Caller(timeout), true);
        match asked.carried_out_by {
            By::Loop(ended) => self.wait_for_loop(ended, asked.idle_until, asked.deadline),
            By::Caller => drop(self.carry_out()),
            By::Nobody => {}
            By::Parent => return Drained::default(),
        }
        self.finish(before, asked.deadline, wait)
    }

    /// Closes the listener, and waits for live requests as a drain does.
    pub(in crate::server) fn server_close(&self) -> Drained {
        self.end(StopKind::Close, self.times.drain_timeout, self.concurrency.waits_on_close())
    }

    /// The loop's part: carries out the stops that were asked for, those that come meanwhile
    /// included, and leaves. Returns whether there was a stop.
    pub(in crate::server) fn carry_out(&self) -> bool {
        let (life, before) = (&self.core.life, Snapshot::now(&self.core));
        let mut done: Option<(Stop, Instant)> = None;
        while let Some(stop) = life.leave(done.map(|(stop, _)| stop)) {
            let deadline = stop.deadline(self.core.enforced_deadline());
            #[cfg(feature = "systemd")]
            if stop.kind > StopKind::Shutdown {
                quietly("a message to the service manager", || {
                    self.supervisor.stopping(deadline.saturating_duration_since(Instant::now()));
                });
            }
            match stop.kind {
                StopKind::Shutdown => self.wait_until_all_begun(),
                StopKind::Close => {
                    self.core.books.end_idle();
                    self.close_listener();
                }
                StopKind::Drain => {
                    self.core.books.end_idle();
                    self.fence();
                    // First those in the lobby, which have waited longest; then those that come
                    // there from the backlog.
                    self.empty_lobby(deadline);
                    self.take_backlog(deadline);
                    self.empty_lobby(deadline);
                    self.close_listener();
                }
            }
            done = Some((stop, deadline));
        }
        self.core.stop_enforcing();
        let Some((stop, deadline)) = done else {
            return false;
        };
        log_quietly(TARGET, || {
            log::debug!(target: TARGET, "the loop of {} has ended", self.core.address);
        });
        if stop.loop_waits() {
            self.finish(before, deadline, true);
        }
        true
    }

    /// The caller's part: waits for live requests, aborts them at the deadline, and ends the
    /// workers. Only the first caller does so; later ones get its report.
    fn finish(&self, before: Snapshot, deadline: Instant, wait: bool) -> Drained {
        let report = if wait {
            self.lock_report(deadline).or_else(|| {
                // Another caller waits already, and may wait longer than this one: its requests end
                // now.
                self.core.books.abort_all();
                self.lock_report(Instant::now() + 2 * ABORT_GRACE)
            })
        } else {
            self.drained.try_lock()
        };
        let Some(mut report) = report else {
            return before.report(&self.core, 0);
        };
        if let Some(drained) = *report {
            return drained;
        }
        self.core.life.inside(|| self.intake.announce_end());
        if wait && !self.wait_for_live(deadline) {
            self.abort_live();
        }
        self.close_workers();
        let abandoned = if wait { self.abandon_live() } else { 0 };
        self.core.life.inside(|| self.intake.closed());
        if wait {
            self.close_answers();
        }
        #[cfg(feature = "systemd")]
        quietly("a message to the service manager", || self.supervisor.ended());
        let drained = before.report(&self.core, abandoned);
        *report = Some(drained);
        log_quietly(TARGET, || {
            log::debug!(target: TARGET, "{} has ended: {drained:?}, {:?}", self.core.address, self.core.stats());
        });
        drained
    }

    /// Waits for another caller that waits already. On a green thread that may be one of the same
    /// scheduler, so this one must not block.
    fn lock_report(&self, end: Instant) -> Option<MutexGuard<'_, Option<Drained>>> {
        if !can_park() {
            return self.drained.try_lock_until(end);
        }
        let report = RefCell::new(None);
        let is_locked = || {
            *report.borrow_mut() = self.drained.try_lock();
            report.borrow().is_some()
        };
        park_until(is_locked, Some(end));
        report.into_inner()
    }

    /// Step 2: keeps new clients out of the backlog.
    fn fence(&self) {
        let Some(listener) = self.listener.lock().clone() else {
            return;
        };
        // The fence would hold for every process that has the listener, and outlive this one.
        if !listener.is_given()
            && !self.is_shared()
            && let Err(error) = self.intake.fence(listener.socket())
        {
            log_quietly(TARGET, || {
                log::debug!(target: TARGET, "cannot fence {} ({error}): the last clients may be reset", self.core.address);
            });
        }
    }

    /// Step 3: serves the backlog.
    fn take_backlog(&self, deadline: Instant) {
        let serve = || {
            // Without a loop the concurrency may not be attached yet.
            let mut looping = self.begin()?;
            self.core.life.inside(|| looping.take_all(deadline));
            Ok(())
        };
        // A logger may panic, and the server must end anyway.
        quietly("the drain", || self.core.enforce(Instant::now(), deadline));
        if let Err(error) = survived(serve) {
            log_quietly(TARGET, || {
                log::warn!(target: TARGET, "cannot serve the backlog of {} ({error}): its clients are reset", self.core.address);
            });
        }
    }

    /// Step 4: closes the listener, and refuses each client that is still in the lobby.
    pub(crate) fn close_listener(&self) {
        let listener = self.listener.lock().take();
        // Not under the lock: removing a file may take its time.
        if let Some(listener) = listener {
            // Another process's clients need what this one has made.
            if listener.origin != Origin::Own || !self.is_shared() {
                self.intake.close_listener(listener.socket());
            }
            self.answers.lock().extend(listener.answers());
        }
        self.close_lobby();
    }

    /// Step 5: lets live requests finish. Returns whether all have.
    fn wait_for_live(&self, deadline: Instant) -> bool {
        self.wait_until(deadline, |core| core.books.active() == 0)
    }

    /// Step 6: aborts live requests, and gives them a moment to end.
    fn abort_live(&self) {
        self.core.books.abort_all();
        self.wait_for_live(Instant::now() + ABORT_GRACE);
    }

    /// The rest of step 6: gives up the requests that have still not ended. Returns how many.
    fn abandon_live(&self) -> u64 {
        self.core.books.abandon_all()
    }

    /// Gives up the sockets through which handlers have answered: their port is free then, although
    /// the program may have kept a handle.
    fn close_answers(&self) {
        self.answers.lock().drain(..).for_each(|answers| answers.give_up());
    }

    /// Ends the workers, and waits for them if no request is live.
    fn close_workers(&self) {
        let idle = self.core.books.active() == 0;
        let deadline = idle.then(|| Instant::now() + ABORT_GRACE);
        if can_park() {
            self.concurrency.server_close(None);
            if deadline.is_some() {
                park_until(|| self.concurrency.workers().all == 0, deadline);
            }
        } else {
            self.concurrency.server_close(deadline);
        }
    }

    /// Waits for a loop that was asked to stop. One that has not ended at the deadline is stuck: in
    /// a handler that it runs itself, or in a hook.
    fn wait_for_loop(&self, ended: u64, idle_until: Instant, deadline: Instant) {
        let life = &self.core.life;
        if self.core.runs_on_loop {
            if life.wait(ended, Some(idle_until)) {
                return;
            }
            // The loop cannot do this while it runs a handler.
            self.core.books.end_idle();
        }
        if life.wait(ended, Some(deadline)) {
            return;
        }
        self.core.books.abort_all();
        if !life.wait(ended, Some(deadline + ABORT_GRACE)) {
            self.close_listener_of_stuck_loop();
        }
    }

    /// Closes the listener of a loop that is stuck and still holds it.
    fn close_listener_of_stuck_loop(&self) {
        let listener = self.listener.lock().clone();
        self.close_listener();
        if let Some(listener) = listener.filter(|one| !one.is_given() && !self.is_shared()) {
            // The loop still holds the descriptor, so this wakes it. It fails for datagrams, which
            // does not matter: the loop ends with its handler.
            let _ = listener.socket().raw().shutdown(Shutdown::Both);
        }
    }

    /// Waits, at most 1 s, until every accepted request has come to its thread, so that no handler
    /// starts after `shutdown` has returned.
    fn wait_until_all_begun(&self) {
        self.wait_until(Instant::now() + START_TIMEOUT, |core| core.books.all_begun());
    }

    /// Waits until `condition` holds, or for the deadline. Returns whether it holds.
    pub(super) fn wait_until(&self, deadline: Instant, condition: impl Fn(&Core) -> bool) -> bool {
        let core = &*self.core;
        let _watching = core.books.watch();
        loop {
            let retry = self.concurrency.service_actions();
            let overdue = core.books.abort_overdue();
            if condition(core) {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            let end = [overdue, retry].into_iter().flatten().fold(deadline, Instant::min);
            if let Err(error) = core.waker.wait(None, Some(end)) {
                log_quietly(TARGET, || {
                    log::error!(target: TARGET, "cannot wait for requests of {} ({error}): not waiting", core.address);
                });
                return false;
            }
        }
    }
}

impl Loop<'_> {
    /// Dispatches all of the backlog, up to a bound. If there is no place for a request, it stays
    /// in the backlog until a place is free. A request that is still there at the deadline was
    /// never accepted.
    fn take_all(&mut self, deadline: Instant) {
        /// Datagrams cannot be fenced, so this bounds them. The system bounds the backlog of
        /// connections.
        const MOST: usize = 65_536;
        const LATE: Duration = Duration::from_millis(2);
        let late = Instant::now() + LATE;
        let mut taken = 0;
        let mut ready = false;
        while taken < MOST && Instant::now() < deadline {
            if self.admission.must_wait() {
                self.empty_lobby(deadline);
            }
            if !self.wait_until(deadline, |_| !self.admission.must_wait()) {
                break;
            }
            match self.take() {
                Ok(Taken::Request(_) | Taken::Silent) => {
                    taken += 1;
                    ready = false;
                }
                Ok(Taken::Failed) => {
                    // One connection has gone, or descriptors come free as others end.
                    let pause = self.pause().map_or(deadline, |until| until.min(deadline));
                    self.wait_until(pause, |_| self.pause().is_none());
                }
                // The last step of a handshake may still be on its way. A fenced Unix socket always
                // polls as ready, so this waits only once.
                Ok(Taken::Nothing) if !ready && !self.is_given() && Instant::now() < late => {
                    match self.core.waker.wait(Some(self.socket()), Some(late)) {
                        Ok(there) => ready = there,
                        Err(_) => break,
                    }
                }
                Ok(Taken::Nothing) => break,
                Err(error) => {
                    log_quietly(TARGET, || {
                        log::debug!(target: TARGET, "cannot accept more of the backlog of {} ({error}): closing the listener", self.core.address);
                    });
                    break;
                }
            }
        }
        if taken > 0 {
            log_quietly(TARGET, || {
                log::debug!(target: TARGET, "accepted {taken} requests from the backlog of {}", self.core.address);
            });
        }
    }
}

/// Time and counters at the start of an end.
#[derive(Clone, Copy)]
struct Snapshot {
    at: Instant,
    stats: Stats,
}

impl Snapshot {
    fn now(core: &Core) -> Self {
        Snapshot { at: Instant::now(), stats: core.books.stats() }
    }

    /// What has happened since.
    fn report(&self, core: &Core, abandoned: u64) -> Drained {
        let (then, now) = (&self.stats, core.books.stats());
        let ended = |stats: &Stats| stats.finished + stats.failed + stats.refused;
        Drained {
            finished: ended(&now) - ended(then),
            aborted: now.aborted - then.aborted,
            abandoned,
            took: self.at.elapsed(),
        }
    }
}
