//! How a server ends the waits of a handler: for sockets that the handler has made, for channels,
//! and for other descriptors in `select`. (The transport ends those for the client.) A drain also
//! ends the wait of an idle handler for its client's next request.
//!
//! ```text
//!   a socket is made, a channel is waited for ──► add           to the request around this code
//!   a wait that no socket of the request ends ──► bell          the same
//!   a deadline, the end of a drain            ──► abort         each of them, once
//!   a handler waits for its next request      ──► Idle
//!   the start of a drain                      ──► wake_idle
//! ```

use std::fmt;
use std::io;
use std::os::fd::{OwnedFd, RawFd};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use rustix::event::{EventfdFlags, eventfd};

/// Something for which a handler may wait: a socket, or a place in a wait queue.
pub(crate) trait Abortable: Send + Sync {
    /// Ends all waits for it, present and future. Called on any thread; does not block.
    fn abort(&self);

    /// The descriptor that this makes ready, if it is one.
    fn descriptor(&self) -> Option<RawFd> {
        None
    }
}

/// A request, as the code inside it sees it.
pub(crate) trait Enclosed: Send + Sync {
    /// The waits that its abort ends, beside those for its client.
    fn aborts(&self) -> &Aborts;

    /// Its number.
    fn id(&self) -> u64;

    /// How long its client has kept the server waiting for its first bytes. None from then on.
    #[cfg(any(feature = "proxy", feature = "tls"))]
    fn take_silence(&self) -> std::time::Duration;

    /// The descriptor of its client's connection, which its abort makes ready.
    fn connection(&self) -> Option<RawFd>;
}

pub(crate) type Abortables = Arc<dyn Enclosed>;

impl dyn Enclosed {
    /// Whether an abort makes one of these descriptors ready.
    pub(crate) fn ends_one_of(&self, descriptors: impl Iterator<Item = RawFd> + Clone) -> bool {
        let connection = self.connection();
        descriptors.clone().any(|one| Some(one) == connection)
            || self.aborts().ends_one_of(descriptors)
    }
}

/// The waits that an abort of one request ends.
#[derive(Default)]
pub(crate) struct Aborts {
    waits: Mutex<Waits>,
    /// What an abort makes ready for waits that nothing else would end.
    bell: Mutex<Option<Arc<OwnedFd>>>,
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

    /// Ends all waits of this request, present and future. Before these, `end_client` ends the
    /// conversation with the client: errors of that are an abort's already.
    pub(crate) fn abort(&self, end_client: impl FnOnce()) {
        let live = self.mark();
        end_client();
        let Some(live) = live else {
            return;
        };
        live.iter().for_each(|wait| wait.abort());
        if let Some(bell) = &*self.bell.lock() {
            ring(bell);
        }
    }

    /// From now on this request is aborted. Returns the waits to end, the first time.
    fn mark(&self) -> Option<Vec<Arc<dyn Abortable>>> {
        let mut waits = self.waits.lock();
        let Waits::Live { waits: live, .. } = &*waits else {
            return None;
        };
        let live: Vec<_> = live.iter().filter_map(Weak::upgrade).collect();
        *waits = Waits::Aborted { _kept: live.clone() };
        Some(live)
    }

    pub(crate) fn is_aborted(&self) -> bool {
        matches!(&*self.waits.lock(), Waits::Aborted { .. })
    }

    /// A descriptor that can be read from the abort on.
    ///
    /// # Errors
    /// No descriptors left.
    pub(crate) fn bell(&self) -> io::Result<Arc<OwnedFd>> {
        let mut bell = self.bell.lock();
        if let Some(bell) = &*bell {
            return Ok(bell.clone());
        }
        let new = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
        *bell = Some(new.clone());
        // After that, so that an abort at the same time rings it here or there.
        drop(bell);
        if self.is_aborted() {
            ring(&new);
        }
        Ok(new)
    }

    fn ends_one_of(&self, mut descriptors: impl Iterator<Item = RawFd> + Clone) -> bool {
        // Dropped without the lock, because this may be a socket's last owner.
        let made: Vec<_> = match &*self.waits.lock() {
            Waits::Live { waits, .. } => waits.iter().filter_map(Weak::upgrade).collect(),
            Waits::Aborted { .. } => return false,
        };
        descriptors.any(|one| made.iter().any(|wait| wait.descriptor() == Some(one)))
    }

    /// Wakes the handler if it is idle, so that it looks whether the server ends.
    pub(crate) fn wake_idle(&self) {
        self.idle.lock().iter().for_each(|wake| wake());
    }
}

fn ring(bell: &OwnedFd) {
    // It fails only when the counter is full, and then it can be read already.
    let _ = rustix::io::write(bell, &1_u64.to_ne_bytes());
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
        let mut idle = request.aborts().idle.lock();
        // Seldom more than one waits.
        idle.reserve_exact(1);
        idle.push(wake.clone());
        drop(idle);
        Idle { request, wake }
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        let mut idle = self.request.aborts().idle.lock();
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
        aborts.abort(|| ());
        aborts.abort(|| ());
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
