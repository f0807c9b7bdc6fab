//! Deadlines that do not overflow, and a clock that costs next to nothing.

use std::time::Duration;

use crate::sync::Instant;
use crate::sys::clock::coarse;

/// A hundred years: clocks cannot hold just any time, and no process lives to a later deadline.
pub(crate) const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// The instant `timeout` from now; at most [`LONGEST`] from now.
pub(crate) fn deadline_after(timeout: Duration) -> Instant {
    Instant::now() + timeout.min(LONGEST)
}

/// A time by the system's coarse clock, which goes in steps of up to 10 ms.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment((i64, i64));

impl Moment {
    #[inline]
    pub(crate) fn now() -> Self {
        Moment(coarse())
    }

    pub(crate) fn elapsed(self) -> Duration {
        let Moment(then) = self;
        let since = |(seconds, nanos): (i64, i64)| Duration::new(seconds as u64, nanos as u32);
        since(coarse()).saturating_sub(since(then))
    }
}
