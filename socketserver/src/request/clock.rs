//! Deadlines that do not overflow, and a clock that costs next to nothing.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::sync::Instant;

/// A hundred years: clocks cannot hold just any time, and no process lives to a later deadline.
pub(crate) const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// The instant `timeout` from now; at most [`LONGEST`] from now.
pub(crate) fn deadline_after(timeout: Duration) -> Instant {
    Instant::now() + timeout.min(LONGEST)
}

/// A time by the system's coarse clock. It goes in steps of up to 10 ms, and to read it takes a few
/// loads from memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment(Duration);

impl Moment {
    pub(crate) fn now() -> Self {
        let now = clock_gettime(ClockId::MonotonicCoarse);
        // This clock counts from the start of the machine.
        Moment(Duration::new(now.tv_sec as u64, now.tv_nsec as u32))
    }

    pub(crate) fn elapsed(self) -> Duration {
        let Moment(then) = self;
        Moment::now().0.saturating_sub(then)
    }
}
