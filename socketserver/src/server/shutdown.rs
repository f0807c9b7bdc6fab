//! The end of a server: what the loop does as it ends, and the drain.
//!
//! In this order: the listener is fenced and what waits there is taken (a drain), it is closed,
//! live requests may finish, at the deadline they are cut, and what has not ended a little later is
//! left to itself. The loop does the first steps, or the caller when no loop runs; who asked does
//! the rest, or the loop when that would mean waiting for oneself.

use std::time::{Duration, Instant};

use super::Server;
use super::base::BaseServer;
use super::job::quietly;
use super::life::{Asked, Stop, StopKind};
use super::server_ref::Core;
use super::stats::Drained;
use crate::concurrency::Concurrency;
use crate::handler::RequestHandler;
use crate::transport::Transport;

/// How long a request that was cut may take to notice.
const GRACE: Duration = Duration::from_millis(100);

/// How long a request may take from the loop to its thread at the most, when the system is slow to
/// give one.
const BEGINNING: Duration = Duration::from_secs(1);

/// So long from now; what the clock cannot hold is in a hundred years.
pub(super) fn deadline_after(timeout: Duration) -> Instant {
    const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
    Instant::now() + timeout.min(LONGEST)
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

    /// Whether the loop must end: somebody asked, or a signal came.
    pub(super) fn told_to_stop(&self) -> bool {
        #[cfg(feature = "signals")]
        if let Some(timeout) = self
            .signals
            .lock()
            .as_ref()
            .and_then(super::signals::Signals::received)
        {
            self.server.drain(timeout);
        }
        self.core().life.is_stopping()
    }

    /// Carries out whatever stop was asked for, and then leaves. What is asked meanwhile is carried
    /// out too.
    pub(super) fn end_of_serving(&self, served: bool) {
        let core = self.core();
        loop {
            let stop = core.life.stop();
            match stop.map(|stop| stop.kind) {
                Some(StopKind::Drain) => {
                    self.empty_queue(stop.map_or(Duration::ZERO, |stop| stop.timeout))
                }
                Some(StopKind::Close) => self.close_listener(),
                Some(StopKind::Shutdown) => self.wait_for_beginnings(),
                None => {}
            }
            if core.life.leave(stop, served) {
                log::debug!(target: "socketserver::server", "{}: the loop has ended", core.address);
                if let Some(stop) = stop.filter(|stop| stop.alone) {
                    self.see_off(deadline_after(stop.timeout), true);
                }
                return;
            }
        }
    }

    /// Nobody new gets into the queue, and who is in it is served.
    fn empty_queue(&self, timeout: Duration) {
        let Some(listener) = self.core().listener.lock().clone() else {
            return;
        };
        if !self.adopted
            && let Err(error) = self.transport.fence(&listener)
        {
            log::debug!(target: "socketserver::server", "the queue could not be fenced: {error}");
        }
        self.core()
            .life
            .inside(|| self.take_what_waits(&listener, deadline_after(timeout)));
        drop(listener);
        self.close_listener();
    }

    fn close_listener(&self) {
        if let Some(listener) = self.core().listener.lock().take() {
            quietly("closing the listener", || {
                self.transport.server_close(&listener)
            });
        }
    }

    /// Every way to end a server but `shutdown`.
    pub(super) fn end(&self, kind: StopKind, timeout: Duration, wait: bool) -> Drained {
        let core = self.core();
        let inside = core.life.is_inside();
        let deadline = deadline_after(timeout);
        match core.life.ask(
            Stop {
                kind,
                timeout,
                alone: inside && wait,
            },
            &core.waker,
        ) {
            Asked::Loop(_) if inside => return Drained::default(),
            Asked::Loop(ended) => {
                if !core.life.wait(ended, Some(deadline)) {
                    // The loop itself runs a handler that does not end.
                    core.connections.cut_all();
                    core.life.wait(ended, Some(deadline + GRACE));
                }
            }
            Asked::Caller => self.end_of_serving(true),
            Asked::Nobody => {}
        }
        if inside {
            Drained::default()
        } else {
            self.see_off(deadline, wait)
        }
    }

    /// Waits for live requests, cuts them at the deadline, and lets the workers go. Once: who comes
    /// later gets the same report.
    fn see_off(&self, deadline: Instant, wait: bool) -> Drained {
        let mut report = self.drained.lock();
        if let Some(drained) = *report {
            return drained;
        }
        let began = Instant::now();
        let core = self.core();
        core.life.inside(|| {
            quietly("server_close", || {
                self.server.state().server_close(&self.server)
            })
        });
        let live = core.connections.active();
        let mut drained = Drained::default();
        if wait {
            if !self.wait_for_live(deadline) {
                drained.cut = core.connections.cut_all();
                self.wait_for_live(Instant::now() + GRACE);
            }
            drained.finished = live.saturating_sub(drained.cut);
        }
        let idle = core.connections.active() == 0;
        self.concurrency
            .server_close(idle.then(|| Instant::now() + GRACE));
        if wait {
            drained.abandoned = core.connections.abandon_all();
        }
        drained.took = began.elapsed();
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
        core.connections.watch(true);
        let holds = loop {
            self.concurrency.service_actions();
            let overdue = core.connections.cut_overdue();
            if condition(core) {
                break true;
            }
            if Instant::now() >= deadline {
                break false;
            }
            let end = overdue.map_or(deadline, |overdue| overdue.min(deadline));
            if let Err(error) = core.waker.wait(None, Some(end)) {
                log::error!(target: "socketserver::server", "cannot wait for live requests: {error}");
                break false;
            }
        };
        core.connections.watch(false);
        holds
    }
}
