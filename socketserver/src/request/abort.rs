//! How a live request is ended by force.

use std::sync::{Arc, Weak};
use std::time::Duration;

use super::TARGET;
use super::accepted::Accepted;
use super::clock::Moment;
use super::facts::{LiveRequest, Named, RequestPhase};
use crate::address::Address;
use crate::panics::{DropsQuietly, contained, log_quietly};
use crate::sync::Mutex;

/// How a live request is ended by force. A clone ends the same request.
#[derive(Clone)]
pub(super) enum Abort {
    /// Here. The books do not keep the request alive: its job does.
    Request(Weak<dyn Accepted>),
    /// The request runs in another process.
    Elsewhere(Arc<Elsewhere>),
}

/// What is known about a request that has left the process.
#[derive(Clone, Debug)]
pub(super) struct Left {
    pub(super) client: Address,
    pub(super) accepted: Moment,
}

pub(super) struct Elsewhere {
    left: Option<Box<Left>>,
    /// Ends the request there. Called by one thread at a time.
    abort: Mutex<DropsQuietly<Box<dyn Fn() + Send>>>,
}

impl Abort {
    pub(super) fn elsewhere(left: Option<Box<Left>>, abort: impl Fn() + Send + 'static) -> Self {
        let abort = Mutex::new(DropsQuietly::new(Box::new(abort) as Box<dyn Fn() + Send>));
        Abort::Elsewhere(Arc::new(Elsewhere { left, abort }))
    }

    /// Aborts the request. It may be this that drops it last, so no lock may be held.
    pub(super) fn abort(&self) {
        match self {
            Abort::Request(request) => {
                if let Some(request) = request.upgrade() {
                    request.abort();
                }
            }
            Abort::Elsewhere(elsewhere) => {
                let abort = elsewhere.abort.lock();
                contained(TARGET, "a request's abort", &***abort);
            }
        }
    }

    /// The same, at the request's own deadline, which is a line in the log. The line that its
    /// handler may cause is one of a client that has gone.
    pub(super) fn abort_overdue(&self, id: u64, deadline: Duration) {
        let report = |client: &Address| {
            log_quietly(TARGET, || {
                let request = Named(Some(id), client);
                log::warn!(target: TARGET, "{request} has taken longer than its deadline of {deadline:?}: aborting it");
            });
        };
        match self {
            Abort::Request(request) => {
                if let Some(request) = request.upgrade() {
                    report(request.client_address());
                }
            }
            Abort::Elsewhere(elsewhere) => {
                report(elsewhere.left.as_ref().map_or(&Address::Unnamed, |left| &left.client));
            }
        }
        self.abort();
    }

    /// What is known about the request with this number. `None` if it just ends, or just leaves
    /// the process.
    pub(super) fn describe(&self, id: u64) -> Option<LiveRequest> {
        let (client_address, phase, age) = match self {
            Abort::Request(request) => {
                let request = request.upgrade()?;
                let facts = request.facts();
                (request.client_address().clone(), facts.phase(), facts.age())
            }
            Abort::Elsewhere(elsewhere) => {
                let Left { client, accepted } = *elsewhere.left.clone()?;
                (client, RequestPhase::Handling, accepted.elapsed())
            }
        };
        Some(LiveRequest { id, client_address, phase, age })
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
