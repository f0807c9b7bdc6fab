//! Limits that may change while the server serves.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// How many requests may be live.
#[derive(Debug)]
pub(crate) struct Quotas {
    all: Quota,
    per_client: Quota,
}

/// One limit. The largest number stands for none.
#[derive(Debug)]
pub(crate) struct Quota(AtomicUsize);

impl Quotas {
    /// No limits.
    pub(super) fn new() -> Self {
        Quotas { all: Quota::none(), per_client: Quota::none() }
    }

    /// Of all clients together.
    #[inline]
    pub(crate) fn all(&self) -> &Quota {
        &self.all
    }

    /// Of each client address.
    #[inline]
    pub(crate) fn per_client(&self) -> &Quota {
        &self.per_client
    }
}

impl Quota {
    fn none() -> Self {
        Quota(AtomicUsize::new(usize::MAX))
    }

    #[inline]
    pub(crate) fn get(&self) -> Option<usize> {
        Some(self.0.load(Relaxed)).filter(|limit| *limit != usize::MAX)
    }

    /// Sets the limit, which is at least 1.
    pub(crate) fn set(&self, limit: Option<usize>) {
        self.0.store(limit.map_or(usize::MAX, |limit| limit.max(1)), Relaxed);
    }
}
