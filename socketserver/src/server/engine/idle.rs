//! When a server has had nothing to do for long enough to end.

use std::time::Duration;

use crate::request::Stats;
use crate::sync::Instant;

/// Looks at the counters eight times in the time after which the server ends, so that requests pay
/// nothing for it.
pub(super) struct IdleWatch {
    after: Duration,
    /// When to look again.
    pub(super) due: Instant,
    /// Since when no request has been seen.
    since: Instant,
    /// The requests accepted up to then.
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
