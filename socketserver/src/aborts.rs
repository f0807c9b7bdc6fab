//! How a server ends the waits of a handler: for sockets that the handler has made, and for
//! channels. (The transport ends those for the client.) A drain also ends the wait of an idle
//! handler for its client's next request.
//!
//! ```text
//!   a socket is made, a channel is waited for ──► add           to the request around this code
//!   a deadline, the end of a drain            ──► abort         each of them, once
//!   a handler waits for its next request      ──► Idle
//!   the start of a drain                      ──► wake_idle
//! ```

use std::fmt;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

/// Something for which a handler may wait: a socket, or a place in a wait queue.
pub(crate) trait Abortable: Send + Sync {
    /// Ends all waits for it, present and future. Called on any thread; does not block.
    fn abort(&self);
}

/// A request, of which the code inside it sees only the [`Aborts`].
pub(crate) type Abortables = Arc<dyn AsRef<Aborts> + Send + Sync>;

/// The waits that an abort of one request ends.
#[derive(Default)]
pub(crate) struct Aborts {
    waits: Mutex<Waits>,
    /// What wakes the handler's green threads that wait for its client's next request.
    idle: Mutex<Vec<Wake>>,
}

type Wake = Arc<dyn Fn() + Send + Sync>;

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
        Waits::Live { waits: Vec::new(), full: 16 }
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

    /// Wakes the handler if it is idle, so that it looks whether the server ends.
    pub(crate) fn wake_idle(&self) {
        self.idle.lock().iter().for_each(|wake| wake());
    }
}

/// While this lives, the handler of a request waits for its client's next one.
pub(crate) struct Idle {
    request: Abortables,
    wake: Wake,
}

impl Idle {
    /// `wake` does not block.
    pub(crate) fn new(request: Abortables, wake: impl Fn() + Send + Sync + 'static) -> Self {
        let wake: Wake = Arc::new(wake);
        (*request).as_ref().idle.lock().push(wake.clone());
        Idle { request, wake }
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        let mut idle = (*self.request).as_ref().idle.lock();
        idle.retain(|wake| !Arc::ptr_eq(wake, &self.wake));
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
