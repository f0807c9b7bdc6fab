//! Whether the handlers of a server are short.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use crate::request::{End, Job};
use crate::sys::usage::Usage;

/// A handler that does not block, and takes less time on a processor, is short: to hand its request
/// over costs as much. Longer ones are better run by several processors. Without optimisation all
/// takes longer.
pub(super) const SHORT: Duration =
    Duration::from_micros(if cfg!(debug_assertions) { 500 } else { 10 });

/// How many handlers in a row must be short before a worker leads.
const USUAL: u32 = 64;

/// The same after leaders have lost their batons again and again.
const MOST: u32 = 1 << 14;

/// What is known of the handlers that other workers run.
pub(crate) struct Pace {
    short_in_a_row: AtomicU32,
    needed: AtomicU32,
}

impl Pace {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Pace { short_in_a_row: AtomicU32::new(0), needed: AtomicU32::new(USUAL) })
    }

    /// The same job, which reports how long it took.
    pub(crate) fn measure(self: &Arc<Self>, job: Job) -> Job {
        let pace = self.clone();
        job.wrap(move |run| {
            // Not the time by the clock: sending an answer lets its client run, often at once and
            // on this processor.
            let before = Usage::of_this_thread();
            let end: End = run.run();
            let after = Usage::of_this_thread();
            pace.note(
                after.blocks == before.blocks && after.time.saturating_sub(before.time) < SHORT,
            );
            end
        })
    }

    fn note(&self, was_short: bool) {
        if was_short {
            self.short_in_a_row.fetch_add(1, Relaxed);
        } else {
            self.short_in_a_row.store(0, Relaxed);
        }
    }

    /// Whether the handlers have been short for long enough.
    pub(crate) fn is_short(&self) -> bool {
        self.short_in_a_row.load(Relaxed) >= self.needed.load(Relaxed)
    }

    /// A leader has lost its baton after it put it down `turns` times. If that were few, each change
    /// would cost more than it saves: the next leader has to wait longer.
    pub(super) fn lost(&self, turns: u64) {
        self.short_in_a_row.store(0, Relaxed);
        let needed = self.needed.load(Relaxed);
        let few = turns < 64 * u64::from(needed);
        self.needed.store(if few { (needed * 2).min(MOST) } else { USUAL }, Relaxed);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn note(pace: &Pace, count: u32) {
        (0..count).for_each(|_| pace.note(true));
    }

    #[test]
    fn one_long_handler_starts_the_count_anew() {
        let pace = Pace::new();
        note(&pace, USUAL - 1);
        assert!(!pace.is_short());
        note(&pace, 1);
        assert!(pace.is_short());
        pace.note(false);
        note(&pace, USUAL - 1);
        assert!(!pace.is_short());
    }

    #[test]
    fn lost_batons_ask_for_more_short_handlers() {
        let pace = Pace::new();
        pace.lost(10);
        note(&pace, 2 * USUAL - 1);
        assert!(!pace.is_short());
        note(&pace, 1);
        assert!(pace.is_short());
        (0..20).for_each(|_| pace.lost(10));
        note(&pace, MOST);
        assert!(pace.is_short());
        pace.lost(1 << 32);
        note(&pace, USUAL);
        assert!(pace.is_short());
    }
}
