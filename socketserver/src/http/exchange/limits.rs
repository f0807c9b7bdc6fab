//! How much a client may send, and how long it may take.

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
/// Python: none; a client may send 6.5 MB of head, and take as long as it likes
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The first line of a request, and each field, in bytes. More is answered with 414 and 431.
    pub line: usize,
    /// The whole head, in bytes. More is answered with 431.
    pub head: usize,
    /// How many fields. More are answered with 431.
    pub fields: usize,
    /// How long a connection may be idle before the first byte of its next request.
    pub idle_time: Duration,
    /// How long the head may take from its first byte on; then the answer is 408.
    pub head_time: Duration,
    /// How long a read of the body may wait for the client to go on, and how long all reads of a
    /// body may wait before [`rate`](Self::rate) counts.
    pub body_time: Duration,
    /// The same of the parts of a reply, whose client may be a player that has been paused.
    pub reply_time: Duration,
    /// How many bytes each second of waiting must then bring on average. A slower body is answered
    /// with 408, and a client that reads a reply more slowly is disconnected.
    pub rate: u32,
    /// How much of a body that the handler has not read is received and dropped for the sake of the
    /// next request, in bytes. If there is more, the connection closes.
    pub unread: u64,
}

impl Limits {
    /// 16 KiB a line, 64 KiB and 99 fields a head, 60 s idle, 10 s for a head; waits of 10 s
    /// for a body and of 60 s in a reply, and then 500 bytes a second; 1 MiB unread.
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

    /// The same with no wait longer than this.
    pub(in crate::http) fn within(self, timeout: Option<Duration>) -> Self {
        let Some(timeout) = timeout else {
            return self;
        };
        Limits {
            idle_time: self.idle_time.min(timeout),
            head_time: self.head_time.min(timeout),
            body_time: self.body_time.min(timeout),
            reply_time: self.reply_time.min(timeout),
            ..self
        }
    }

    /// The pace at which a client must at least read a reply, of which so many bytes have left in
    /// this time.
    pub(in crate::http) fn pace_of_reply(&self, waited: Duration, sent: u64) -> Pace {
        Pace::resumed(self.reply_time, self.rate, waited, sent)
    }

    /// The pace at which a client must at least send a body, of which so many bytes have come in
    /// this time.
    pub(in crate::http) fn pace_of_body(&self, waited: Duration, received: u64) -> Pace {
        Pace::resumed(self.body_time, self.rate, waited, received)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits::DEFAULT
    }
}
