//! The part of a scheduler that only its own thread uses: its green threads, and its loop. The loop
//! runs them one after the other, each until it parks, yields or ends.
//!
//! ```text
//!        ┌─► read the inbox           start and wake what other threads ask for
//!        │   run the ready ones       at most TURNS of them; each calls park, yield_now, wake …
//!        │   wake the due ones        whose deadline has come
//!        │   look at the descriptors  and sleep there, if nothing is ready
//!        └── make the yielded ready
//! ```
//!
//! A green thread never leaves the thread on which it was started. So the values on its stack need
//! not be `Send`, and nothing in this file needs a lock.
//!
//! No borrow of a `RefCell` here lasts while a green thread runs, because all of this may be called
//! from there.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::os::fd::AsFd;
use std::thread;
use std::time::{Duration, Instant};

use slab::Slab;

use super::reactor::Reactor;
use super::scheduler::{Message, Scheduler};
use super::task::{NewTask, Task};
use super::timers::Timers;
use super::{TARGET, prefetch};
use crate::nesting::EnclosingServers;
use crate::panics::log_quietly;

/// How many green threads run before the scheduler looks at its descriptors and its inbox again.
const TURNS: usize = 128;

/// How many operations a green thread may complete without blocking before it must yield. Without
/// this limit a client that sends without end would have a core for itself.
const BUDGET: u32 = 32;

/// The room for messages that is kept from one look at the inbox to the next.
const INBOX: usize = 1024;

/// A green thread, and the function to call when it parks.
#[derive(Clone, Copy)]
pub(super) struct Awaited {
    pub(super) task: usize,
    pub(super) report: fn(),
}

/// The local part of a scheduler.
pub(super) struct Local {
    pub(super) scheduler: &'static Scheduler,
    pub(super) reactor: RefCell<Reactor>,
    /// The number of the green thread that runs.
    pub(super) current: Cell<Option<usize>>,
    /// How many operations it may still complete before it must yield.
    pub(super) budget: Cell<u32>,
    /// The green thread whose next parking is to be reported.
    pub(super) awaited: Cell<Option<Awaited>>,
    /// All green threads. A number may be used again after its green thread has ended.
    tasks: RefCell<Slab<Task>>,
    /// The numbers of those that can run, in their order.
    ready: RefCell<VecDeque<usize>>,
    /// Those that have yielded: they are ready again after the next look at the descriptors.
    yielded: RefCell<VecDeque<usize>>,
    timers: RefCell<Timers>,
    /// Where messages from the inbox are put; empty between two looks.
    messages: RefCell<Vec<Message>>,
}

thread_local! {
    static LOCAL: Cell<Option<&'static Local>> = const { Cell::new(None) };
}

/// The scheduler that runs on this thread, if one does.
#[inline]
pub(super) fn local() -> Option<&'static Local> {
    LOCAL.get()
}

/// Makes this thread the scheduler's own.
pub(super) fn run(scheduler: &'static Scheduler) -> ! {
    let local: &'static Local = Box::leak(Box::new(Local {
        scheduler,
        reactor: RefCell::new(Reactor::new(scheduler.epoll.as_fd())),
        current: Cell::new(None),
        budget: Cell::new(0),
        awaited: Cell::new(None),
        tasks: RefCell::default(),
        ready: RefCell::default(),
        yielded: RefCell::default(),
        timers: RefCell::default(),
        messages: RefCell::default(),
    }));
    LOCAL.set(Some(local));
    local.run()
}

impl Local {
    fn run(&self) -> ! {
        self.scheduler.wake_up();
        loop {
            let started = self.read_inbox();
            self.run_ready();
            self.wake_due();
            // After a burst of new green threads the data that they wait for is on its way. Giving
            // the processor away once lets it gather; sleeping now, and being woken for each of
            // them, would cost more.
            let burst = started > 1 && self.is_idle();
            if burst {
                thread::yield_now();
            }
            self.look_at_descriptors(!burst);
            let mut ready = self.ready.borrow_mut();
            ready.append(&mut self.yielded.borrow_mut());
        }
    }

    /// Does what other threads ask for. Returns how many green threads were started.
    fn read_inbox(&self) -> usize {
        let mut started = 0;
        let mut messages = self.messages.borrow_mut();
        self.scheduler.take_messages(&mut messages);
        for message in messages.drain(..) {
            match message {
                Message::Start(new) => {
                    started += 1;
                    self.start(new);
                }
                Message::Wake(task) => self.wake(task),
                Message::Forget(key) => self.reactor.borrow_mut().forget(key),
                Message::Release { key, guest } => {
                    let reactor = &mut *self.reactor.borrow_mut();
                    reactor.wake_waiting(key, guest, |task| self.wake(task));
                }
            }
        }
        messages.shrink_to(INBOX);
        started
    }

    fn run_ready(&self) {
        for turn in 0..TURNS {
            prefetch::before_batch(turn, &self.ready, &self.tasks);
            let Some(task) = self.ready.borrow_mut().pop_front() else {
                break;
            };
            prefetch::before_turn(&self.ready, &self.tasks);
            self.resume(task);
        }
    }

    /// Makes a new green thread ready.
    pub(super) fn start(&self, new: NewTask) {
        let name = new.name;
        let id = self.tasks.borrow_mut().insert(Task::new(new));
        self.scheduler.activity.name(id, name);
        self.ready.borrow_mut().push_back(id);
    }

    /// One turn: runs a green thread until it parks, yields or ends.
    #[inline]
    fn resume(&self, id: usize) {
        let mut tasks = self.tasks.borrow_mut();
        let coroutine = tasks.get_mut(id).and_then(|task| task.coroutine.take());
        drop(tasks);
        let Some(mut coroutine) = coroutine else {
            return;
        };
        self.current.set(Some(id));
        self.renew_budget();
        self.scheduler.activity.begin_turn(id);
        let ended = coroutine.resume();
        self.scheduler.activity.end_turn();
        self.current.set(None);
        if ended {
            drop(self.tasks.borrow_mut().remove(id));
            self.timers.borrow_mut().forget(id);
            self.scheduler.count_ended();
        } else {
            self.tasks.borrow_mut()[id].coroutine = Some(coroutine);
        }
    }

    pub(super) fn renew_budget(&self) {
        self.budget.set(BUDGET);
    }

    /// The green thread that runs is about to park. Returns whether it must: not if it was woken
    /// already.
    #[inline]
    pub(super) fn park(
        &self,
        id: usize,
        deadline: Option<Instant>,
        prefetch_hint: *const u8,
    ) -> bool {
        let mut tasks = self.tasks.borrow_mut();
        if !tasks[id].park(deadline.is_some(), prefetch_hint) {
            return false;
        }
        if let Some(deadline) = deadline {
            self.timers.borrow_mut().set(id, deadline, tasks.len());
        }
        true
    }

    /// The green thread that runs is about to yield.
    pub(super) fn yield_now(&self, id: usize) {
        self.yielded.borrow_mut().push_back(id);
    }

    /// Wakes a green thread of this scheduler; if it has ended, nothing happens.
    #[inline]
    pub(super) fn wake(&self, id: usize) {
        if let Some(task) = self.tasks.borrow_mut().get_mut(id)
            && task.wake()
        {
            self.ready.borrow_mut().push_back(id);
        }
    }

    fn wake_due(&self) {
        if self.timers.borrow().next().is_none() {
            return;
        }
        let now = Instant::now();
        while let Some(id) = self.take_due(now) {
            self.wake(id);
        }
    }

    fn take_due(&self, now: Instant) -> Option<usize> {
        let tasks = self.tasks.borrow();
        let has_deadline = |id| tasks.get(id).is_some_and(Task::has_deadline);
        self.timers.borrow_mut().take_due(now, has_deadline)
    }

    /// Whether no green thread can run now.
    fn is_idle(&self) -> bool {
        self.ready.borrow().is_empty() && self.yielded.borrow().is_empty()
    }

    /// Wakes the green threads whose descriptors are ready. Sleeps until there is something to do,
    /// if `may_sleep` and nothing is ready.
    fn look_at_descriptors(&self, may_sleep: bool) {
        let sleeps = may_sleep && self.is_idle();
        let mut timeout = Some(Duration::ZERO);
        if sleeps && self.scheduler.fall_asleep() {
            let next = self.timers.borrow().next();
            timeout = next.map(|next| next.saturating_duration_since(Instant::now()));
        }
        let looked = self.reactor.borrow_mut().turn(timeout, |task| self.wake(task));
        if sleeps {
            self.scheduler.wake_up();
        }
        if let Err(error) = looked {
            let number = self.scheduler.number;
            log_quietly(TARGET, || {
                log::error!(
                    target: TARGET,
                    "epoll_wait failed on scheduler {number} ({error}): \
                     trying again; green threads that wait for sockets there stay parked"
                );
            });
        }
    }

    /// The size of a green thread's stack.
    pub(super) fn stack_size(&self, id: usize) -> usize {
        self.tasks.borrow()[id].stack_size()
    }

    /// The servers that a green thread of this scheduler is inside.
    pub(super) fn enclosing_servers<T>(
        &self,
        id: usize,
        with: impl FnOnce(&mut EnclosingServers) -> T,
    ) -> T {
        with(&mut self.tasks.borrow_mut()[id].enclosing_servers)
    }
}
