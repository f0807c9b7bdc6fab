//! What the server can say about one live request.

use std::fmt;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use super::clock::Moment;
use crate::address::Address;

/// How far a live request has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum RequestPhase {
    /// It was accepted, and has not come to its worker yet. Also that of a connection whose client
    /// [speaks first](crate::Speaker) and has not sent its first bytes yet.
    Queued,
    /// A handshake, or another step before the handler.
    Preparing,
    /// Its handler runs.
    Handling,
    /// Its handler has ended, and its client may still have to read the last bytes.
    Ending,
}

const PHASES: [RequestPhase; 4] =
    [RequestPhase::Queued, RequestPhase::Preparing, RequestPhase::Handling, RequestPhase::Ending];

/// A live request at one moment, from
/// [`ServerRef::live_requests`](crate::ServerRef::live_requests).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LiveRequest {
    /// Its number: the first request of a server is 1, and no two have the same. The lines of the
    /// log about a request have it too.
    pub id: u64,
    /// Its client. Behind a proxy this is the proxy until the client is known.
    pub client_address: Address,
    /// How far it has come. In a child process it counts as handled.
    pub phase: RequestPhase,
    /// How long ago it was accepted, give or take 10 ms.
    pub age: Duration,
}

/// What a request knows about itself.
#[derive(Debug)]
pub(crate) struct Facts {
    /// 0 until it is in the books.
    id: AtomicU64,
    accepted: Moment,
    /// How long its client has kept the server waiting for its first bytes, in milliseconds.
    silence: AtomicU32,
    phase: AtomicU8,
}

impl Facts {
    /// Those of a request that was just accepted.
    #[inline]
    pub(crate) fn now() -> Self {
        Facts {
            id: AtomicU64::new(0),
            accepted: Moment::now(),
            silence: AtomicU32::new(0),
            phase: AtomicU8::new(0),
        }
    }

    #[inline]
    pub(crate) fn id(&self) -> u64 {
        self.id.load(Relaxed)
    }

    #[inline]
    pub(super) fn set_id(&self, id: u64) {
        self.id.store(id, Relaxed);
    }

    pub(super) fn accepted(&self) -> Moment {
        self.accepted
    }

    pub(crate) fn age(&self) -> Duration {
        self.accepted.elapsed()
    }

    pub(crate) fn set_silence(&self, silence: Duration) {
        self.silence.store(u32::try_from(silence.as_millis()).unwrap_or(u32::MAX), Relaxed);
    }

    /// The silence of its client, and from then on none.
    #[cfg(any(feature = "proxy", feature = "tls"))]
    pub(crate) fn take_silence(&self) -> Duration {
        Duration::from_millis(self.silence.swap(0, Relaxed).into())
    }

    pub(super) fn phase(&self) -> RequestPhase {
        PHASES[usize::from(self.phase.load(Relaxed))]
    }

    #[inline]
    pub(crate) fn set_phase(&self, phase: RequestPhase) {
        self.phase.store(phase as u8, Relaxed);
    }
}

/// How a log line names a request.
pub(crate) struct Named<'a>(pub(crate) Option<u64>, pub(crate) &'a Address);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Named(id, client) = self;
        match id {
            Some(id) => write!(f, "request {id} from {client}"),
            None => write!(f, "request from {client}"),
        }
    }
}
