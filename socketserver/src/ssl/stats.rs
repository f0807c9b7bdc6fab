//! The counters of a context.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::TARGET;
use super::error::{SSLError, SSLErrorReason};
use crate::address::Address;
use crate::socket::Socket;

/// Minimum time between two warnings that a client rejects our certificate.
const PAUSE: Duration = Duration::from_secs(1);

/// The counters of a context. In a forking server each child counts for itself.
///
/// Python: `SSLContext.session_stats`, a dict
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionStats {
    /// Handshakes that have begun.
    pub started: u64,
    /// Handshakes that have succeeded.
    pub good: u64,
    /// Handshakes that have resumed an earlier session. They count as `good` too.
    pub hits: u64,
    /// Sessions that the peer has ended without an announcement.
    pub truncated: u64,
    failures: [u64; REASONS.len()],
}

const REASONS: [SSLErrorReason; 9] = [
    SSLErrorReason::Eof,
    SSLErrorReason::Timeout,
    SSLErrorReason::PlainText,
    SSLErrorReason::Version,
    SSLErrorReason::Alpn,
    SSLErrorReason::NoCertificate,
    SSLErrorReason::BadCertificate,
    SSLErrorReason::TheirAlert,
    SSLErrorReason::Other,
];

impl SessionStats {
    /// Number of handshakes that failed for this reason. Errors of the socket itself, such as a
    /// reset, count as `Other`.
    pub fn failures(&self, reason: SSLErrorReason) -> u64 {
        self.failures[reason as usize]
    }

    /// Each reason for which handshakes have failed, and their number.
    pub fn all_failures(&self) -> impl Iterator<Item = (SSLErrorReason, u64)> {
        REASONS.into_iter().zip(self.failures).filter(|(_, count)| *count > 0)
    }
}

#[derive(Debug, Default)]
pub(super) struct Counts {
    started: AtomicU64,
    good: AtomicU64,
    hits: AtomicU64,
    truncated: AtomicU64,
    failures: [AtomicU64; REASONS.len()],
    warned: Mutex<Option<Instant>>,
}

impl Counts {
    pub(super) fn begin(&self) {
        self.started.fetch_add(1, Relaxed);
    }

    pub(super) fn done(&self, is_hit: bool) {
        self.good.fetch_add(1, Relaxed);
        self.hits.fetch_add(is_hit.into(), Relaxed);
    }

    pub(super) fn truncated(&self) {
        self.truncated.fetch_add(1, Relaxed);
    }

    pub(super) fn failed(&self, peer: &Socket, error: &io::Error) {
        let error = error.get_ref().and_then(|inner| inner.downcast_ref::<SSLError>());
        let reason = error.map_or(SSLErrorReason::Other, SSLError::reason);
        self.failures[reason as usize].fetch_add(1, Relaxed);
        if let Some(error) = error
            && error.rejects_ours()
            && self.may_warn()
        {
            let peer = peer.getpeername().unwrap_or(Address::Unnamed);
            log::warn!(target: TARGET, "{peer} does not trust this server's certificate ({error}): closing the connection");
        }
    }

    fn may_warn(&self) -> bool {
        let mut warned = self.warned.lock();
        let may = warned.is_none_or(|at| at.elapsed() >= PAUSE);
        if may {
            *warned = Some(Instant::now());
        }
        may
    }

    pub(super) fn read(&self) -> SessionStats {
        SessionStats {
            started: self.started.load(Relaxed),
            good: self.good.load(Relaxed),
            hits: self.hits.load(Relaxed),
            truncated: self.truncated.load(Relaxed),
            failures: self.failures.each_ref().map(|count| count.load(Relaxed)),
        }
    }
}
