//! The end of a server that has been idle for `exit_when_idle`.

use std::time::Duration;

use crate::request::Stats;
use crate::sync::Instant;

/// Looks at the counters eight times per idle time, so that requests pay nothing for it.
pub(super) struct IdleWatch {
    after: Duration,
    /// When to look again.
    pub(super) due: Instant,
    /// When a look last saw a live or new request; at first the start.
    since: Instant,
    /// Number of requests accepted up to then.
    accepted: u64,
}

impl IdleWatch {
    const LOOKS: u32 = 8;

    pub(super) fn new(after: Duration) -> Self {
        let now = Instant::now();
        IdleWatch { after, due: now, since: now, accepted: 0 }
    }

    /// Whether the server has been idle for the whole time. Asks for the counters only when that is
    /// due.
    pub(super) fn is_over(&mut self, stats: impl FnOnce() -> Stats) -> bool {
        let now = Instant::now();
        if now < self.due {
            return false;
        }
        let stats = stats();
        if stats.active > 0 || stats.accepted != self.accepted {
            (self.since, self.accepted) = (now, stats.accepted);
        }
        self.due = now + self.after / Self::LOOKS;
        now - self.since >= self.after
    }
}
