//! A mutex and a condition variable that park on green threads and block on others.

use std::collections::VecDeque;
use std::fmt;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

use super::Parker;

/// Those who wait, first come, first served. Each is woken once.
#[derive(Default)]
pub(super) struct Queue(VecDeque<Arc<Waiter>>);

pub(super) struct Waiter {
    parker: Parker,
    woken: AtomicBool,
}

impl Waiter {
    /// Waits to be woken. Returns whether that happened before the deadline.
    pub(super) fn wait(&self, deadline: Option<Instant>) -> bool {
        while !self.woken.load(SeqCst) {
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return false;
            }
            self.parker.park(deadline);
        }
        true
    }
}

impl Queue {
    /// Queues the caller up.
    pub(super) fn join(&mut self) -> Arc<Waiter> {
        let waiter = Arc::new(Waiter {
            parker: Parker::current(),
            woken: AtomicBool::new(false),
        });
        self.0.push_back(waiter.clone());
        waiter
    }

    /// Wakes the first. Returns whether there was one.
    pub(super) fn wake_one(&mut self) -> bool {
        let Some(waiter) = self.0.pop_front() else {
            return false;
        };
        waiter.woken.store(true, SeqCst);
        waiter.parker.unpark();
        true
    }

    pub(super) fn wake_all(&mut self) {
        while self.wake_one() {}
    }

    /// Leaves the queue after a time-out. Returns whether the waiter was still in it: if not, it
    /// was woken after all.
    pub(super) fn leave(&mut self, waiter: &Arc<Waiter>) -> bool {
        let before = self.0.len();
        self.0.retain(|other| !Arc::ptr_eq(other, waiter));
        self.0.len() < before
    }
}

/// A lock that may be held while its owner waits for something: who wants it then parks, and does
/// not stop its scheduler. It is handed on in the order of asking, and is not poisoned by a panic.
///
/// Python: `threading.Lock`
#[derive(Default)]
pub struct Mutex<T: ?Sized> {
    lock: parking_lot::Mutex<Lock>,
    /// Who owns the lock above owns this one too, so nobody ever waits for it.
    data: parking_lot::Mutex<T>,
}

#[derive(Default)]
struct Lock {
    taken: bool,
    queue: Queue,
}

impl<T> Mutex<T> {
    /// A lock around `data`.
    pub fn new(data: T) -> Self {
        Mutex {
            lock: parking_lot::Mutex::default(),
            data: parking_lot::Mutex::new(data),
        }
    }

    /// The data, without the lock.
    pub fn into_inner(self) -> T {
        self.data.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Waits for the lock, and holds it as long as the guard lives.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        let waiter = {
            let mut lock = self.lock.lock();
            if mem::replace(&mut lock.taken, true) {
                Some(lock.queue.join())
            } else {
                None
            }
        };
        if let Some(waiter) = waiter {
            // Whoever lets go hands the lock on: it is ours then.
            waiter.wait(None);
        }
        self.guard()
    }

    /// The lock, if nobody has it.
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        (!mem::replace(&mut self.lock.lock().taken, true)).then(|| self.guard())
    }

    fn guard(&self) -> MutexGuard<'_, T> {
        MutexGuard {
            data: Some(self.data.lock()),
            mutex: self,
        }
    }

    fn unlock(&self) {
        let mut lock = self.lock.lock();
        if !lock.queue.wake_one() {
            lock.taken = false;
        }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Mutex").field(&&self.data).finish()
    }
}

/// The lock of a [`Mutex`], held.
#[must_use = "the lock is let go of at once"]
pub struct MutexGuard<'a, T: ?Sized> {
    /// None only as it is dropped.
    data: Option<parking_lot::MutexGuard<'a, T>>,
    mutex: &'a Mutex<T>,
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.data.as_ref().expect("a guard has its data")
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.data.as_mut().expect("a guard has its data")
    }
}

impl<T: ?Sized> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        // First the data, so that who gets the lock next finds it free.
        self.data = None;
        self.mutex.unlock();
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// A condition to wait for under a [`Mutex`].
///
/// Python: `threading.Condition`
#[derive(Default)]
pub struct Condvar(parking_lot::Mutex<Queue>);

impl Condvar {
    /// One that nobody waits for.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets go of the lock, waits to be notified, and takes the lock again.
    pub fn wait<'a, T: ?Sized>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        let waiter = self.0.lock().join();
        let mutex = guard.mutex;
        drop(guard);
        waiter.wait(None);
        mutex.lock()
    }

    /// The same, for so long at the most. Returns also whether it was notified in time.
    pub fn wait_timeout<'a, T: ?Sized>(
        &self,
        guard: MutexGuard<'a, T>,
        time: Duration,
    ) -> (MutexGuard<'a, T>, bool) {
        let deadline = Instant::now().checked_add(time);
        let waiter = self.0.lock().join();
        let mutex = guard.mutex;
        drop(guard);
        let notified = waiter.wait(deadline) || !self.0.lock().leave(&waiter);
        (mutex.lock(), notified)
    }

    /// Wakes one who waits.
    pub fn notify_one(&self) {
        self.0.lock().wake_one();
    }

    /// Wakes all who wait.
    pub fn notify_all(&self) {
        self.0.lock().wake_all();
    }
}

impl fmt::Debug for Condvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condvar").finish_non_exhaustive()
    }
}
