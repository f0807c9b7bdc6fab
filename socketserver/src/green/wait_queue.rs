//! How code waits for other code, on ordinary and on green threads. It joins a queue under the lock
//! of the thing it waits for, releases that lock, and waits to be woken. Locks, condition variables
//! and channels are made of this.
//!
//! A waiter that was woken stays woken: waking it before it waits is no mistake.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Instant;

use super::current::{Unparker, current, enclosing_request, may_park};
use crate::aborts::Abortable;

/// A green or an ordinary thread that waits, or is about to.
pub(crate) struct Waiter {
    thread: Thread,
    woken: AtomicBool,
    aborted: AtomicBool,
}

/// Why a wait has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waited {
    Woken,
    TimedOut,
    /// The waiter's request was aborted.
    Aborted,
}

enum Thread {
    Green(Unparker),
    Ordinary(thread::Thread),
}

impl Thread {
    fn current() -> Self {
        match may_park() {
            Some(current) => Thread::Green(current.unparker()),
            None => Thread::Ordinary(thread::current()),
        }
    }

    fn unpark(&self) {
        match self {
            Thread::Green(unparker) => unparker.unpark(),
            Thread::Ordinary(thread) => thread.unpark(),
        }
    }

    /// Parks the caller, which must be this very thread, until it is unparked, the deadline comes,
    /// or for no reason.
    fn park(&self, deadline: Option<Instant>) {
        match (self, deadline) {
            (Thread::Green(_), _) => {
                let current = current().expect("a green thread parks on its own stack");
                current.park(deadline);
            }
            (Thread::Ordinary(_), None) => thread::park(),
            (Thread::Ordinary(_), Some(deadline)) => {
                thread::park_timeout(deadline.saturating_duration_since(Instant::now()));
            }
        }
    }
}

impl Waiter {
    /// Waits to be woken. Returns whether that happened before the deadline.
    pub(super) fn wait(&self, deadline: Option<Instant>) -> bool {
        self.wait_to_the_end(deadline) == Waited::Woken
    }

    /// Waits to be woken, until the deadline or an abort of the caller's request.
    pub(crate) fn wait_abortably(self: &Arc<Self>, deadline: Option<Instant>) -> Waited {
        if let Some(request) = enclosing_request() {
            let wait: Weak<dyn Abortable> = Arc::<Self>::downgrade(self);
            request.aborts().add(wait);
        }
        self.wait_to_the_end(deadline)
    }

    /// Waits to be woken, until the deadline. The caller has arranged any abort.
    pub(super) fn wait_to_the_end(&self, deadline: Option<Instant>) -> Waited {
        while !self.woken.load(SeqCst) {
            if self.aborted.load(SeqCst) {
                return Waited::Aborted;
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Waited::TimedOut;
            }
            self.thread.park(deadline);
        }
        Waited::Woken
    }
}

impl Abortable for Waiter {
    fn abort(&self) {
        self.aborted.store(true, SeqCst);
        self.thread.unpark();
    }
}

/// The threads that wait for one thing, green and ordinary, in the order in which they came. Each
/// is woken once.
#[derive(Default)]
pub(crate) struct WaitQueue(VecDeque<Arc<Waiter>>);

impl WaitQueue {
    /// Adds the calling thread to the queue.
    pub(crate) fn join(&mut self) -> Arc<Waiter> {
        let waiter = Arc::new(Waiter {
            thread: Thread::current(),
            woken: AtomicBool::new(false),
            aborted: AtomicBool::new(false),
        });
        self.0.push_back(waiter.clone());
        waiter
    }

    /// Wakes the first waiter. Returns whether there was one.
    pub(crate) fn wake_one(&mut self) -> bool {
        let Some(waiter) = self.0.pop_front() else {
            return false;
        };
        waiter.woken.store(true, SeqCst);
        waiter.thread.unpark();
        true
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn wake_all(&mut self) {
        while self.wake_one() {}
    }

    /// Removes a waiter after a time-out. Returns whether it was still queued: if not, it was woken
    /// after all.
    pub(crate) fn leave(&mut self, waiter: &Arc<Waiter>) -> bool {
        let before = self.0.len();
        self.0.retain(|other| !Arc::ptr_eq(other, waiter));
        self.0.len() < before
    }
}
