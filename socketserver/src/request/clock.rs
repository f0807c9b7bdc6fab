//! Deadlines that do not overflow.

use std::time::Duration;

use crate::sync::Instant;

/// A hundred years: clocks cannot hold just any time, and no process lives to a later deadline.
pub(crate) const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// The instant `timeout` from now; at most [`LONGEST`] from now.
pub(crate) fn deadline_after(timeout: Duration) -> Instant {
    Instant::now() + timeout.min(LONGEST)
}
