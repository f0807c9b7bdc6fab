//! Where a server stands: one phase, and the calls that change it.
//!
//! ```text
//!             ask, no loop                    enter
//!    Fresh ───────────────► StopPending ─────────────┐
//!      │                                             │
//!      │ enter           ask                         ▼        leave
//!      └──────► Serving ──────────────────────► Stopping ──────────────► Closed   close, drain
//!                 ▲  │   ask, with a             ▲     │
//!          enter  │  │   lame-duck time          │     │     leave
//!                 │  └───────► LameDuck ─────────┘     └──────────────► Stopped   shutdown
//!              Stopped             turn, when the time is over
//! ```
//!
//! Not drawn: a loop that ends without a stop leaves to Stopped, or to Fresh after one
//! `handle_request`. Where no loop runs, a caller that can carries the stop out itself, in the
//! phase Stopping.
//!
//! A caller that starts a loop calls [`enter`](Life::enter). The loop calls [`turn`](Life::turn)
//! before each turn, and [`leave`](Life::leave) until there is nothing left to do. Everyone else
//! calls [`ask`](Life::ask), and may [`wait`](Life::wait).

use std::io;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use super::stop::{Asked, By, Stop, StopKind, Waiting};
use crate::aborts::Abortables;
use crate::green;
use crate::nesting::Enclosing;
use crate::request::{Waker, deadline_after};
use crate::sync::atomic::{AtomicBool, Ordering::Relaxed, Ordering::SeqCst};
use crate::sync::{Condvar, Instant, Mutex};
use crate::sys::fork;
use crate::wait::{can_park, park_until};

/// Where a server stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Has not served yet, or has only handled single requests since it last stopped. It remembers
    /// a stop.
    Fresh,
    /// A stop was asked for while no loop ran, by a caller that could not carry it out. The next
    /// loop does that and nothing else.
    StopPending(Stop),
    /// A loop runs, or `handle_request`.
    Serving,
    /// The loop will stop at `until`, and accepts requests as before until then.
    LameDuck { stop: Stop, until: Instant },
    /// The loop, or a caller that stands in for it, carries out the stop.
    Stopping(Stop),
    /// The loop has ended; the server may serve again.
    Stopped,
    /// The listener is closed, permanently.
    Closed,
}

impl Phase {
    /// A stop was asked for, or the loop has ended without one, and the server has not served
    /// since.
    fn is_leaving(self) -> bool {
        !matches!(self, Phase::Fresh | Phase::Serving)
    }

    /// The same, and the lame-duck time is over.
    fn is_stopping(self) -> bool {
        self.is_leaving() && !matches!(self, Phase::LameDuck { .. })
    }
}

/// What the loop does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It serves, and asks again at `until` at the latest: the end of the lame-duck time.
    Go { until: Option<Instant> },
    /// It leaves.
    Leave,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// The phase after a loop that ends without a stop.
    unstopped: Phase,
    /// Number of loops that have ended, so that a restart cannot hide an end from a caller that
    /// waits for it.
    loops_ended: u64,
}

#[derive(Debug)]
pub(crate) struct Life {
    /// Identifies the server among those whose loop or request a thread is running.
    id: u64,
    /// The [depth](fork::depth) of the process that made it. In a child that a server forked, this
    /// server is only a copy.
    depth: u32,
    waker: Waker,
    lame_duck: Duration,
    state: Mutex<State>,
    changed: Condvar,
    // Copies of `is_leaving` and `is_stopping`, for readers that must not wait for the lock.
    // Written by `set` alone.
    leaving: AtomicBool,
    stopping: AtomicBool,
}

impl Life {
    pub(crate) fn new(waker: Waker, lame_duck: Duration) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Life {
            id: NEXT.fetch_add(1, Relaxed),
            depth: fork::depth(),
            waker,
            lame_duck,
            state: Mutex::new(State {
                phase: Phase::Fresh,
                unstopped: Phase::Fresh,
                loops_ended: 0,
            }),
            changed: Condvar::new(),
            leaving: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
        }
    }

    fn set(&self, state: &mut State, phase: Phase) {
        state.phase = phase;
        self.leaving.store(phase.is_leaving(), SeqCst);
        self.stopping.store(phase.is_stopping(), SeqCst);
    }

    /// Begins to serve until a stop.
    ///
    /// # Errors
    /// `ResourceBusy` while another loop serves, `NotConnected` on a closed server.
    pub(crate) fn enter(&self) -> io::Result<()> {
        self.enter_to(Phase::Stopped)
    }

    /// Begins to serve one request, which leaves the server fresh.
    ///
    /// # Errors
    /// As [`enter`](Self::enter).
    pub(crate) fn enter_once(&self) -> io::Result<()> {
        self.enter_to(Phase::Fresh)
    }

    fn enter_to(&self, home: Phase) -> io::Result<()> {
        let mut state = self.state.lock();
        let (phase, home) = match state.phase {
            Phase::Fresh | Phase::Stopped => (Phase::Serving, home),
            Phase::StopPending(stop) => (Phase::Stopping(stop), Phase::Stopped),
            Phase::Serving | Phase::LameDuck { .. } | Phase::Stopping(_) => {
                return Err(io::Error::new(
                    io::ErrorKind::ResourceBusy,
                    "expected a server that is not serving, got one that is: call `shutdown` first",
                ));
            }
            Phase::Closed => {
                return Err(io::Error::new(
                    io::ErrorKind::NotConnected,
                    "expected an open server, got a closed one",
                ));
            }
        };
        state.unstopped = home;
        self.set(&mut state, phase);
        Ok(())
    }

    /// What the loop does next. Ends the lame-duck time when it is over.
    pub(crate) fn turn(&self) -> Turn {
        // Without a stop there is nothing to look at, and no lock to take.
        if !self.is_leaving() {
            return Turn::Go { until: None };
        }
        let mut state = self.state.lock();
        match state.phase {
            Phase::LameDuck { stop, until } if until <= Instant::now() => {
                self.set(&mut state, Phase::Stopping(stop));
                Turn::Leave
            }
            Phase::LameDuck { until, .. } => Turn::Go { until: Some(until) },
            Phase::Stopping(_) => Turn::Leave,
            _ => Turn::Go { until: None },
        }
    }

    /// Ends serving, if every stop asked for is `done`. Otherwise returns the stop that is still to
    /// be carried out.
    #[must_use = "a stop that is returned is still to be carried out"]
    pub(crate) fn leave(&self, done: Option<Stop>) -> Option<Stop> {
        let mut state = self.state.lock();
        let asked = match state.phase {
            Phase::Stopping(stop) | Phase::LameDuck { stop, .. } => Some(stop),
            _ => None,
        };
        if let Some(stop) = asked
            && Some(stop.kind) > done.map(|done| done.kind)
        {
            self.set(&mut state, Phase::Stopping(stop));
            return Some(stop);
        }
        let phase = match asked.map(|stop| stop.kind) {
            Some(StopKind::Close | StopKind::Drain) => Phase::Closed,
            Some(StopKind::Shutdown) => Phase::Stopped,
            None => state.unstopped,
        };
        self.set(&mut state, phase);
        state.loops_ended += 1;
        self.changed.notify_all();
        None
    }

    /// Asks for a stop, of the loop that runs or of the next one. A plain shutdown means nothing to
    /// a server that has stopped already. If no loop runs and the caller `can_carry_out` a close or
    /// a drain, it does so itself.
    ///
    /// In a forked child there is nothing to stop.
    pub(crate) fn ask(&self, kind: StopKind, waiting: Waiting, can_carry_out: bool) -> Asked {
        if self.depth != fork::depth() {
            log::warn!(target: crate::handler::TARGET, "cannot stop a server from a child that it forked: the parent goes on serving");
            return Asked {
                carried_out_by: By::Parent,
                idle_until: Instant::now(),
                deadline: Instant::now(),
            };
        }
        let mut state = self.state.lock();
        let lame_duck = self.lame_duck_left(state.phase, kind);
        let deadline = waiting.deadline(lame_duck);
        let stop = Stop::new(kind, waiting, deadline);
        Asked {
            carried_out_by: self.ask_in(&mut state, stop, lame_duck, can_carry_out),
            idle_until: deadline_after(lame_duck),
            deadline,
        }
    }

    /// How long the loop goes on accepting requests if such a stop is asked for now. No time if no
    /// loop runs.
    fn lame_duck_left(&self, phase: Phase, kind: StopKind) -> Duration {
        match phase {
            _ if kind != StopKind::Drain => Duration::ZERO,
            Phase::Serving => self.lame_duck,
            Phase::LameDuck { until, .. } => until.saturating_duration_since(Instant::now()),
            _ => Duration::ZERO,
        }
    }

    fn ask_in(
        &self,
        state: &mut State,
        stop: Stop,
        lame_duck: Duration,
        can_carry_out: bool,
    ) -> By {
        let phase = match state.phase {
            Phase::Closed => return By::Nobody,
            Phase::Stopped if stop.kind == StopKind::Shutdown => return By::Nobody,
            Phase::Serving if lame_duck.is_zero() => Phase::Stopping(stop),
            Phase::Serving => Phase::LameDuck { stop, until: deadline_after(lame_duck) },
            // Another drain does not begin the time anew; a stop without such a time ends it.
            Phase::LameDuck { stop: earlier, .. } if lame_duck.is_zero() => {
                Phase::Stopping(earlier.and(stop))
            }
            Phase::LameDuck { stop: earlier, until } => {
                Phase::LameDuck { stop: earlier.and(stop), until }
            }
            Phase::Stopping(earlier) => Phase::Stopping(earlier.and(stop)),
            Phase::Fresh | Phase::Stopped => {
                return self.ask_without_loop(state, stop, can_carry_out);
            }
            Phase::StopPending(earlier) => {
                return self.ask_without_loop(state, earlier.and(stop), can_carry_out);
            }
        };
        self.set(state, phase);
        self.waker.wake();
        By::Loop(state.loops_ended)
    }

    fn ask_without_loop(&self, state: &mut State, stop: Stop, can_carry_out: bool) -> By {
        if can_carry_out && stop.kind > StopKind::Shutdown {
            state.unstopped = Phase::Stopped;
            self.set(state, Phase::Stopping(stop.without_loop()));
            return By::Caller;
        }
        self.set(state, Phase::StopPending(stop));
        By::Nobody
    }

    /// Whether a stop was asked for and the server has not served since. True for a lame duck too.
    pub(crate) fn is_leaving(&self) -> bool {
        self.leaving.load(SeqCst)
    }

    /// Whether a stop was asked for, the server has not served since, and its lame-duck time is
    /// over.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(SeqCst)
    }

    /// Whether a lame-duck time is set.
    pub(crate) fn has_lame_duck(&self) -> bool {
        !self.lame_duck.is_zero()
    }

    /// Whether a loop, or a caller that stands in for it, has begun and not ended.
    pub(crate) fn is_serving(&self) -> bool {
        matches!(
            self.state.lock().phase,
            Phase::Serving | Phase::LameDuck { .. } | Phase::Stopping(_)
        )
    }

    /// Blocks, or parks, until the loop that was asked to stop has ended, at most until `end`.
    /// Returns whether it has.
    pub(crate) fn wait(&self, loops_ended: u64, end: Option<Instant>) -> bool {
        if can_park() {
            return park_until(|| self.state.lock().loops_ended != loops_ended, end);
        }
        let mut state = self.state.lock();
        while state.loops_ended == loops_ended {
            match end {
                None => self.changed.wait(&mut state),
                Some(end) => {
                    if self.changed.wait_until(&mut state, end).timed_out() {
                        return state.loops_ended != loops_ended;
                    }
                }
            }
        }
        true
    }

    /// Runs the loop, or the server's part of a request. Marks that code as inside this server,
    /// because code that waited for the loop's end there would wait for itself.
    pub(crate) fn inside<T>(&self, run: impl FnOnce() -> T) -> T {
        self.enclose(None, run)
    }

    /// Runs a request, and marks its handler as inside that request too, so that an abort ends its
    /// waits: up to [`leave_request`](Self::leave_request).
    pub(crate) fn inside_request<T>(&self, request: Abortables, run: impl FnOnce() -> T) -> T {
        self.enclose(Some(request), run)
    }

    /// What this code does from here on is the server's.
    pub(crate) fn leave_request() {
        // Dropped after the list is released.
        let _left = green::enclosing_servers(|servers| servers.last_mut()?.request.take());
    }

    fn enclose<T>(&self, request: Option<Abortables>, run: impl FnOnce() -> T) -> T {
        struct Unmark;
        impl Drop for Unmark {
            fn drop(&mut self) {
                // Dropped after the list is released, because this may be the request's last owner.
                let _left = green::enclosing_servers(|servers| servers.pop());
            }
        }
        let server = self.id;
        green::enclosing_servers(|servers| servers.push(Enclosing { server, request }));
        let _unmark = Unmark;
        run()
    }

    /// The request of this server that this code is inside, if it is.
    pub(crate) fn request(&self) -> Option<Abortables> {
        green::enclosing_servers(|servers| {
            let own = servers.iter().rev().filter(|one| one.server == self.id);
            own.filter_map(|one| one.request.clone()).next()
        })
    }

    /// Whether this code runs in this server's loop or in one of its requests.
    pub(crate) fn is_inside(&self) -> bool {
        green::enclosing_servers(|servers| servers.iter().any(|one| one.server == self.id))
    }
}

#[cfg(test)]
mod tests;
