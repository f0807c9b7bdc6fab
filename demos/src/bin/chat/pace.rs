//! The maximum speed of one member, so that a flood does not overtake members that read well.

use std::time::{Duration, Instant};

use socketserver::green;

/// Far more than a person types, and far less than a client can read.
const BYTES_PER_SECOND: u32 = 8 << 20;

/// Cost of a line, or a piece of one, beside its bytes: a line gets a name when it is passed on.
const PIECE: usize = 32;

/// Time by which a member may be ahead of its pace.
const BURST: Duration = Duration::from_millis(50);

/// One member's pace.
#[derive(Debug)]
pub(crate) struct Pace {
    /// Time at which all pieces so far would have arrived at the allowed speed.
    heard: Instant,
}

impl Pace {
    /// The pace of a member that has sent nothing yet.
    pub(crate) fn new() -> Self {
        let heard = Instant::now();
        Pace { heard }
    }

    /// Counts a piece of this length, and sleeps if the member is too far ahead.
    pub(crate) fn keep(&mut self, bytes: usize) {
        let ahead = self.ahead(bytes, Instant::now());
        if ahead > BURST {
            green::sleep(ahead);
        }
    }

    /// Counts a piece, and returns how far the member is ahead.
    fn ahead(&mut self, bytes: usize, now: Instant) -> Duration {
        let cost = u32::try_from(bytes + PIECE).unwrap_or(u32::MAX);
        self.heard = self.heard.max(now) + Duration::from_secs(1) * cost / BYTES_PER_SECOND;
        self.heard - now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_never_waits_and_a_flood_does() {
        let mut pace = Pace::new();
        let mut now = Instant::now();
        for _ in 0..1_000 {
            now += Duration::from_millis(1);
            assert!(pace.ahead(1_000, now) < BURST);
        }
        let ahead = (0..2_000).map(|_| pace.ahead(4_096, now)).last().unwrap();
        assert!(ahead > Duration::from_millis(900), "{ahead:?}");
        now += ahead;
        assert!(pace.ahead(4_096, now) < BURST, "after the wait");
    }
}
