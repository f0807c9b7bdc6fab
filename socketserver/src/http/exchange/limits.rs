//! The limits of a client: bytes, fields and times.

use std::time::Duration;

use crate::socket::Pace;

/// The limits of one connection. The defaults suit the open internet.
///
/// ```
/// use socketserver::http::Limits;
///
/// const PATIENT: Limits = Limits { head: 1 << 20, ..Limits::DEFAULT };
/// ```
///
/// Python: none; there a client may send 6.5 MB of head, and take as long as it likes
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Maximum length of the first line, and of each field, in bytes. A longer first line is
    /// answered with 414, a longer field with 431.
    pub line: usize,
    /// Maximum length of the whole head, in bytes. A longer one is answered with 431.
    pub head: usize,
    /// Maximum number of fields. More are answered with 431.
    pub fields: usize,
    /// How long a connection may be idle before the first byte of its next request. Then it is
    /// closed.
    pub idle_time: Duration,
    /// Maximum time from the first byte of a head to its end. Later the answer is 408.
    pub head_time: Duration,
    /// Maximum time that one read of the body waits for the client. The reads of a body may also
    /// wait this long in all before [`rate`](Self::rate) applies.
    pub body_time: Duration,
    /// Maximum time that one write of the reply waits for the client; in all too, before
    /// [`rate`](Self::rate) applies. It is long, because the client may be a paused player.
    pub reply_time: Duration,
    /// Minimum average of bytes per second of waiting, once the waits of a body or a reply have
    /// taken the time above. A slower body is answered with 408. A client that reads a reply more
    /// slowly is disconnected.
    pub rate: u32,
    /// Maximum number of bytes that are received and dropped if the handler has not read the whole
    /// body. If more are left, the connection closes, because the next request cannot be reached.
    pub unread: u64,
}

impl Limits {
    /// 16 KiB per line; 64 KiB and 99 fields per head; 60 s idle; 10 s per head; waits of 10 s for
    /// a body and of 60 s in a reply, and then 500 bytes per second; 1 MiB unread.
    pub const DEFAULT: Limits = Limits {
        line: 16 << 10,
        head: 64 << 10,
        fields: 99,
        idle_time: Duration::from_secs(60),
        head_time: Duration::from_secs(10),
        body_time: Duration::from_secs(10),
        reply_time: Duration::from_secs(60),
        rate: 500,
        unread: 1 << 20,
    };

    /// The same limits, with no wait longer than `timeout`.
    pub(in crate::http) const fn within(self, timeout: Option<Duration>) -> Self {
        let Some(timeout) = timeout else {
            return self;
        };
        Limits {
            idle_time: shorter(self.idle_time, timeout),
            head_time: shorter(self.head_time, timeout),
            body_time: shorter(self.body_time, timeout),
            reply_time: shorter(self.reply_time, timeout),
            ..self
        }
    }

    /// The minimum pace of a client that reads a reply. `sent` bytes have been sent, and the writes
    /// have waited for `waited`.
    pub(in crate::http) fn pace_of_reply(&self, waited: Duration, sent: u64) -> Pace {
        Pace::resumed(self.reply_time, self.rate, waited, sent)
    }

    /// The minimum pace of a client that sends a body. `received` bytes have come, and the reads
    /// have waited for `waited`.
    pub(in crate::http) fn pace_of_body(&self, waited: Duration, received: u64) -> Pace {
        Pace::resumed(self.body_time, self.rate, waited, received)
    }
}

/// `Duration::min`, which no constant can call.
const fn shorter(one: Duration, other: Duration) -> Duration {
    if one.as_nanos() < other.as_nanos() { one } else { other }
}

impl Default for Limits {
    fn default() -> Self {
        Limits::DEFAULT
    }
}
