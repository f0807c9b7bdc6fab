//! How a server ends the waits of a handler: for sockets that the handler has made, and for
//! channels. (The transport ends those for the client.) A drain also ends the wait of an idle
//! handler for its client's next request.
//!
//! ```text
//!   a socket is made, a channel is waited for ──► add           to the request around this code
//!   a deadline, the end of a drain            ──► abort         each of them, once
//!   a handler waits for its next request      ──► set_idle
//!   the start of a drain                      ──► end_if_idle
//! ```

use std::fmt;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

/// Something for which a handler may wait: a socket, or a place in a wait queue.
pub(crate) trait Abortable: Send + Sync {
    /// Ends all waits for it, present and future. Called on any thread; does not block.
    fn abort(&self);

    /// Ends an idle handler's wait for the peer's next bytes, unless bytes have come.
    fn end_idle(&self) {}
}

/// A request, of which the code inside it sees only the [`Aborts`].
pub(crate) type Abortables = Arc<dyn AsRef<Aborts> + Send + Sync>;

/// The waits that an abort of one request ends.
#[derive(Default)]
pub(crate) struct Aborts {
    waits: Mutex<Waits>,
    /// The connection on which the handler waits for its next request, if it does.
    idle: Mutex<Option<Weak<dyn Abortable>>>,
}

enum Waits {
    Live {
        waits: Vec<Weak<dyn Abortable>>,
        /// The length at which entries without an owner are removed.
        full: usize,
    },
    /// Kept until the request is dropped, because an abort must not drop a user's layer.
    Aborted { _kept: Vec<Arc<dyn Abortable>> },
}

impl Default for Waits {
    fn default() -> Self {
        Waits::Live {
            waits: Vec::new(),
            full: 16,
        }
    }
}

impl Aborts {
    /// Adds something whose waits an abort ends. If the request was aborted before, they end now.
    pub(crate) fn add(&self, new: Weak<dyn Abortable>) {
        match &mut *self.waits.lock() {
            Waits::Live { waits, full } => {
                if waits.len() >= *full {
                    waits.retain(|wait| wait.strong_count() > 0);
                    *full = 2 * waits.len().max(8);
                }
                return waits.push(new);
            }
            Waits::Aborted { .. } => {}
        }
        if let Some(new) = new.upgrade() {
            new.abort();
        }
    }

    /// Ends all waits of this request, present and future.
    pub(crate) fn abort(&self) {
        let mut waits = self.waits.lock();
        if let Waits::Live { waits: live, .. } = &*waits {
            let live: Vec<_> = live.iter().filter_map(Weak::upgrade).collect();
            live.iter().for_each(|wait| wait.abort());
            *waits = Waits::Aborted { _kept: live };
        }
    }

    /// Sets the connection on which the handler waits for its client's next request; `None` if it
    /// waits no longer.
    pub(crate) fn set_idle(&self, connection: Option<Weak<dyn Abortable>>) {
        *self.idle.lock() = connection;
    }

    /// Ends the wait of a handler that is idle.
    pub(crate) fn end_if_idle(&self) {
        let idle = self.idle.lock();
        let connection = idle.as_ref().and_then(Weak::upgrade);
        if let Some(connection) = &connection {
            connection.end_idle();
        }
        // The lock was held until here, so that the handler stayed idle. The connection is dropped
        // after it, because this may be the last owner.
        drop(idle);
    }
}

impl fmt::Debug for Aborts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aborts").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    use super::*;

    #[derive(Default)]
    struct Counts(AtomicUsize);

    impl Abortable for Counts {
        fn abort(&self) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    fn add(aborts: &Aborts) -> Arc<Counts> {
        let counts = Arc::new(Counts::default());
        let wait: Weak<dyn Abortable> = Arc::<Counts>::downgrade(&counts);
        aborts.add(wait);
        counts
    }

    #[test]
    fn abort_ends_present_and_future_waits_once() {
        let aborts = Aborts::default();
        let early = [add(&aborts), add(&aborts)];
        aborts.abort();
        aborts.abort();
        let late = add(&aborts);
        for wait in early.iter().chain([&late]) {
            assert_eq!(wait.0.load(Relaxed), 1);
        }
    }

    #[test]
    fn waits_that_are_gone_take_no_room() {
        let aborts = Aborts::default();
        let kept = add(&aborts);
        for _ in 0..10_000 {
            add(&aborts);
        }
        let Waits::Live { waits, .. } = &*aborts.waits.lock() else {
            panic!("aborted");
        };
        assert!(waits.capacity() <= 32, "{}", waits.capacity());
        assert_eq!(Arc::weak_count(&kept), 1);
    }
}
