//! One scheduler a core: a thread that runs its green threads one after the other, each until it
//! parks.
//!
//! A green thread never leaves the thread on which it was born. So what it keeps on its stack need
//! not be `Send`, and thread-locals keep their meaning.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::mem;
use std::os::fd::{AsFd, OwnedFd};
use std::ptr;
use std::sync::atomic::{
    AtomicBool, AtomicUsize,
    Ordering::{Relaxed, SeqCst},
};
use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rustix::event::{EventfdFlags, eventfd};
use slab::Slab;

use super::marks::Marks;
use super::reactor::Reactor;
use super::timer::Timers;
use super::watchdog::{self, Watch};
use crate::sys::coroutine::Coroutine;
use crate::sys::overflow::report_overflows;
use crate::sys::prefetch::prefetch;
use crate::sys::stack::SlabStack;

/// So many green threads run before the scheduler looks at its descriptors and its inbox again.
const BATCH: usize = 128;

/// So many green threads have the page of their stack looked up together: the processor looks several
/// up at a time, and a single one takes as long.
const TOGETHER: usize = 32;

/// So many operations that may wait, but need not, a green thread does before the others run: a client
/// that sends without end is not to have a core for itself.
const BUDGET: u32 = 32;

/// So many messages have their place kept from one look at the inbox to the next.
const INBOX: usize = 1024;

/// A green thread before its birth.
pub(super) struct Birth {
    pub(super) stack: SlabStack,
    pub(super) name: &'static str,
    pub(super) run: Box<dyn FnOnce() + Send>,
}

pub(super) enum Message {
    Spawn(Birth),
    Wake(usize),
    Forget(usize),
}

/// The part of a scheduler that every thread sees. There is one for each core, from the first use
/// to the end of the process.
pub(super) struct Scheduler {
    /// Its place among all of them.
    pub(super) number: usize,
    pub(super) inbox: Mutex<Vec<Message>>,
    /// It waits in its epoll, or is about to and will look at its inbox once more: who puts
    /// something there must ring.
    asleep: AtomicBool,
    bell: OwnedFd,
    /// Where its descriptors are watched.
    pub(super) epoll: OwnedFd,
    /// Green threads that were given to it and have not ended.
    live: AtomicUsize,
    pub(super) watch: Watch,
}

/// The part that only its own thread sees.
pub(super) struct Local {
    pub(super) scheduler: &'static Scheduler,
    tasks: RefCell<Slab<Task>>,
    /// What was taken from the inbox.
    messages: RefCell<Vec<Message>>,
    ready: RefCell<VecDeque<usize>>,
    /// Those that have yielded: they are ready again when the descriptors have been looked at.
    pub(super) yielded: RefCell<VecDeque<usize>>,
    timers: RefCell<Timers>,
    pub(super) reactor: RefCell<Reactor>,
    pub(super) current: Cell<Option<usize>>,
    /// How many operations it still has before the others run.
    pub(super) budget: Cell<u32>,
}

/// What every turn touches comes first and is one line of the cache: of many thousands few are
/// there when their turn comes.
#[repr(C, align(64))]
struct Task {
    /// None while it runs.
    coroutine: Option<Coroutine>,
    parked: bool,
    /// Somebody woke it while it was not parked: its next parking returns at once.
    woken: bool,
    /// It waits for `deadline` too.
    timed: bool,
    /// What it looked at first after its last parking, and will again; null where nobody knows.
    at_hand: *const u8,
    /// The earliest timer that is set for it. One that comes too early sets the next.
    ///
    /// In a cell a time has no unused values: otherwise the slab would note here, in the second
    /// line, whether there is a task at all. So it does that in one of the flags above.
    timer: Cell<Option<Instant>>,
    /// That of the last parking that had one.
    deadline: Cell<Option<Instant>>,
    marks: Marks,
}

thread_local! {
    static LOCAL: Cell<Option<&'static Local>> = const { Cell::new(None) };
}

/// The local part of this thread's scheduler, if it has one.
#[inline]
pub(super) fn local() -> Option<&'static Local> {
    LOCAL.get()
}

/// All of them, from the first use to the end of the process.
static SCHEDULERS: OnceLock<Vec<&'static Scheduler>> = OnceLock::new();

/// One of them. Whoever knows a number knows that they have been started.
pub(super) fn scheduler(number: usize) -> &'static Scheduler {
    SCHEDULERS.get().expect("they have been started")[number]
}

/// Starts the schedulers, if nobody has.
///
/// # Errors
/// The system's: no threads or descriptors left.
pub(crate) fn start() -> io::Result<()> {
    /// Those that have started, until all have: who tries again goes on from there.
    static STARTING: Mutex<Vec<&'static Scheduler>> = Mutex::new(Vec::new());
    if SCHEDULERS.get().is_some() {
        return Ok(());
    }
    let mut started = STARTING.lock();
    if SCHEDULERS.get().is_none() {
        report_overflows();
        let cores = thread::available_parallelism().map_or(1, |cores| cores.get());
        while started.len() < cores {
            let number = started.len();
            started.push(Scheduler::start(number)?);
        }
        watchdog::start(started.iter().map(|scheduler| &scheduler.watch).collect())?;
        let _ = SCHEDULERS.set(mem::take(&mut started));
    }
    Ok(())
}

/// Gives a green thread to the scheduler that has the fewest. They have been started.
pub(super) fn spawn(birth: Birth) {
    let schedulers = SCHEDULERS
        .get()
        .expect("whoever has a stack has started the schedulers");
    let least = schedulers
        .iter()
        .min_by_key(|scheduler| scheduler.live.load(Relaxed));
    let least = least.expect("there is at least one core");
    least.live.fetch_add(1, Relaxed);
    match LOCAL.get() {
        Some(local) if ptr::eq(local.scheduler, *least) => local.give_birth(birth),
        _ => least.send(Message::Spawn(birth)),
    }
}

impl Scheduler {
    fn start(number: usize) -> io::Result<&'static Scheduler> {
        let bell = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let epoll = Reactor::epoll(bell.as_fd())?;
        let (hand_over, taken) = mpsc::channel::<&'static Scheduler>();
        thread::Builder::new()
            .name(format!("green-{number}"))
            .spawn(move || {
                let Ok(scheduler) = taken.recv() else { return };
                let local: &'static Local = Box::leak(Box::new(Local {
                    scheduler,
                    tasks: RefCell::default(),
                    messages: RefCell::default(),
                    ready: RefCell::default(),
                    yielded: RefCell::default(),
                    timers: RefCell::default(),
                    reactor: RefCell::new(Reactor::new(scheduler.epoll.as_fd())),
                    current: Cell::new(None),
                    budget: Cell::new(0),
                }));
                LOCAL.set(Some(local));
                local.run();
            })?;
        // Only now nothing can fail any more, and it may stay for ever.
        let scheduler: &'static Scheduler = Box::leak(Box::new(Scheduler {
            number,
            inbox: Mutex::default(),
            asleep: AtomicBool::new(false),
            bell,
            epoll,
            live: AtomicUsize::new(0),
            watch: Watch::default(),
        }));
        let _ = hand_over.send(scheduler);
        Ok(scheduler)
    }

    pub(super) fn send(&self, message: Message) {
        self.inbox.lock().push(message);
        if self.asleep.swap(false, SeqCst) {
            // A bell that cannot be rung any louder has been heard.
            let _ = rustix::io::write(&self.bell, &1u64.to_ne_bytes());
        }
    }
}

impl Local {
    fn run(&self) -> ! {
        self.scheduler.watch.wake_up();
        loop {
            let born = self.read_inbox();
            for done in 0..BATCH {
                if done % TOGETHER == 0 {
                    self.prefetch_pages();
                }
                let Some(task) = self.ready.borrow_mut().pop_front() else {
                    break;
                };
                self.prefetch_next();
                self.resume(task);
            }
            self.wake_due();
            // What a burst of new ones waits for is on its way, and gathers while the processor is
            // somebody else's. To sleep now and be woken for each would cost more.
            let burst = born > 1 && self.is_idle();
            if burst {
                thread::yield_now();
            }
            self.look_at_descriptors(!burst);
            let mut ready = self.ready.borrow_mut();
            ready.append(&mut self.yielded.borrow_mut());
        }
    }

    /// Returns how many green threads were born.
    fn read_inbox(&self) -> usize {
        let mut born = 0;
        let mut messages = self.messages.borrow_mut();
        // The two change places, so that neither has to grow anew, and the lock is free at once.
        mem::swap(&mut *messages, &mut *self.scheduler.inbox.lock());
        for message in messages.drain(..) {
            match message {
                Message::Spawn(birth) => {
                    born += 1;
                    self.give_birth(birth);
                }
                Message::Wake(task) => self.wake(task),
                Message::Forget(key) => self.reactor.borrow_mut().forget(key),
            }
        }
        messages.shrink_to(INBOX);
        born
    }

    fn give_birth(&self, birth: Birth) {
        let task = Task {
            coroutine: Some(Coroutine::new(birth.stack, birth.run)),
            parked: false,
            woken: false,
            timed: false,
            at_hand: ptr::null(),
            timer: Cell::new(None),
            deadline: Cell::new(None),
            marks: Marks::new(),
        };
        let id = self.tasks.borrow_mut().insert(task);
        self.scheduler.watch.name(id, birth.name);
        self.ready.borrow_mut().push_back(id);
    }

    #[inline]
    fn resume(&self, id: usize) {
        let mut tasks = self.tasks.borrow_mut();
        let coroutine = tasks.get_mut(id).and_then(|task| task.coroutine.take());
        drop(tasks);
        let Some(mut coroutine) = coroutine else {
            return;
        };
        self.current.set(Some(id));
        self.budget.set(BUDGET);
        self.scheduler.watch.begin(id);
        let ended = coroutine.resume();
        self.scheduler.watch.end();
        self.current.set(None);
        if ended {
            drop(self.tasks.borrow_mut().remove(id));
            self.scheduler.live.fetch_sub(1, Relaxed);
        } else {
            self.tasks.borrow_mut()[id].coroutine = Some(coroutine);
        }
    }

    /// What the next ones need first is looked up.
    fn prefetch_pages(&self) {
        let tasks = self.tasks.borrow();
        for &next in self.ready.borrow().iter().take(TOGETHER) {
            if let Some(task) = tasks.get(next)
                && let Some(coroutine) = &task.coroutine
            {
                prefetch(task.at_hand);
                coroutine.prefetch_page();
            }
        }
    }

    /// While one green thread runs, what the next one needs comes nearer.
    fn prefetch_next(&self) {
        if let Some(&next) = self.ready.borrow().front()
            && let Some(task) = self.tasks.borrow().get(next)
            && let Some(coroutine) = &task.coroutine
        {
            prefetch(task.at_hand);
            coroutine.prefetch();
        }
    }

    /// The green thread that runs will wait. Returns whether it has to.
    #[inline]
    pub(super) fn park(&self, id: usize, deadline: Option<Instant>, at_hand: *const u8) -> bool {
        let mut tasks = self.tasks.borrow_mut();
        let task = &mut tasks[id];
        if mem::take(&mut task.woken) {
            return false;
        }
        task.parked = true;
        task.at_hand = at_hand;
        task.timed = deadline.is_some();
        if let Some(deadline) = deadline {
            self.set_timer(&mut tasks, id, deadline);
        }
        true
    }

    /// The marks of a green thread that is here.
    pub(super) fn marks<T>(&self, id: usize, with: impl FnOnce(&mut Marks) -> T) -> T {
        with(&mut self.tasks.borrow_mut()[id].marks)
    }

    fn set_timer(&self, tasks: &mut Slab<Task>, id: usize, deadline: Instant) {
        let task = &mut tasks[id];
        task.deadline.set(Some(deadline));
        if task.timer.get().is_some_and(|timer| timer <= deadline) {
            return;
        }
        task.timer.set(Some(deadline));
        let mut timers = self.timers.borrow_mut();
        timers.set(deadline, id);
        timers.tidy(tasks.len(), |when, id| {
            tasks
                .get(id)
                .is_some_and(|task| task.timer.get() == Some(when))
        });
    }

    #[inline]
    pub(super) fn wake(&self, id: usize) {
        if let Some(task) = self.tasks.borrow_mut().get_mut(id) {
            if mem::take(&mut task.parked) {
                self.ready.borrow_mut().push_back(id);
            } else {
                task.woken = true;
            }
        }
    }

    fn wake_due(&self) {
        if self.timers.borrow().next().is_none() {
            return;
        }
        let now = Instant::now();
        while let Some((when, id)) = { self.timers.borrow_mut().due(now) } {
            let tasks = self.tasks.borrow();
            // It has ended, or an earlier timer was set after this one.
            let Some(task) = tasks.get(id).filter(|task| task.timer.get() == Some(when)) else {
                continue;
            };
            task.timer.set(None);
            match task.deadline.get().filter(|_| task.parked && task.timed) {
                Some(deadline) if deadline > now => {
                    task.timer.set(Some(deadline));
                    self.timers.borrow_mut().set(deadline, id);
                }
                Some(_) => {
                    drop(tasks);
                    self.wake(id);
                }
                None => {}
            }
        }
    }

    /// Whether no green thread can run now.
    fn is_idle(&self) -> bool {
        self.ready.borrow().is_empty() && self.yielded.borrow().is_empty()
    }

    /// Looks at the descriptors; if it may, waits there when there is nothing else to do.
    fn look_at_descriptors(&self, may_wait: bool) {
        let waits = may_wait && self.is_idle();
        let mut timeout = Some(Duration::ZERO);
        if waits {
            self.scheduler.watch.fall_asleep();
            self.scheduler.asleep.store(true, SeqCst);
            if self.scheduler.inbox.lock().is_empty() {
                let next = self.timers.borrow().next();
                timeout = next.map(|next| next.saturating_duration_since(Instant::now()));
            }
        }
        let looked = self
            .reactor
            .borrow_mut()
            .turn(timeout, self.scheduler.bell.as_fd(), |task| self.wake(task));
        if waits {
            self.scheduler.asleep.store(false, SeqCst);
            self.scheduler.watch.wake_up();
        }
        if let Err(error) = looked {
            log::error!(target: "socketserver::green", "a scheduler cannot look at its descriptors: {error}");
        }
    }
}

#[cfg(all(test, target_pointer_width = "64"))]
mod tests {
    use std::mem::{offset_of, size_of};

    use super::*;

    #[test]
    fn what_every_turn_touches_of_a_task_is_one_line_of_the_cache() {
        assert!(offset_of!(Task, at_hand) < 64);
        // Nor does the slab need room of its own, and the times have none to lend.
        assert_eq!(size_of::<Option<Task>>(), 128);
        assert!(size_of::<Option<Cell<Option<Instant>>>>() > size_of::<Option<Instant>>());
    }
}
