//! The life of a server as one state machine, and who may wait for its loop.

use std::io;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use super::shutdown::deadline_after;
use super::waker::Waker;
use crate::green;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Condvar, Instant, Mutex};

/// Where a server stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Has never served.
    Fresh,
    /// Was told to stop while nobody served: the next loop does that, and nothing else.
    Forestalled(Stop),
    /// A loop runs, or `handle_request`.
    Serving,
    /// It was told to stop and has not yet ended.
    Stopping(Stop),
    /// The loop has ended; it may serve again.
    Stopped,
    /// The listener is closed, for good.
    Closed,
}

/// How a loop ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stop {
    pub(super) kind: StopKind,
    /// Until when live requests may go on for those outside who wait for them.
    pub(super) until: Option<Instant>,
    /// Nobody outside waits: from its own end on, the loop's thread does so long.
    pub(super) alone: Option<Duration>,
    /// Until then the loop takes requests as ever: the lame-duck time.
    pub(super) after: Option<Instant>,
}

impl Stop {
    /// Both at once.
    fn and(self, other: Stop) -> Stop {
        Stop {
            kind: self.kind.max(other.kind),
            until: self.until.max(other.until),
            alone: self.alone.max(other.alone),
            // The earlier of the two, and at once comes before any time.
            after: self.after.min(other.after),
        }
    }

    /// Until when live requests may go on, as of now.
    pub(super) fn deadline(&self) -> Instant {
        let alone = self.alone.map(deadline_after);
        self.until.max(alone).unwrap_or_else(Instant::now)
    }
}

/// What a loop does as it ends; a later one does all that an earlier one does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum StopKind {
    /// Nothing more: the listener stays.
    Shutdown,
    /// It closes the listener.
    Close,
    /// It fences the listener, takes what waits there, and closes it.
    Drain,
}

/// Who carries out a stop.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// The loop that runs, as it ends. The number is for [`Life::wait`].
    Loop(u64),
    /// The caller, since no loop runs; it then leaves as a loop would.
    Caller,
    /// Nobody: it was done before.
    Nobody,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// How many loops have ended, so that a restart cannot hide an end from who waits for it.
    ended: u64,
}

#[derive(Debug)]
pub(super) struct Life {
    /// Tells servers apart among the marks of a thread or green thread: those whose loop or request
    /// it is running.
    id: u64,
    state: Mutex<State>,
    changed: Condvar,
    /// Whether the phase is `Stopping`, after the lame-duck time: what the loop looks at before every
    /// request.
    stopping: AtomicBool,
    /// This is a copy in a forked child, whose server is the parent's.
    copy: AtomicBool,
}

impl Life {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Life {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            state: Mutex::new(State {
                phase: Phase::Fresh,
                ended: 0,
            }),
            changed: Condvar::new(),
            stopping: AtomicBool::new(false),
            copy: AtomicBool::new(false),
        }
    }

    /// Begins to serve. Returns whether the server has served before: when nobody stops it, it then
    /// leaves to where it stood.
    pub(super) fn enter(&self) -> io::Result<bool> {
        let mut state = self.state.lock();
        let (phase, served_before) = match state.phase {
            Phase::Fresh => (Phase::Serving, false),
            Phase::Stopped => (Phase::Serving, true),
            Phase::Forestalled(stop) => {
                self.stopping.store(true, Ordering::SeqCst);
                (Phase::Stopping(stop), true)
            }
            Phase::Serving | Phase::Stopping(_) => {
                return Err(io::Error::new(
                    io::ErrorKind::ResourceBusy,
                    "the server is already serving",
                ));
            }
            Phase::Closed => {
                return Err(io::Error::new(
                    io::ErrorKind::NotConnected,
                    "the server is closed",
                ));
            }
        };
        state.phase = phase;
        Ok(served_before)
    }

    /// The stop that was asked for.
    pub(super) fn stop(&self) -> Option<Stop> {
        match self.state.lock().phase {
            Phase::Stopping(stop) => Some(stop),
            _ => None,
        }
    }

    /// Whether a stop was asked for: [`stop`](Self::stop) without a lock.
    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// How long a drain that is asked for now leaves the loop to take requests, if that is `lame_duck`
    /// in all. Where no loop runs nobody would take any.
    pub(super) fn time_to_go(&self, lame_duck: Duration) -> Duration {
        match self.state.lock().phase {
            Phase::Serving => lame_duck,
            Phase::Stopping(Stop {
                after: Some(after), ..
            }) => after.saturating_duration_since(Instant::now()),
            _ => Duration::ZERO,
        }
    }

    /// Until when the loop takes requests before it stops; once that time has come it is stopping.
    pub(super) fn leaves_at(&self) -> Option<Instant> {
        let mut state = self.state.lock();
        let Phase::Stopping(stop) = &mut state.phase else {
            return None;
        };
        let after = stop.after?;
        if Instant::now() < after {
            return Some(after);
        }
        stop.after = None;
        self.stopping.store(true, Ordering::SeqCst);
        None
    }

    /// Ends serving, unless more was asked for than the caller has seen and done.
    pub(super) fn leave(&self, done: Option<Stop>, served: bool) -> bool {
        let mut state = self.state.lock();
        let asked = match state.phase {
            Phase::Stopping(stop) => Some(stop),
            _ => None,
        };
        if asked.map(|stop| stop.kind) > done.map(|stop| stop.kind) {
            return false;
        }
        state.phase = match asked.map(|stop| stop.kind) {
            Some(StopKind::Close | StopKind::Drain) => Phase::Closed,
            Some(StopKind::Shutdown) => Phase::Stopped,
            None if served => Phase::Stopped,
            None => Phase::Fresh,
        };
        state.ended += 1;
        self.stopping.store(false, Ordering::SeqCst);
        self.changed.notify_all();
        true
    }

    /// Asks for a stop, of a loop or of the next one. A plain shutdown means nothing to a server that
    /// has stopped already. More than that the caller carries out where no loop runs, if it is `able`.
    ///
    /// In a forked child there is nothing to stop.
    pub(super) fn ask(&self, stop: Stop, able: bool, waker: &Waker) -> Asked {
        if self.copy.load(Ordering::Relaxed) {
            log::warn!(target: "socketserver::server", "a server cannot be stopped from a child that it forked");
            return Asked::Nobody;
        }
        let mut state = self.state.lock();
        let stop = match state.phase {
            Phase::Stopping(earlier) | Phase::Forestalled(earlier) => earlier.and(stop),
            _ => stop,
        };
        match state.phase {
            Phase::Serving | Phase::Stopping(_) => {
                state.phase = Phase::Stopping(stop);
                if stop.after.is_none() {
                    self.stopping.store(true, Ordering::SeqCst);
                }
                waker.wake();
                Asked::Loop(state.ended)
            }
            Phase::Closed => Asked::Nobody,
            Phase::Stopped if stop.kind == StopKind::Shutdown => Asked::Nobody,
            _ if able && stop.kind > StopKind::Shutdown => {
                state.phase = Phase::Stopping(Stop {
                    alone: None,
                    after: None,
                    ..stop
                });
                Asked::Caller
            }
            _ => {
                state.phase = Phase::Forestalled(Stop {
                    after: None,
                    ..stop
                });
                Asked::Nobody
            }
        }
    }

    /// Whether the server was told to stop and has not served since; also as a lame duck.
    pub(super) fn is_leaving(&self) -> bool {
        !matches!(self.state.lock().phase, Phase::Fresh | Phase::Serving)
    }

    /// The same, but not as a lame duck.
    pub(super) fn is_ending(&self) -> bool {
        match self.state.lock().phase {
            Phase::Fresh | Phase::Serving => false,
            Phase::Stopping(stop) => stop.after.is_none(),
            _ => true,
        }
    }

    /// Whether a loop, or whoever stands in for it, has begun and not ended.
    pub(super) fn is_serving(&self) -> bool {
        matches!(self.state.lock().phase, Phase::Serving | Phase::Stopping(_))
    }

    /// Waits until the loop that was asked to stop has ended, at most until `end`. Returns whether
    /// it has.
    pub(super) fn wait(&self, ended: u64, end: Option<Instant>) -> bool {
        let mut state = self.state.lock();
        while state.ended == ended {
            match end {
                None => self.changed.wait(&mut state),
                Some(end) => {
                    if self.changed.wait_until(&mut state, end).timed_out() {
                        return state.ended != ended;
                    }
                }
            }
        }
        true
    }

    /// In a forked child: the server's life is the parent's.
    pub(super) fn leave_to_parent(&self) {
        self.copy.store(true, Ordering::Relaxed);
    }

    /// Runs the loop or a request: where waiting for the loop's end could wait for itself.
    pub(super) fn inside<T>(&self, run: impl FnOnce() -> T) -> T {
        struct Leave;
        impl Drop for Leave {
            fn drop(&mut self) {
                green::enclosing_servers(|servers| servers.pop());
            }
        }
        green::enclosing_servers(|servers| servers.push(self.id));
        let _leave = Leave;
        run()
    }

    /// Whether this thread runs this server's loop or one of its requests.
    pub(super) fn is_inside(&self) -> bool {
        green::enclosing_servers(|servers| servers.contains(&self.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHUTDOWN: Stop = Stop {
        kind: StopKind::Shutdown,
        until: None,
        alone: None,
        after: None,
    };
    const DRAIN: Stop = Stop {
        kind: StopKind::Drain,
        ..SHUTDOWN
    };

    fn serving() -> (Life, Waker) {
        let (life, waker) = (Life::new(), Waker::new().unwrap());
        assert!(!life.enter().unwrap(), "it has not served before");
        (life, waker)
    }

    #[test]
    fn a_shutdown_before_the_first_loop_is_remembered_once() {
        let (life, waker) = (Life::new(), Waker::new().unwrap());
        assert_eq!(life.ask(SHUTDOWN, true, &waker), Asked::Nobody);
        assert_eq!(life.ask(SHUTDOWN, true, &waker), Asked::Nobody);
        life.enter().unwrap();
        assert!(life.is_stopping());
        assert!(life.leave(life.stop(), true));
        assert!(life.enter().unwrap(), "it counts as having served");
        assert!(!life.is_stopping());
    }

    #[test]
    fn a_shutdown_after_the_loop_leaves_nothing_behind() {
        let (life, waker) = serving();
        assert!(life.leave(None, true));
        assert_eq!(life.ask(SHUTDOWN, true, &waker), Asked::Nobody);
        assert!(life.enter().unwrap());
        assert!(!life.is_stopping());
    }

    #[test]
    fn what_nobody_can_carry_out_is_remembered() {
        let (life, waker) = (Life::new(), Waker::new().unwrap());
        assert_eq!(life.ask(DRAIN, false, &waker), Asked::Nobody);
        assert_eq!(life.ask(SHUTDOWN, false, &waker), Asked::Nobody);
        life.enter().unwrap();
        assert_eq!(life.stop(), Some(DRAIN));
        assert!(life.leave(life.stop(), true));
        assert!(life.enter().is_err());
    }

    #[test]
    fn there_is_one_loop_at_a_time() {
        let (life, _) = serving();
        assert_eq!(
            life.enter().unwrap_err().kind(),
            io::ErrorKind::ResourceBusy
        );
    }

    #[test]
    fn what_is_asked_while_a_loop_ends_is_not_lost() {
        let (life, waker) = serving();
        assert_eq!(life.ask(SHUTDOWN, true, &waker), Asked::Loop(0));
        let seen = life.stop();
        assert_eq!(life.ask(DRAIN, true, &waker), Asked::Loop(0));
        assert!(!life.leave(seen, true), "the drain is still to be done");
        assert!(life.leave(life.stop(), true));
        assert!(life.wait(0, Some(Instant::now())));
        assert_eq!(
            life.enter().unwrap_err().kind(),
            io::ErrorKind::NotConnected
        );
        assert_eq!(life.ask(DRAIN, true, &waker), Asked::Nobody);
    }

    #[test]
    fn a_handled_request_leaves_a_fresh_server_fresh() {
        let (life, waker) = serving();
        assert!(life.leave(None, false));
        assert_eq!(life.ask(SHUTDOWN, true, &waker), Asked::Nobody);
        life.enter().unwrap();
        assert!(life.is_stopping());
    }

    #[test]
    fn a_lame_duck_is_leaving_and_not_yet_stopping() {
        let time = Duration::from_secs(1_000);
        let (life, waker) = serving();
        let leave = Stop {
            after: Some(Instant::now() + life.time_to_go(time)),
            ..DRAIN
        };
        assert_eq!(life.ask(leave, true, &waker), Asked::Loop(0));
        assert_eq!(life.leaves_at(), leave.after);
        assert!(life.is_leaving() && !life.is_stopping() && !life.is_ending());
        // Another drain does not begin anew.
        assert!(life.time_to_go(2 * time) <= time);
        life.ask(leave, true, &waker);
        assert_eq!(life.leaves_at(), leave.after);
        // Who has no time ends it, and the drain is done all the same.
        life.ask(SHUTDOWN, true, &waker);
        assert!(life.is_stopping() && life.is_ending());
        assert_eq!((life.leaves_at(), life.stop()), (None, Some(DRAIN)));
    }

    #[test]
    fn the_lame_duck_time_ends_by_itself() {
        let (life, waker) = serving();
        let leave = Stop {
            after: Some(Instant::now()),
            ..DRAIN
        };
        life.ask(leave, true, &waker);
        assert_eq!(life.leaves_at(), None);
        assert!(life.is_stopping());
    }

    #[test]
    fn where_no_loop_runs_there_is_no_lame_duck() {
        let (life, waker) = (Life::new(), Waker::new().unwrap());
        assert_eq!(life.time_to_go(Duration::MAX), Duration::ZERO);
        let leave = Stop {
            after: Some(Instant::now() + Duration::from_secs(1_000)),
            ..DRAIN
        };
        assert_eq!(life.ask(leave, true, &waker), Asked::Caller);
        assert_eq!(life.stop(), Some(DRAIN));
    }

    #[test]
    fn inside_ends_with_the_call_even_when_it_unwinds() {
        let life = Life::new();
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            life.inside(|| std::panic::resume_unwind(Box::new(())));
        }));
        assert!(!life.is_inside());
        assert!(life.inside(|| life.is_inside()));
    }
}
