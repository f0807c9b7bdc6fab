//! The items of [`crate::sync`] for the model checker.
//!
//! Whether a wait times out is a free choice: see [`Choices`]. Time passes only when one does, so
//! that two runs of a model with the same choices are the same.
//!
//! All threads of a model are coroutines on one thread of the system, so the thread-locals of the
//! standard library belong to the model as a whole.

use std::cell::Cell;
use std::fmt;
use std::ops::{Add, Deref, DerefMut, Sub};
use std::time::Duration;

pub(crate) use loom::thread;

/// A time later than this never comes.
const HORIZON: Instant = Instant(Duration::from_secs(60 * 60));

std::thread_local! {
    static CHOICES: Cell<u64> = const { Cell::new(0) };
    static NOW: Cell<Instant> = const { Cell::new(Instant(Duration::ZERO)) };
}

/// Which of the waits that may time out do so: bit n stands for the nth that would have to block.
/// Those after the 64th do not time out.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(test), expect(dead_code, reason = "for tests"))]
pub(crate) struct Choices(u64);

#[cfg(test)]
impl Choices {
    /// Every choice for the first `waits` waits; later ones do not time out.
    pub(crate) fn all(waits: u32) -> impl Iterator<Item = Choices> {
        (0..1 << waits).map(Choices)
    }

    /// Every choice for the first `waits` waits; the next eight time out.
    pub(crate) fn all_then_timeouts(waits: u32) -> impl Iterator<Item = Choices> {
        Self::all(waits).map(move |choices| Choices(choices.0 | 0xff << waits))
    }

    /// Begins a run of a model, at time zero.
    pub(crate) fn begin(self) {
        CHOICES.set(self.0);
        NOW.set(Instant(Duration::ZERO));
    }
}

/// Whether a wait that would have to block times out instead. If so, the time becomes its `end`.
pub(crate) fn times_out(end: Instant) -> bool {
    if end >= HORIZON {
        return false;
    }
    let choices = CHOICES.get();
    CHOICES.set(choices >> 1);
    let chosen = choices & 1 == 1;
    if chosen {
        NOW.set(NOW.get().max(end));
    }
    chosen
}

/// As in `std`, in the only form that is used.
macro_rules! local_key {
    ($(#[$meta:meta])* static $name:ident: $type:ty = const { $value:expr };) => {
        loom::thread_local! {
            $(#[$meta])*
            static $name: $type = $value;
        }
    };
}
pub(crate) use local_key as thread_local;

/// A time, as `std::time::Instant`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(Duration);

impl Instant {
    pub(crate) fn now() -> Self {
        NOW.get()
    }

    pub(crate) fn elapsed(&self) -> Duration {
        Self::now() - *self
    }

    pub(crate) fn saturating_duration_since(&self, earlier: Instant) -> Duration {
        *self - earlier
    }

    pub(crate) fn checked_add(self, time: Duration) -> Option<Self> {
        self.0.checked_add(time).map(Instant)
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;

    fn add(self, time: Duration) -> Instant {
        Instant(self.0 + time)
    }
}

impl Sub for Instant {
    type Output = Duration;

    fn sub(self, earlier: Instant) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// As `parking_lot::Mutex`.
pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

pub(crate) struct MutexGuard<'a, T> {
    mutex: &'a Mutex<T>,
    /// None while the guard's thread waits for a condition.
    guard: Option<loom::sync::MutexGuard<'a, T>>,
}

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Mutex(loom::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        MutexGuard { mutex: self, guard: Some(self.0.lock().expect("no thread of a model panics")) }
    }

    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        let guard = self.0.try_lock().ok()?;
        Some(MutexGuard { mutex: self, guard: Some(guard) })
    }

    pub(crate) fn try_lock_until(&self, end: Instant) -> Option<MutexGuard<'_, T>> {
        self.try_lock().or_else(|| (!times_out(end)).then(|| self.lock()))
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Mutex::new(T::default())
    }
}

impl<T> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mutex").finish_non_exhaustive()
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.guard.as_ref().expect("a guard in use is locked")
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.guard.as_mut().expect("a guard in use is locked")
    }
}

/// As `parking_lot::Condvar`.
#[derive(Debug)]
pub(crate) struct Condvar(loom::sync::Condvar);

pub(crate) struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    pub(crate) fn timed_out(&self) -> bool {
        self.0
    }
}

impl Condvar {
    pub(crate) fn new() -> Self {
        Condvar(loom::sync::Condvar::new())
    }

    pub(crate) fn notify_one(&self) {
        self.0.notify_one();
    }

    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }

    pub(crate) fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        let inner = guard.guard.take().expect("a guard in use is locked");
        guard.guard = Some(self.0.wait(inner).expect("no thread of a model panics"));
    }

    pub(crate) fn wait_until<T>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        end: Instant,
    ) -> WaitTimeoutResult {
        let timed_out = times_out(end);
        if timed_out {
            // Other threads may take the lock meanwhile.
            guard.guard = None;
            *guard = guard.mutex.lock();
        } else {
            self.wait(guard);
        }
        WaitTimeoutResult(timed_out)
    }
}

/// As `std::sync::atomic`. Loom treats `SeqCst` as `AcqRel`, but it knows fences: with a fence on
/// both sides, an access has its place in the one order of all such accesses.
pub(crate) mod atomic {
    pub(crate) use loom::sync::atomic::Ordering;
    use loom::sync::atomic::fence;

    fn ordered<T>(order: Ordering, access: impl FnOnce() -> T) -> T {
        if order != Ordering::SeqCst {
            return access();
        }
        fence(Ordering::SeqCst);
        let value = access();
        fence(Ordering::SeqCst);
        value
    }

    #[derive(Debug)]
    pub(crate) struct AtomicBool(loom::sync::atomic::AtomicBool);

    impl AtomicBool {
        pub(crate) fn new(value: bool) -> Self {
            AtomicBool(loom::sync::atomic::AtomicBool::new(value))
        }

        pub(crate) fn load(&self, order: Ordering) -> bool {
            ordered(order, || self.0.load(order))
        }

        pub(crate) fn store(&self, value: bool, order: Ordering) {
            ordered(order, || self.0.store(value, order));
        }

        pub(crate) fn swap(&self, value: bool, order: Ordering) -> bool {
            ordered(order, || self.0.swap(value, order))
        }
    }

    macro_rules! number {
        ($name:ident, $number:ty) => {
            #[derive(Debug)]
            pub(crate) struct $name(loom::sync::atomic::$name);

            impl $name {
                pub(crate) fn new(value: $number) -> Self {
                    $name(loom::sync::atomic::$name::new(value))
                }

                pub(crate) fn load(&self, order: Ordering) -> $number {
                    ordered(order, || self.0.load(order))
                }

                pub(crate) fn fetch_add(&self, value: $number, order: Ordering) -> $number {
                    ordered(order, || self.0.fetch_add(value, order))
                }
            }
        };
    }
    number!(AtomicU64, u64);
    number!(AtomicUsize, usize);

    impl AtomicU64 {
        pub(crate) fn store(&self, value: u64, order: Ordering) {
            ordered(order, || self.0.store(value, order));
        }

        pub(crate) fn compare_exchange(
            &self,
            current: u64,
            new: u64,
            success: Ordering,
            failure: Ordering,
        ) -> Result<u64, u64> {
            ordered(success, || self.0.compare_exchange(current, new, success, failure))
        }

        pub(crate) fn fetch_update(
            &self,
            set: Ordering,
            fetch: Ordering,
            next: impl FnMut(u64) -> Option<u64>,
        ) -> Result<u64, u64> {
            self.0.fetch_update(set, fetch, next)
        }
    }

    impl AtomicUsize {
        pub(crate) fn fetch_sub(&self, value: usize, order: Ordering) -> usize {
            ordered(order, || self.0.fetch_sub(value, order))
        }
    }
}

/// As `crossbeam_channel`, for a receiver that waits for the end of its sender. Nothing is sent.
pub(crate) mod channel {
    use std::marker::PhantomData;
    use std::sync::Arc;

    use super::{Condvar, Instant, Mutex};

    struct Channel {
        connected: Mutex<bool>,
        changed: Condvar,
    }

    /// A channel has one sender and one receiver.
    pub(crate) struct Sender<T>(Arc<Channel>, PhantomData<T>);
    pub(crate) struct Receiver<T>(Arc<Channel>, PhantomData<T>);

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum RecvTimeoutError {
        Timeout,
        Disconnected,
    }

    pub(crate) fn bounded<T>(_: usize) -> (Sender<T>, Receiver<T>) {
        let channel = Channel { connected: Mutex::new(true), changed: Condvar::new() };
        let channel = Arc::new(channel);
        (Sender(channel.clone(), PhantomData), Receiver(channel, PhantomData))
    }

    impl<T> Drop for Sender<T> {
        fn drop(&mut self) {
            *self.0.connected.lock() = false;
            self.0.changed.notify_all();
        }
    }

    impl<T> Receiver<T> {
        pub(crate) fn recv_deadline(&self, end: Instant) -> Result<T, RecvTimeoutError> {
            let mut connected = self.0.connected.lock();
            while *connected {
                if self.0.changed.wait_until(&mut connected, end).timed_out() {
                    return Err(RecvTimeoutError::Timeout);
                }
            }
            Err(RecvTimeoutError::Disconnected)
        }
    }
}
