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
    /// Least time between two looks, so that they do not keep the loop busy.
    const PAUSE: Duration = Duration::from_millis(1);

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
        self.due = now + Self::PAUSE.max(self.after / Self::LOOKS);
        let stats = stats();
        if stats.active > 0 || stats.accepted != self.accepted {
            (self.since, self.accepted) = (now, stats.accepted);
            return false;
        }
        now - self.since >= self.after
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    /// What a look says after an hour without one.
    fn after_an_hour(watch: &mut IdleWatch, accepted: u64, active: u64) -> bool {
        let now = Instant::now();
        watch.due = now;
        watch.since = watch.since.min(now - HOUR);
        watch.is_over(|| Stats { accepted, active, ..Stats::default() })
    }

    #[test]
    fn live_and_new_requests_are_no_idle_time() {
        let mut watch = IdleWatch::new(HOUR);
        assert!(!after_an_hour(&mut watch, 1, 1), "a request is live");
        assert!(!after_an_hour(&mut watch, 2, 0), "another one has come and gone");
        assert!(after_an_hour(&mut watch, 2, 0));
    }

    #[test]
    fn shortest_time_leaves_a_pause_between_looks() {
        let mut watch = IdleWatch::new(Duration::ZERO);
        assert!(!watch.is_over(|| Stats { active: 1, ..Stats::default() }));
        assert!(watch.due - watch.since >= Duration::from_millis(1));
    }

    #[test]
    fn counters_are_read_eight_times_per_idle_time() {
        let mut watch = IdleWatch::new(HOUR);
        assert!(!watch.is_over(Stats::default), "the first look");
        assert!(!watch.is_over(|| unreachable!("the next look is not due")));
        assert!(watch.due - Instant::now() <= HOUR / 8);
    }
}
