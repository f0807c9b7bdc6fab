//! The green thread on which code runs: how that parks, yields and is woken.

use std::ptr;
use std::thread;
use std::time::Instant;

use super::marks::{self, Marks};
use super::scheduler::{Local, Message, Scheduler, local};
use crate::sys::coroutine::suspend;

/// The green thread on which this code runs: the local part of its scheduler, and its number there.
#[derive(Clone, Copy)]
pub(crate) struct Current {
    pub(super) local: &'static Local,
    pub(super) task: usize,
}

/// The green thread on which this code runs, if it is one.
#[inline]
pub(super) fn current() -> Option<Current> {
    let local = local()?;
    let task = local.current.get()?;
    Some(Current { local, task })
}

/// The same, if it may park. In a panic it may not: the others on this thread would take that panic
/// for theirs.
#[inline]
pub(crate) fn may_park() -> Option<Current> {
    current().filter(|_| !thread::panicking())
}

impl Current {
    /// Parks until somebody wakes it or the deadline comes, or for no reason: the caller looks, and
    /// parks again. It will look at `at_hand` first then; null where nobody knows.
    #[inline]
    pub(super) fn park(self, deadline: Option<Instant>, at_hand: *const u8) {
        if self.local.park(self.task, deadline, at_hand) {
            suspend();
        }
    }

    /// Lets the other green threads of this scheduler run.
    pub(super) fn yield_now(self) {
        self.local.yielded.borrow_mut().push_back(self.task);
        suspend();
    }

    /// Before an operation that may wait and is tried first: after many that did not have to, the
    /// others of this scheduler run.
    #[inline]
    pub(crate) fn consume_budget(self) {
        let budget = &self.local.budget;
        if budget.get() == 0 {
            self.yield_now();
        }
        budget.set(budget.get() - 1);
    }

    /// What wakes it once it has parked.
    pub(super) fn unparker(self) -> Unparker {
        Unparker {
            scheduler: self.local.scheduler,
            task: self.task,
        }
    }
}

/// Whoever parks on a green thread can be woken by this, from any thread.
#[derive(Clone, Copy)]
pub(super) struct Unparker {
    scheduler: &'static Scheduler,
    task: usize,
}

impl Unparker {
    pub(super) fn unpark(self) {
        match local() {
            Some(local) if ptr::eq(local.scheduler, self.scheduler) => local.wake(self.task),
            _ => self.scheduler.send(Message::Wake(self.task)),
        }
    }
}

/// The marks of this green thread, or of this thread.
pub(crate) fn marks<T>(with: impl FnOnce(&mut Marks) -> T) -> T {
    match current() {
        Some(Current { local, task }) => local.marks(task, with),
        None => marks::of_this_thread(with),
    }
}
