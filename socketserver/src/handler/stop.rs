//! What kind of end was asked for, and who waits.

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

/// Who waits for live requests after a stop, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waiting {
    /// The caller, from now on.
    Caller(Duration),
    /// The loop's thread, from the loop's own end on: a caller on that thread
    /// would wait for itself.
    Loop(Duration),
    Nobody,
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
    /// `lame_duck` is how long the loop goes on taking requests.
    pub(super) fn new(kind: StopKind, waiting: Waiting, lame_duck: Duration) -> Self {
        let (caller_deadline, loop_timeout) = match waiting {
            Waiting::Caller(timeout) => (
                Some(deadline_after(lame_duck.saturating_add(timeout))),
                None,
            ),
            Waiting::Loop(timeout) => (None, Some(timeout)),
            Waiting::Nobody => (None, None),
        };
        Stop {
            kind,
            caller_deadline,
            loop_timeout,
        }
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
        Stop {
            loop_timeout: None,
            ..self
        }
    }

    /// Whether the loop's thread waits for live requests.
    pub(crate) fn loop_waits(&self) -> bool {
        self.loop_timeout.is_some()
    }

    /// Until when live requests may go on, if the loop ends now.
    pub(crate) fn deadline(&self) -> Instant {
        let here = self.loop_timeout.map(deadline_after);
        self.caller_deadline.max(here).unwrap_or_else(Instant::now)
    }
}
