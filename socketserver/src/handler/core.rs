//! What all parts of a server share, whatever their types.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::life::Life;
use crate::request::{Books, Stats, Waker, Workers};
use crate::socket::Address;

pub(crate) struct Core {
    pub(crate) address: Address,
    pub(crate) life: Life,
    pub(crate) waker: Waker,
    pub(crate) books: Arc<Books>,
    /// Whether the state has anything to do in `service_actions`.
    pub(crate) service_actions: AtomicBool,
    /// Set by a signal that drains this server; the loop answers at its next turn.
    pub(crate) signalled: Arc<AtomicBool>,
    /// Asks the concurrency for its workers.
    pub(crate) workers: Box<dyn Fn() -> Workers + Send + Sync>,
}

impl Core {
    /// The counters as of now.
    pub(crate) fn stats(&self) -> Stats {
        Stats {
            workers: (self.workers)(),
            ..self.books.stats()
        }
    }
}
