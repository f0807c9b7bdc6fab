//! When parked green threads are to be woken.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

/// Times and whom they are for, the earliest first. Who wakes before its time has its entry left
/// behind, and there is at most one entry for a green thread that is of any use.
#[derive(Debug, Default)]
pub(super) struct Timers(BinaryHeap<Reverse<(Instant, usize)>>);

impl Timers {
    pub(super) fn set(&mut self, when: Instant, task: usize) {
        self.0.push(Reverse((when, task)));
    }

    /// Throws away what is of no use any more, if that may be most of them. `live` is how many may
    /// be of use.
    pub(super) fn tidy(&mut self, live: usize, useful: impl Fn(Instant, usize) -> bool) {
        /// Fewer are not worth the work.
        const FEW: usize = 1_024;
        if self.0.len() > 2 * live + FEW {
            self.0.retain(|&Reverse((when, task))| useful(when, task));
        }
    }

    /// The next time.
    pub(super) fn next(&self) -> Option<Instant> {
        self.0.peek().map(|Reverse((when, _))| *when)
    }

    /// Takes out one whose time has come.
    pub(super) fn due(&mut self, now: Instant) -> Option<(Instant, usize)> {
        if self.next()? > now {
            return None;
        }
        self.0.pop().map(|Reverse(entry)| entry)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_left_behind_does_not_pile_up() {
        let now = Instant::now();
        let mut timers = Timers::default();
        // One green thread that waits again and again, each time with a new deadline far away.
        for round in 1..=100_000 {
            let newest = now + Duration::from_millis(round);
            timers.set(newest, 7);
            timers.tidy(1, |when, task| (when, task) == (newest, 7));
            assert!(timers.0.len() <= 2_000, "{}", timers.0.len());
        }
        assert!(
            timers
                .0
                .iter()
                .any(|Reverse((when, _))| *when == now + Duration::from_millis(100_000))
        );
    }
}
