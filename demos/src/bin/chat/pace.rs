//! How fast a member is listened to. Who reads well must be able to keep up with whoever floods the
//! room.

use std::time::{Duration, Instant};

use socketserver::green;

/// Far more than anybody types, and far less than anybody reads.
const BYTES_A_SECOND: u32 = 8 << 20;

/// What a line costs beside its bytes: it gets a name when it is passed on.
const LINE: usize = 32;

/// So much may come at once.
const BURST: Duration = Duration::from_millis(50);

/// One member's pace.
#[derive(Debug)]
pub(crate) struct Pace {
    /// When everything so far would have been heard at the allowed speed.
    heard: Instant,
}

impl Pace {
    /// Nothing has been heard yet.
    pub(crate) fn new() -> Self {
        Pace {
            heard: Instant::now(),
        }
    }

    /// Waits, if lines of so many bytes come too fast.
    pub(crate) fn keep(&mut self, bytes: usize) {
        let early = self.early(bytes, Instant::now());
        if early > BURST {
            green::sleep(early);
        }
    }

    /// By how much a line comes too early.
    fn early(&mut self, bytes: usize, now: Instant) -> Duration {
        let cost = u32::try_from(bytes + LINE).unwrap_or(u32::MAX);
        self.heard = self.heard.max(now) + Duration::from_secs(1) * cost / BYTES_A_SECOND;
        self.heard - now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_types_never_waits_and_who_floods_does() {
        let mut pace = Pace::new();
        let mut now = Instant::now();
        for _ in 0..1_000 {
            now += Duration::from_millis(1);
            assert!(pace.early(1_000, now) < BURST);
        }
        let early = (0..2_000).map(|_| pace.early(4_096, now)).last().unwrap();
        assert!(early > Duration::from_millis(900), "{early:?}");
        now += early;
        assert!(pace.early(4_096, now) < BURST, "what is waited for is over");
    }
}
