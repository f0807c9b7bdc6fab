//! The green thread on which code runs: how it parks, yields, sleeps and is woken.

use std::ptr;
use std::thread;
use std::time::{Duration, Instant};

use super::local::{Awaited, Local, local};
use super::scheduler::{Message, Scheduler};
use crate::aborts::{Abortables, Idle};
use crate::nesting::{self, EnclosingServers};
use crate::sys::coroutine::suspend;

/// The green thread on which this code runs: its scheduler, and its number there.
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

/// The same, if it may park. It may not while it panics, because the panic is a fact of the thread.
/// The other green threads there would take it for theirs.
#[inline]
pub(crate) fn may_park() -> Option<Current> {
    current().filter(|_| !thread::panicking())
}

impl Current {
    /// Parks until it is woken or the deadline comes. It may also return for no reason, so the
    /// caller checks what it waits for, and parks again.
    #[inline]
    pub(super) fn park(self, deadline: Option<Instant>) {
        self.park_with_hint(deadline, ptr::null());
    }

    /// The same, for a caller that will look at the memory at `prefetch_hint` first when it goes
    /// on.
    #[inline]
    pub(super) fn park_with_hint(self, deadline: Option<Instant>, prefetch_hint: *const u8) {
        if let Some(awaited) = self.local.awaited.get()
            && awaited.task == self.task
        {
            self.local.awaited.set(None);
            (awaited.report)();
        }
        if self.local.park(self.task, deadline, prefetch_hint) {
            nesting::without_mark(suspend);
        }
    }

    /// Lets the other green threads of this scheduler run.
    pub(super) fn yield_now(self) {
        self.local.yield_now(self.task);
        nesting::without_mark(suspend);
    }

    /// To be called before an operation that may block and is tried first: it yields when many in a
    /// row did not have to block.
    #[inline]
    pub(crate) fn consume_budget(self) {
        let budget = &self.local.budget;
        if budget.get() == 0 {
            self.yield_now();
        }
        budget.set(budget.get() - 1);
    }

    /// The size of its stack.
    pub(super) fn stack_size(self) -> usize {
        self.local.stack_size(self.task)
    }

    /// What other code wakes it with.
    pub(crate) fn unparker(self) -> Unparker {
        Unparker { scheduler: self.local.scheduler, task: self.task }
    }
}

/// Wakes one green thread, from any thread.
#[derive(Clone, Copy)]
pub(crate) struct Unparker {
    scheduler: &'static Scheduler,
    task: usize,
}

impl Unparker {
    pub(crate) fn unpark(self) {
        match local() {
            Some(local) if ptr::eq(local.scheduler, self.scheduler) => local.wake(self.task),
            _ => self.scheduler.send(Message::Wake(self.task)),
        }
    }
}

/// Runs `run`, and calls `report` when it parks for the first time, if it is on a green thread.
/// Another call on this scheduler may end that early.
pub(crate) fn report_parking(report: fn(), run: impl FnOnce()) {
    let Some(Current { local, task }) = current() else {
        return run();
    };
    local.awaited.set(Some(Awaited { task, report }));
    // The caller yields between two calls.
    local.renew_budget();
    run();
    if local.awaited.get().is_some_and(|awaited| awaited.task == task) {
        local.awaited.set(None);
    }
}

/// The number of the green thread on which this code runs, on its scheduler.
pub(crate) fn number() -> Option<usize> {
    Some(current()?.task)
}

/// Calls `with` with the list of the servers that this code is inside, on whatever kind of thread.
#[inline]
pub(crate) fn enclosing_servers<T>(with: impl FnOnce(&mut EnclosingServers) -> T) -> T {
    match current() {
        Some(Current { local, task }) => local.enclosing_servers(task, with),
        None => nesting::of_this_thread(with),
    }
}

/// Marks the request around this green thread as idle, so that the start of a drain wakes it. An
/// ordinary thread waits for a descriptor too, which wakes it, and needs no mark.
pub(crate) fn mark_idle() -> Option<Idle> {
    let unparker = may_park()?.unparker();
    Some(Idle::new(enclosing_request()?, move || unparker.unpark()))
}

/// The innermost request that this code is inside, if any.
pub(crate) fn enclosing_request() -> Option<Abortables> {
    enclosing_servers(|servers| {
        let mut requests = servers.iter().rev();
        requests.find_map(|enclosing| enclosing.request.clone())
    })
}

/// Whether a socket must not wait here: because of a mark, or because this green thread panics. It
/// cannot park then, and would stop its scheduler for as long as the peer likes.
#[inline]
pub(crate) fn must_not_wait() -> bool {
    nesting::has_nonblocking_sockets() || thread::panicking() && is_green()
}

/// Whether this code runs on a green thread.
pub fn is_green() -> bool {
    current().is_some()
}

/// Sleeps for at least `time`. A green thread that sleeps for no time at all yields.
///
/// Python: `time.sleep`, in seconds
pub fn sleep(time: Duration) {
    let Some(current) = may_park() else {
        return thread::sleep(time);
    };
    if time.is_zero() {
        return current.yield_now();
    }
    // A time beyond what the clock can hold never comes.
    let end = Instant::now().checked_add(time);
    while end.is_none_or(|end| Instant::now() < end) {
        current.park(end);
    }
}

/// Lets the other green threads of this scheduler run; on an ordinary thread, other threads.
pub fn yield_now() {
    match may_park() {
        Some(current) => current.yield_now(),
        None => thread::yield_now(),
    }
}
