//! When parked green threads are to be woken.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

/// Times and whom they are for, the earliest first. Nothing is ever taken out early: who wakes
/// before its time has its entry left behind, and there is at most one entry for a green thread
/// that is of any use.
#[derive(Debug, Default)]
pub(super) struct Timers(BinaryHeap<Reverse<(Instant, usize)>>);

impl Timers {
    pub(super) fn set(&mut self, when: Instant, task: usize) {
        self.0.push(Reverse((when, task)));
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
