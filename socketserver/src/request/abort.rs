//! How a live request is ended by force.

use std::sync::{Arc, Weak};

use super::TARGET;
use super::accepted::Accepted;
use crate::panics::{DropsQuietly, contained};

/// How a live request is ended by force.
pub(super) enum Abort {
    /// Here. The books do not keep the request alive: its job does.
    Request(Weak<dyn Accepted>),
    /// The request runs in another process; this ends it there.
    Elsewhere(DropsQuietly<Box<dyn Fn() + Send>>),
}

impl Abort {
    /// Aborts the request. Returns it, because it may be the caller that drops it last.
    #[must_use = "the request must not be dropped under a lock"]
    pub(super) fn abort(&self) -> Option<Arc<dyn Accepted>> {
        match self {
            Abort::Request(request) => {
                let request = request.upgrade()?;
                request.abort();
                Some(request)
            }
            Abort::Elsewhere(abort) => {
                contained(TARGET, "a request's abort", &***abort);
                None
            }
        }
    }

    /// The request, if it runs in this process.
    #[must_use = "the request must not be dropped under a lock"]
    pub(super) fn request(&self) -> Option<Arc<dyn Accepted>> {
        match self {
            Abort::Request(request) => request.upgrade(),
            Abort::Elsewhere(_) => None,
        }
    }
}
