//! When parked green threads must be woken because their deadline has come.
//!
//! Most deadlines never come: a client answers, its green thread goes on, and parks again with a
//! later deadline. So neither waking nor parking again touches the heap. A green thread has at most
//! one *current* entry there, no later than its deadline. When that entry comes up too early, it is
//! replaced by one for the deadline of that moment.
//!
//! ```text
//!    park until 10:00   entry 10:00
//!    park until 10:05   the entry stays: it comes first anyway
//!    10:00              comes up; the deadline is 10:05, so the next entry is for 10:05
//!    park until 10:02   entry 10:02; that for 10:05 is obsolete, and stays in the heap
//! ```

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

/// The deadlines of a scheduler's green threads.
#[derive(Debug, Default)]
pub(super) struct Timers {
    /// The earliest first. Obsolete entries stay until they come up, or are tidied away.
    heap: BinaryHeap<Reverse<(Instant, usize)>>,
    /// By the green thread's number. It only has as many as were needed so far.
    by_task: Vec<Timer>,
}

#[derive(Clone, Debug, Default)]
struct Timer {
    /// The time of its current entry in the heap.
    entry: Option<Instant>,
    /// That of its last parking with a deadline.
    deadline: Option<Instant>,
}

impl Timers {
    /// Sets the deadline of a green thread that parks; there are `live` green threads.
    pub(super) fn set(&mut self, task: usize, deadline: Instant, live: usize) {
        if self.by_task.len() <= task {
            self.by_task.resize(task + 1, Timer::default());
        }
        let timer = &mut self.by_task[task];
        timer.deadline = Some(deadline);
        if timer.entry.is_none_or(|entry| deadline < entry) {
            timer.entry = Some(deadline);
            self.heap.push(Reverse((deadline, task)));
            self.tidy(live);
        }
    }

    /// Forgets a green thread that has ended: its number may be used again.
    pub(super) fn forget(&mut self, task: usize) {
        if let Some(timer) = self.by_task.get_mut(task) {
            *timer = Timer::default();
        }
    }

    /// Removes the obsolete entries, if they may be most of the heap.
    fn tidy(&mut self, live: usize) {
        /// A heap no larger than this is left alone.
        const SMALL: usize = 1_024;
        if self.heap.len() > 2 * live + SMALL {
            let by_task = &self.by_task;
            self.heap.retain(|&Reverse((when, task))| by_task[task].entry == Some(when));
        }
    }

    /// When the next entry comes up.
    pub(super) fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((when, _))| *when)
    }

    /// Takes a green thread whose deadline has come. `has_deadline` says whether one waits for its
    /// deadline at all.
    pub(super) fn take_due(
        &mut self,
        now: Instant,
        has_deadline: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        while self.next()? <= now {
            let Reverse((when, task)) = self.heap.pop()?;
            let timer = &mut self.by_task[task];
            if timer.entry != Some(when) {
                continue;
            }
            timer.entry = None;
            match timer.deadline.filter(|_| has_deadline(task)) {
                Some(deadline) if deadline > now => {
                    timer.entry = Some(deadline);
                    self.heap.push(Reverse((deadline, task)));
                }
                Some(_) => return Some(task),
                None => {}
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// One green thread that parks again and again, each time with an earlier deadline.
    #[test]
    fn obsolete_entries_do_not_pile_up() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut timers = Timers::default();
        for millis in (1..=100_000).rev() {
            timers.set(7, at(millis), 1);
            assert!(timers.heap.len() <= 2_000, "{}", timers.heap.len());
        }
        assert_eq!(timers.next(), Some(at(1)));
        assert_eq!(timers.take_due(at(1), |_| true), Some(7));
        assert_eq!(timers.take_due(at(100_000), |_| true), None);
    }

    #[test]
    fn later_deadline_replaces_an_entry_that_is_due() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let mut timers = Timers::default();
        timers.set(3, at(10), 1);
        timers.set(3, at(20), 1);
        assert_eq!(timers.heap.len(), 1);
        assert_eq!(timers.take_due(at(10), |_| true), None);
        assert_eq!(timers.next(), Some(at(20)));
        assert_eq!(timers.take_due(at(20), |_| true), Some(3));
    }

    #[test]
    fn number_used_again_has_no_deadline() {
        let start = Instant::now();
        let mut timers = Timers::default();
        timers.set(3, start, 1);
        timers.forget(3);
        assert_eq!(timers.take_due(start, |_| true), None);
    }
}
