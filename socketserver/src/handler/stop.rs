//! The kinds of stop, and which thread waits for live requests.

use std::time::Duration;

use crate::request::deadline_after;
use crate::sync::Instant;

/// What a loop does as it ends. Of two kinds the later one is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum StopKind {
    /// It waits until accepted requests have begun. The listener stays.
    Shutdown,
    /// It closes the listener.
    Close,
    /// It fences the listener, takes the backlog, and closes it.
    Drain,
}

/// The thread that waits for live requests after a stop, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waiting {
    /// The caller, from now on.
    Caller(Duration),
    /// The loop's thread, from the loop's own end on: a caller on that thread
    /// would wait for itself.
    Loop(Duration),
    Nobody,
}

impl Waiting {
    /// Until when live requests may go on. `lame_duck` is how long the loop goes on to accept
    /// requests.
    pub(super) fn deadline(self, lame_duck: Duration) -> Instant {
        match self {
            Waiting::Caller(timeout) | Waiting::Loop(timeout) => {
                deadline_after(lame_duck.saturating_add(timeout))
            }
            Waiting::Nobody => Instant::now(),
        }
    }
}

/// How the server answers a request to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) carried_out_by: By,
    /// When idle requests are ended: after the lame-duck time.
    pub(crate) idle_until: Instant,
    /// When live requests are aborted. Includes the lame-duck time.
    pub(crate) deadline: Instant,
}

/// The thread that carries out a stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// The loop that runs, as it ends. The number is for [`Life::wait`].
    Loop(u64),
    /// The caller, since no loop runs: it is the loop now, until [`Life::leave`] returns `None`.
    Caller,
    /// No thread: the stop was carried out before, or is left for the next loop.
    Nobody,
    /// No thread of this process: it is a forked child, and has a copy of the server.
    Parent,
}

/// A stop that was asked for, perhaps by several callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stop {
    pub(crate) kind: StopKind,
    /// The latest deadline of the callers that wait.
    caller_deadline: Option<Instant>,
    /// How long the loop's thread waits: the longest [`Waiting::Loop`].
    loop_timeout: Option<Duration>,
}

impl Stop {
    /// `deadline` is until when the caller waits, if it does.
    pub(super) fn new(kind: StopKind, waiting: Waiting, deadline: Instant) -> Self {
        let (caller_deadline, loop_timeout) = match waiting {
            Waiting::Caller(_) => (Some(deadline), None),
            Waiting::Loop(timeout) => (None, Some(timeout)),
            Waiting::Nobody => (None, None),
        };
        Stop { kind, caller_deadline, loop_timeout }
    }

    /// Both at once: what the stronger one does, for as long as the more patient one waits.
    pub(super) fn and(self, other: Stop) -> Stop {
        Stop {
            kind: self.kind.max(other.kind),
            caller_deadline: self.caller_deadline.max(other.caller_deadline),
            loop_timeout: self.loop_timeout.max(other.loop_timeout),
        }
    }

    /// This stop without the loop's wait.
    pub(super) fn without_loop(self) -> Stop {
        Stop { loop_timeout: None, ..self }
    }

    /// Whether the loop's thread waits for live requests.
    pub(crate) fn loop_waits(&self) -> bool {
        self.loop_timeout.is_some()
    }

    /// Until when live requests may go on, if the loop ends now. `enforced` is when the time of the
    /// loop's thread is over at the latest: on an inline server it has begun before.
    pub(crate) fn deadline(&self, enforced: Option<Instant>) -> Instant {
        let here = self.loop_timeout.map(deadline_after);
        let here = here.map(|here| enforced.map_or(here, |enforced| here.min(enforced)));
        self.caller_deadline.max(here).unwrap_or_else(Instant::now)
    }
}
