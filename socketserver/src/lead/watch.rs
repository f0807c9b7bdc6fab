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

/// How long a leader waits for a request: an idle server holds no worker.
const IDLE: Duration = Duration::from_secs(1);

/// Number of looks that may see the same handler, or the same wait although a request is there.
/// This is for a leader whose thread computes, or gets no processor because the machine is busy. If
/// that thread sleeps, it may be seen once.
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
    /// A request is there, and the leader that waits for it has not woken.
    is_behind: bool,
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
            is_behind: false,
            slow: 0,
            is_recalled: false,
        }
    }

    pub(crate) fn baton(&self) -> &Baton {
        &self.baton
    }

    /// Whether the loop waits for requests too, because the leader does. A green thread that leads
    /// wakes only when its scheduler is free.
    pub(crate) fn waits_too(&self) -> bool {
        self.state.place == Place::Waiting && self.still > 0 && !self.is_behind
    }

    /// When to look again.
    pub(crate) fn next_look(&self) -> Instant {
        self.at + if self.waits_too() { IDLE } else { TICK }
    }

    /// Looks, if it is time or a request `is_there`, and takes the baton back if requests would
    /// wait for a handler that is not short.
    pub(crate) fn look(&mut self, is_there: bool) -> Seen {
        let (state, now) = (self.baton.state(), Instant::now());
        if state.place == Place::Loop {
            return self.back();
        }
        if now < self.next_look() && !is_there {
            return Seen::Leading;
        }
        if self.waits_too() && !is_there && self.baton.take_from(self.state) {
            return Seen::Back;
        }
        let seen = std::mem::replace(&mut self.state, state);
        let is_still = state == seen;
        self.at = now;
        self.still = if is_still && !is_there { self.still + 1 } else { 0 };
        self.is_behind = is_still && (is_there || self.is_behind);
        if self.is_stuck() && self.baton.take_from(state) {
            return self.lost();
        }
        if self.was_slow(state.turns - seen.turns) {
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
            (Place::Waiting, _) if !self.is_behind => false,
            (Place::Waiting | Place::Handling, 0) => false,
            (Place::Waiting | Place::Handling, BUSY_LOOKS..) => true,
            (Place::Waiting | Place::Handling, _) => {
                self.baton.thread().is_none_or(thread_state::sleeps)
            }
            _ => false,
        }
    }

    /// Whether the leader has been slow at the last looks, after it has put the baton down as often
    /// since the last one.
    fn was_slow(&mut self, turns: u64) -> bool {
        let time = self.baton.thread().and_then(usage::time_of).unwrap_or_default();
        let took = time.saturating_sub(std::mem::replace(&mut self.time, time));
        // Receiving and waiting take time, too.
        let is_slow = turns > 0 && took > 2 * SHORT * u32::try_from(turns).unwrap_or(u32::MAX);
        self.slow = if is_slow { self.slow + 1 } else { 0 };
        self.slow >= SLOW_LOOKS
    }

    fn lost(&self) -> Seen {
        self.pace.lost(self.state.turns);
        Seen::Back
    }

    fn back(&self) -> Seen {
        if self.is_recalled || self.baton.has_parked() { self.lost() } else { Seen::Back }
    }
}
