//! The end of a server: what the loop does as it ends, and the drain.
//!
//! In this order: requests are taken as ever for the lame-duck time (a drain), the listener is fenced and what waits there is taken (a drain too), it is closed,
//! live requests may finish, at the deadline they are cut, and what has not ended a little later is
//! left to itself. The loop does the first steps, or the caller when no loop runs; who asked does
//! the rest, or the loop when that would mean waiting for oneself.

use std::net::Shutdown;
use std::time::Duration;

use super::Server;
use super::base::BaseServer;
use super::job::quietly;
use super::life::{Asked, Stop, StopKind};
use super::server_ref::Core;
use super::stats::{Drained, Stats};
use crate::concurrency::Concurrency;
use crate::handler::RequestHandler;
use crate::sync::channel::{RecvTimeoutError, Sender, bounded};
use crate::sync::{Instant, thread};
use crate::transport::Transport;

/// How long a request that was cut may take to notice. What comes after it takes a little too, and
/// the end is to come within 100 ms.
const GRACE: Duration = Duration::from_millis(90);

/// How long a request may take from the loop to its thread at the most, when the system is slow to
/// give one.
const BEGINNING: Duration = Duration::from_secs(1);

/// How things stood when an end began.
#[derive(Clone, Copy)]
pub(super) struct Before {
    at: Instant,
    stats: Stats,
}

impl Before {
    fn now(core: &Core) -> Self {
        Before {
            at: Instant::now(),
            stats: core.connections.stats(),
        }
    }

    /// What has happened since.
    fn report(&self, core: &Core, abandoned: u64) -> Drained {
        let (then, now) = (&self.stats, core.connections.stats());
        let ended = |stats: &Stats| stats.finished + stats.failed + stats.refused;
        Drained {
            finished: ended(&now) - ended(then),
            aborted: now.aborted - then.aborted,
            abandoned,
            took: self.at.elapsed(),
        }
    }
}

/// A hundred years: clocks cannot hold just any time.
pub(super) const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// So long from now; what the clock cannot hold is in a hundred years.
pub(super) fn deadline_after(timeout: Duration) -> Instant {
    Instant::now() + timeout.min(LONGEST)
}

impl Core {
    /// Until when requests are still taken if such a stop is asked for now, and how long that is.
    pub(super) fn lame_duck(&self, kind: StopKind) -> (Option<Instant>, Duration) {
        let time = match kind {
            StopKind::Drain => self.life.time_to_go(self.lame_duck),
            StopKind::Shutdown | StopKind::Close => Duration::ZERO,
        };
        ((!time.is_zero()).then(|| deadline_after(time)), time)
    }
}

impl<T, C, H, S> Server<T, C, H, S>
where
    T: Transport,
    C: Concurrency,
    H: RequestHandler<T::Request, S>,
    S: BaseServer<T::Request>,
{
    pub(super) fn core(&self) -> &Core {
        self.server.core()
    }

    /// Whether the loop must end: somebody asked, or a signal came, and the lame-duck time is over.
    pub(super) fn told_to_stop(&self) -> bool {
        #[cfg(feature = "signals")]
        self.answer_signals();
        self.core().life.is_stopping()
    }

    /// Carries out whatever stop was asked for, and then leaves. What is asked meanwhile is carried
    /// out too.
    pub(super) fn end_of_serving(&self, served: bool) {
        let core = self.core();
        let before = Before::now(core);
        loop {
            let stop = core.life.stop();
            let deadline = stop.map(|stop| stop.deadline());
            match (stop.map(|stop| stop.kind), deadline) {
                (Some(StopKind::Drain), Some(deadline)) => {
                    // An axis of the user's own may panic, and the server must end all the same.
                    quietly("emptying the queue", || self.empty_queue(deadline));
                    self.close_listener();
                }
                (Some(StopKind::Close), _) => self.close_listener(),
                (Some(StopKind::Shutdown), _) => self.wait_for_beginnings(),
                _ => {}
            }
            if core.life.leave(stop, served) {
                log::debug!(target: "socketserver::server", "{}: the loop has ended", core.address);
                if let (Some(deadline), Some(_)) = (deadline, stop.and_then(|stop| stop.alone)) {
                    self.see_off(before, deadline, true);
                }
                return;
            }
        }
    }

    /// Nobody new gets into the queue, and who is in it is served.
    fn empty_queue(&self, deadline: Instant) {
        let core = self.core();
        let Some(listener) = core.listener.lock().clone() else {
            return;
        };
        if !self.adopted
            && let Err(error) = self.transport.fence(&listener)
        {
            log::debug!(target: "socketserver::server", "the queue could not be fenced: {error}");
        }
        // Without a loop this is the first time that anybody is served.
        match self.concurrency.attach(&core.waker) {
            Ok(()) => {
                let runs_here = self.concurrency.runs_on_loop();
                let _cutter = runs_here.then(|| self.cut_from(deadline));
                core.life
                    .inside(|| self.take_what_waits(&listener, deadline));
            }
            Err(error) => {
                log::warn!(target: "socketserver::server", "the queue is not served: {error}");
            }
        }
    }

    /// From the deadline on cuts whoever is live, as long as the result lives: for requests that
    /// this thread runs itself.
    fn cut_from(&self, deadline: Instant) -> Sender<()> {
        let (sender, over) = bounded(0);
        let connections = self.core().connections.clone();
        let cutter = move || {
            let mut next = deadline;
            while over.recv_deadline(next) == Err(RecvTimeoutError::Timeout) {
                connections.abort_all();
                next = Instant::now() + GRACE;
            }
        };
        let thread = thread::Builder::new().name("cutter".to_owned());
        if let Err(error) = thread.spawn(cutter) {
            log::warn!(target: "socketserver::server", "nobody watches the deadline: {error}");
        }
        sender
    }

    pub(super) fn close_listener(&self) {
        let listener = self.core().listener.lock().take();
        // Not under the lock: removing a file may take its time.
        if let Some(listener) = listener {
            quietly("closing the listener", || {
                self.transport.server_close(&listener)
            });
        }
    }

    /// Closes the listener of a loop that is stuck and still holds it.
    fn take_listener_away(&self) {
        let listener = self.core().listener.lock().clone();
        self.close_listener();
        if let Some(listener) = listener.filter(|_| !self.adopted) {
            // A datagram socket has no connection to shut down, and closes with the loop's end.
            let _ = listener.raw().shutdown(Shutdown::Both);
        }
    }

    /// Every way to end a server but `shutdown`.
    pub(super) fn end(&self, kind: StopKind, timeout: Duration, wait: bool) -> Drained {
        let core = self.core();
        let (after, lame_duck) = core.lame_duck(kind);
        let deadline = deadline_after(lame_duck.saturating_add(timeout));
        let before = Before::now(core);
        if core.life.is_inside() {
            let stop = Stop {
                kind,
                until: None,
                alone: wait.then_some(timeout),
                after,
            };
            if core.life.ask(stop, true, &core.waker) == Asked::Caller {
                self.end_of_serving(true);
            }
            return Drained::default();
        }
        if let Some(drained) = self.drained.try_lock().and_then(|report| *report) {
            return drained;
        }
        let stop = Stop {
            kind,
            until: Some(deadline),
            alone: None,
            after,
        };
        match core.life.ask(stop, true, &core.waker) {
            Asked::Loop(ended) => {
                if !core.life.wait(ended, Some(deadline)) {
                    // The loop itself runs a handler that does not end.
                    core.connections.abort_all();
                    if !core.life.wait(ended, Some(deadline + GRACE)) {
                        self.take_listener_away();
                    }
                }
            }
            Asked::Caller => self.end_of_serving(true),
            Asked::Nobody => {}
        }
        self.see_off(before, deadline, wait)
    }

    /// Waits for live requests, cuts them at the deadline, and lets the workers go. Once: who comes
    /// later gets the same report.
    fn see_off(&self, before: Before, deadline: Instant, wait: bool) -> Drained {
        let core = self.core();
        let patient = || {
            let mut report = self.drained.try_lock_until(deadline);
            if report.is_none() {
                // Somebody else waits already, and longer than this one may.
                core.connections.abort_all();
                report = self.drained.try_lock_for(2 * GRACE);
            }
            report
        };
        let report = if wait {
            patient()
        } else {
            self.drained.try_lock()
        };
        let Some(mut report) = report else {
            return before.report(core, 0);
        };
        if let Some(drained) = *report {
            return drained;
        }
        core.life.inside(|| {
            quietly("server_close", || {
                self.server.state().server_close(&self.server)
            })
        });
        if wait && !self.wait_for_live(deadline) {
            core.connections.abort_all();
            self.wait_for_live(Instant::now() + GRACE);
        }
        let idle = core.connections.active() == 0;
        quietly("the concurrency's server_close", || {
            self.concurrency
                .server_close(idle.then(|| Instant::now() + GRACE));
        });
        let abandoned = if wait {
            core.connections.abandon_all()
        } else {
            0
        };
        let drained = before.report(core, abandoned);
        log::debug!(target: "socketserver::server", "{} has ended: {drained:?}, {:?}", core.address, self.stats());
        *report = Some(drained);
        drained
    }

    /// No handler starts after `shutdown` has returned: what was taken is on its way to a thread,
    /// and gets there.
    fn wait_for_beginnings(&self) {
        self.wait_until(Instant::now() + BEGINNING, |core| {
            core.connections.all_begun()
        });
    }

    /// Waits until nothing is live any more, or the deadline. Returns whether nothing is.
    fn wait_for_live(&self, deadline: Instant) -> bool {
        self.wait_until(deadline, |core| core.connections.active() == 0)
    }

    /// Waits for something that requests do, or for the deadline. Returns whether it is so.
    pub(super) fn wait_until(&self, deadline: Instant, condition: impl Fn(&Core) -> bool) -> bool {
        let core = self.core();
        let _watching = core.connections.watch();
        loop {
            let mut retry = None;
            // Whoever waits for this server's end must not wait for ever because of a panic here.
            quietly("the concurrency's service_actions", || {
                retry = self.concurrency.service_actions();
            });
            let overdue = core.connections.abort_overdue();
            if condition(core) {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            let end = [overdue, retry]
                .into_iter()
                .flatten()
                .fold(deadline, Instant::min);
            if let Err(error) = core.waker.wait(None, Some(end)) {
                log::error!(target: "socketserver::server", "cannot wait for live requests: {error}");
                return false;
            }
        }
    }
}
