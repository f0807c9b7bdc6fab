//! The pace of a peer, which must not be slower than a rate.

use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::wait::Patience;

/// The time that the parts of a transfer may wait: a fixed time, and in addition the time that the
/// transferred bytes take at the minimum rate.
#[derive(Debug)]
pub(crate) struct Pace {
    most: Duration,
    rate: u32,
    /// Time that earlier parts of the same transfer have waited.
    waited: Duration,
    passed: AtomicU64,
    /// Time at which the first bytes had been transferred. Most transfers end with them, and need
    /// no clock.
    began: OnceLock<Instant>,
}

impl Pace {
    /// No part waits for longer than `most`. `rate` is in bytes per second.
    pub(crate) fn new(most: Duration, rate: u32) -> Self {
        Pace::resumed(most, rate, Duration::ZERO, 0)
    }

    /// A pace that continues after `passed` bytes and waits of `waited` in all.
    pub(crate) fn resumed(most: Duration, rate: u32, waited: Duration, passed: u64) -> Self {
        Pace { most, rate, waited, passed: AtomicU64::new(passed), began: OnceLock::new() }
    }

    /// How long a part may wait, if earlier ones have waited for `waited` and transferred `bytes`.
    /// One wait is at most `most`, because fast bytes earn no credit for a peer that then stops.
    fn time(most: Duration, rate: u32, waited: Duration, bytes: u64) -> Duration {
        let earned = bytes as f64 / f64::from(rate.max(1));
        let earned = Duration::try_from_secs_f64(earned).unwrap_or(Duration::MAX / 2);
        most.saturating_add(earned).saturating_sub(waited).min(most)
    }

    /// The time that all parts have waited, and their bytes, for [`resumed`](Self::resumed).
    pub(crate) fn spent(&self) -> (Duration, u64) {
        let waited = self.began.get().map_or(Duration::ZERO, Instant::elapsed);
        (self.waited.saturating_add(waited), self.passed.load(Relaxed))
    }

    /// The patience of the next part.
    ///
    /// # Errors
    /// `TimedOut` if no time is left.
    pub(super) fn patience(&self) -> io::Result<Patience> {
        let (waited, passed) = self.spent();
        match Pace::time(self.most, self.rate, waited, passed) {
            Duration::ZERO => Err(io::ErrorKind::TimedOut.into()),
            time => Ok(Patience::of_socket(Some(time))),
        }
    }

    /// Counts bytes that have been transferred. More are still to come.
    pub(super) fn pass(&self, bytes: usize) {
        self.began.get_or_init(Instant::now);
        self.passed.fetch_add(bytes as u64, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_earn_time_and_no_credit() {
        let second = Duration::from_secs(1);
        let time = |waited, bytes| Pace::time(60 * second, 500, waited * second, bytes);
        assert_eq!(time(0, 0), 60 * second);
        assert_eq!(time(59, 0), second);
        assert_eq!(time(60, 500), second);
        assert_eq!(time(61, 0), Duration::ZERO);
        assert_eq!(time(0, 1 << 40), 60 * second);
    }

    #[test]
    fn endless_limits_are_no_panic() {
        for rate in [0, 1, u32::MAX] {
            for bytes in [0, u64::MAX] {
                let time = Pace::time(Duration::MAX, rate, Duration::MAX, bytes);
                assert!(time <= Duration::MAX);
                Pace::time(Duration::ZERO, rate, Duration::ZERO, bytes);
            }
        }
        assert_eq!(Pace::new(Duration::MAX, 0).patience().unwrap(), Patience::Forever);
    }
}
