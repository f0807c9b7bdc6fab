//! A mutex and a condition variable that park green threads and block ordinary ones.

use std::fmt;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::time::{Duration, Instant};

use super::wait_queue::WaitQueue;

/// A lock that may be held across a call that waits. A green thread that finds it locked parks, and
/// does not stop its scheduler. The lock is handed on in the order in which it was asked for, and a
/// panic does not poison it.
///
/// Python: `threading.Lock`
#[derive(Default)]
pub struct Mutex<T: ?Sized> {
    lock: parking_lot::Mutex<Lock>,
    /// Locked only by the owner of the lock above, so that locking it never waits.
    data: parking_lot::Mutex<T>,
}

#[derive(Default)]
struct Lock {
    taken: bool,
    queue: WaitQueue,
}

impl<T> Mutex<T> {
    /// A lock around `data`.
    pub fn new(data: T) -> Self {
        Mutex { lock: parking_lot::Mutex::default(), data: parking_lot::Mutex::new(data) }
    }

    /// Gives up the lock and returns the data.
    pub fn into_inner(self) -> T {
        self.data.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Waits for the lock, and holds it until the guard is dropped.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        let waiter = {
            let mut lock = self.lock.lock();
            if mem::replace(&mut lock.taken, true) { Some(lock.queue.join()) } else { None }
        };
        if let Some(waiter) = waiter {
            // The owner hands the lock on without unlocking it: after this it is ours.
            waiter.wait(None);
        }
        self.guard()
    }

    /// Takes the lock if it is free.
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        (!mem::replace(&mut self.lock.lock().taken, true)).then(|| self.guard())
    }

    fn guard(&self) -> MutexGuard<'_, T> {
        MutexGuard { data: Some(self.data.lock()), mutex: self }
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
#[must_use = "the lock is released at once if the guard is not used"]
pub struct MutexGuard<'a, T: ?Sized> {
    /// None only while the guard is dropped.
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
        // The data first: the next owner of the lock must find it free.
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
pub struct Condvar(parking_lot::Mutex<WaitQueue>);

impl Condvar {
    /// A condition that no thread waits for.
    pub fn new() -> Self {
        Self::default()
    }

    /// Releases the lock, waits to be notified, and takes the lock again.
    pub fn wait<'a, T: ?Sized>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        let waiter = self.0.lock().join();
        let mutex = guard.mutex;
        drop(guard);
        waiter.wait(None);
        mutex.lock()
    }

    /// As [`wait`](Self::wait), but for `time` at most. Returns also whether it was notified.
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

    /// Wakes the thread that has waited longest.
    pub fn notify_one(&self) {
        self.0.lock().wake_one();
    }

    /// Wakes all threads that wait.
    pub fn notify_all(&self) {
        self.0.lock().wake_all();
    }
}

impl fmt::Debug for Condvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condvar").finish_non_exhaustive()
    }
}
