//! What the loop sees of its leader.

use std::sync::Arc;
use std::time::Duration;

use super::baton::{Baton, Place, State};
use super::pace::{Pace, SHORT};
use super::thread_state;
use crate::sync::Instant;
use crate::sys::usage;

/// Time between two looks while requests come.
const TICK: Duration = Duration::from_millis(1);

/// Number of looks at a leader that does nothing, after which the loop sleeps until the next
/// handler.
const IDLE_LOOKS: u32 = 16;

/// Number of looks that may see the same handler, if it computes, or if its thread gets no
/// processor, because the machine may be busy. A handler that sleeps may be seen once.
const BUSY_LOOKS: u32 = 8;

/// How many looks in a row the leader may be slow, though each of its handlers ends between two
/// looks.
const SLOW_LOOKS: u32 = 4;

/// What the loop has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// The leader goes on.
    Leading,
    /// The loop has the baton.
    Back,
}

/// A loop's view of its leader.
pub(crate) struct Watch {
    baton: Arc<Baton>,
    pace: Arc<Pace>,
    state: State,
    time: Duration,
    at: Instant,
    /// Looks in a row at which nothing had changed.
    still: u32,
    slow: u32,
    /// The loop has asked for the baton, because handlers are slow.
    is_recalled: bool,
}

impl Watch {
    pub(crate) fn new(baton: Arc<Baton>, pace: Arc<Pace>) -> Self {
        let state = baton.state();
        Watch {
            baton,
            pace,
            state,
            time: Duration::ZERO,
            at: Instant::now(),
            still: 0,
            slow: 0,
            is_recalled: false,
        }
    }

    pub(crate) fn baton(&self) -> &Baton {
        &self.baton
    }

    /// When to look again. `None` if nothing happens: then the beginning of a handler wakes the
    /// loop.
    pub(crate) fn next_look(&mut self) -> Option<Instant> {
        if self.still >= IDLE_LOOKS && self.state.place == Place::Leader {
            if self.baton.leave_unwatched() == self.state {
                return None;
            }
            self.baton.watch_again();
        }
        Some(self.at + TICK)
    }

    /// Looks, if it is time, and takes the baton back if a handler is not short.
    pub(crate) fn look(&mut self) -> Seen {
        self.baton.watch_again();
        let (state, now) = (self.baton.state(), Instant::now());
        if state.place == Place::Loop {
            return self.back();
        }
        if now - self.at < TICK {
            return Seen::Leading;
        }
        let seen = std::mem::replace(&mut self.state, state);
        self.at = now;
        self.still = if state == seen { self.still + 1 } else { 0 };
        if self.is_stuck() && self.baton.take_from(state) {
            return self.lost();
        }
        if self.was_slow(state.begun - seen.begun) {
            self.is_recalled = true;
            if self.baton.recall() {
                return self.lost();
            }
        }
        Seen::Leading
    }

    /// Whether the baton lies where no thread will soon take it up.
    fn is_stuck(&self) -> bool {
        match (self.state.place, self.still) {
            (Place::Offered, still) => still > 0,
            (Place::Down, 0) => false,
            (Place::Down, BUSY_LOOKS..) => true,
            (Place::Down, _) => self.baton.thread().is_none_or(thread_state::sleeps),
            _ => false,
        }
    }

    /// Whether the leader has been slow at the last looks, after it has begun as many handlers
    /// since the last one.
    fn was_slow(&mut self, begun: u64) -> bool {
        let time = self.baton.thread().and_then(usage::time_of).unwrap_or_default();
        let took = time.saturating_sub(std::mem::replace(&mut self.time, time));
        // To receive takes time, too.
        let is_slow = begun > 0 && took > 2 * SHORT * u32::try_from(begun).unwrap_or(u32::MAX);
        self.slow = if is_slow { self.slow + 1 } else { 0 };
        self.slow >= SLOW_LOOKS
    }

    fn lost(&self) -> Seen {
        self.pace.lost(self.state.begun);
        Seen::Back
    }

    fn back(&self) -> Seen {
        if self.is_recalled || self.baton.has_parked() { self.lost() } else { Seen::Back }
    }
}
