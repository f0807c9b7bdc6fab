//! A server's counters.

use super::stats::{End, Stats};
use crate::sync::atomic::{AtomicU64, Ordering::SeqCst};

/// What [`Stats`] reports, and how many requests have begun.
pub(super) struct Counters {
    accepted: AtomicU64,
    /// Requests that have come to the thread or process that runs them, or to an end before that.
    begun: AtomicU64,
    finished: AtomicU64,
    failed: AtomicU64,
    refused: AtomicU64,
    aborted: AtomicU64,
    overdue: AtomicU64,
    accept_errors: AtomicU64,
}

impl Counters {
    pub(super) fn new() -> Self {
        Counters {
            accepted: AtomicU64::new(0),
            begun: AtomicU64::new(0),
            finished: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            aborted: AtomicU64::new(0),
            overdue: AtomicU64::new(0),
            accept_errors: AtomicU64::new(0),
        }
    }

    /// Counts an accepted request, and returns how many there were before.
    pub(super) fn accept(&self) -> u64 {
        self.accepted.fetch_add(1, SeqCst)
    }

    pub(super) fn begin(&self) {
        self.begun.fetch_add(1, SeqCst);
    }

    pub(super) fn accept_error(&self) {
        self.accept_errors.fetch_add(1, SeqCst);
    }

    pub(super) fn end(&self, end: End) {
        let count = match end {
            End::Finished => &self.finished,
            End::Failed => &self.failed,
            End::Refused => &self.refused,
            End::Aborted => &self.aborted,
        };
        count.fetch_add(1, SeqCst);
    }

    /// An aborted request, counted as such before, was over its deadline.
    pub(super) fn overdue(&self) {
        self.overdue.fetch_add(1, SeqCst);
    }

    /// Whether every request has come to where it runs.
    pub(super) fn all_begun(&self) -> bool {
        self.begun.load(SeqCst) >= self.accepted.load(SeqCst)
    }

    /// Number of live requests. Derived, not kept, so that it cannot drift from the counters.
    pub(super) fn active(&self) -> u64 {
        self.stats().active
    }

    /// The counters, except the workers.
    pub(super) fn stats(&self) -> Stats {
        let mut stats = Stats {
            // First: so no request is seen as overdue before it is seen as aborted.
            overdue: self.overdue.load(SeqCst),
            finished: self.finished.load(SeqCst),
            failed: self.failed.load(SeqCst),
            refused: self.refused.load(SeqCst),
            aborted: self.aborted.load(SeqCst),
            accept_errors: self.accept_errors.load(SeqCst),
            ..Stats::default()
        };
        // Last: a request that ends meanwhile is seen as live, never as ended before it was
        // accepted.
        stats.accepted = self.accepted.load(SeqCst);
        stats.active =
            stats.accepted - stats.finished - stats.failed - stats.refused - stats.aborted;
        stats
    }
}
