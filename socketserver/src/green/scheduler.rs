//! One scheduler a core: a thread that runs its green threads one after the other, each until it
//! parks.
//!
//! A green thread never leaves the thread on which it was born. So what it keeps on its stack need
//! not be `Send`, and thread-locals keep their meaning.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::mem;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{
    AtomicBool, AtomicUsize,
    Ordering::{Relaxed, SeqCst},
};
use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::Instant;

use parking_lot::Mutex;
use rustix::event::{EventfdFlags, eventfd};
use slab::Slab;

use super::reactor::{self, Reactor};
use super::timer::Timers;
use super::watchdog::{self, Watch};
use crate::sys::coroutine::{Coroutine, suspend};
use crate::sys::overflow::report_overflows;
use crate::sys::stack::SlabStack;

/// So many green threads run before the scheduler looks at its descriptors and its inbox again.
const BATCH: usize = 128;

/// So many messages have their place kept from one look at the inbox to the next.
const INBOX: usize = 1024;

/// What a green thread waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interest {
    Read,
    Write,
}

/// A green thread before its birth.
pub(super) struct Birth {
    pub(super) stack: SlabStack,
    pub(super) name: &'static str,
    pub(super) run: Box<dyn FnOnce() + Send>,
}

enum Message {
    Spawn(Birth),
    Wake(usize),
    Forget(usize),
}

/// The part of a scheduler that every thread sees. There is one for each core, from the first use
/// to the end of the process.
pub(super) struct Scheduler {
    inbox: Mutex<Vec<Message>>,
    /// It waits in its epoll, or is about to and will look at its inbox once more: who puts
    /// something there must ring.
    asleep: AtomicBool,
    bell: OwnedFd,
    /// Where its descriptors are watched.
    epoll: OwnedFd,
    /// Green threads that were given to it and have not ended.
    live: AtomicUsize,
    pub(super) watch: Watch,
}

/// The part that only its own thread sees.
struct Local {
    scheduler: &'static Scheduler,
    tasks: RefCell<Slab<Task>>,
    /// What was taken from the inbox.
    messages: RefCell<Vec<Message>>,
    ready: RefCell<VecDeque<usize>>,
    /// Those that have yielded: they are ready again when the descriptors have been looked at.
    yielded: RefCell<VecDeque<usize>>,
    timers: RefCell<Timers>,
    reactor: RefCell<Reactor>,
    current: Cell<Option<usize>>,
}

struct Task {
    /// None while it runs.
    coroutine: Option<Coroutine>,
    name: &'static str,
    parked: bool,
    /// Somebody woke it while it was not parked: its next parking returns at once.
    woken: bool,
    /// The earliest timer that is set for it. One that comes too early sets the next.
    timer: Option<Instant>,
    deadline: Option<Instant>,
    marks: Vec<u64>,
}

thread_local! {
    static LOCAL: Cell<Option<&'static Local>> = const { Cell::new(None) };
}

/// The local part and the number of the green thread that runs now.
fn current() -> Option<(&'static Local, usize)> {
    let local = LOCAL.get()?;
    Some((local, local.current.get()?))
}

/// Whether this code runs on a green thread that may park. In a panic it may not: the others on
/// this thread would take that panic for theirs.
pub(crate) fn may_park() -> bool {
    current().is_some() && !thread::panicking()
}

/// Whoever parks on a green thread can be woken by this, from any thread.
#[derive(Clone, Copy)]
pub(super) struct Unparker {
    scheduler: &'static Scheduler,
    task: usize,
}

impl Unparker {
    /// That of the green thread that runs now.
    pub(super) fn current() -> Option<Self> {
        current().map(|(local, task)| Unparker {
            scheduler: local.scheduler,
            task,
        })
    }

    pub(super) fn unpark(self) {
        match LOCAL.get() {
            Some(local) if std::ptr::eq(local.scheduler, self.scheduler) => local.wake(self.task),
            _ => self.scheduler.send(Message::Wake(self.task)),
        }
    }
}

/// Parks the green thread until somebody wakes it or the deadline comes, or for no reason: the
/// caller looks, and parks again.
#[inline]
pub(super) fn park(deadline: Option<Instant>) {
    let (local, id) = current().expect("only a green thread parks here");
    {
        let mut tasks = local.tasks.borrow_mut();
        let task = &mut tasks[id];
        if mem::take(&mut task.woken) {
            return;
        }
        task.deadline = deadline;
        task.parked = true;
        if let Some(deadline) = deadline
            && task.timer.is_none_or(|timer| timer > deadline)
        {
            task.timer = Some(deadline);
            let mut timers = local.timers.borrow_mut();
            timers.set(deadline, id);
            timers.tidy(tasks.len(), |when, id| {
                tasks.get(id).is_some_and(|task| task.timer == Some(when))
            });
        }
    }
    suspend();
}

/// Lets the other green threads of this scheduler run.
pub(super) fn yield_now() {
    if let Some((local, id)) = current().filter(|_| !thread::panicking()) {
        local.yielded.borrow_mut().push_back(id);
        suspend();
    }
}

/// Numbers that code has put down on this green thread, or on this thread: what a thread-local
/// would be for the latter.
pub(crate) fn marks<T>(with: impl FnOnce(&mut Vec<u64>) -> T) -> T {
    crate::sync::thread_local! {
        static MARKS: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
    }
    match current() {
        Some((local, task)) => with(&mut local.tasks.borrow_mut()[task].marks),
        None => {
            // As a thread ends its thread-locals do, this one perhaps before one with a server.
            let mut marks = MARKS.try_with(|kept| kept.take()).unwrap_or_default();
            let result = with(&mut marks);
            let _ = MARKS.try_with(|kept| *kept.borrow_mut() = marks);
            result
        }
    }
}

/// All of them, from the first use to the end of the process.
static SCHEDULERS: OnceLock<Vec<&'static Scheduler>> = OnceLock::new();

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
        Some(local) if std::ptr::eq(local.scheduler, *least) => local.give_birth(birth),
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
                }));
                LOCAL.set(Some(local));
                local.run();
            })?;
        // Only now nothing can fail any more, and it may stay for ever.
        let scheduler: &'static Scheduler = Box::leak(Box::new(Scheduler {
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

    fn send(&self, message: Message) {
        self.inbox.lock().push(message);
        if self.asleep.swap(false, SeqCst) {
            // A bell that cannot be rung any louder has been heard.
            let _ = rustix::io::write(&self.bell, &1u64.to_ne_bytes());
        }
    }
}

impl Local {
    fn run(&self) -> ! {
        loop {
            self.read_inbox();
            for _ in 0..BATCH {
                let Some(task) = self.ready.borrow_mut().pop_front() else {
                    break;
                };
                self.resume(task);
            }
            self.wake_due();
            self.look_at_descriptors();
            let mut ready = self.ready.borrow_mut();
            ready.append(&mut self.yielded.borrow_mut());
        }
    }

    fn read_inbox(&self) {
        let mut messages = self.messages.borrow_mut();
        // The two change places, so that neither has to grow anew, and the lock is free at once.
        mem::swap(&mut *messages, &mut *self.scheduler.inbox.lock());
        for message in messages.drain(..) {
            match message {
                Message::Spawn(birth) => self.give_birth(birth),
                Message::Wake(task) => self.wake(task),
                Message::Forget(key) => self.reactor.borrow_mut().forget(key),
            }
        }
        messages.shrink_to(INBOX);
    }

    fn give_birth(&self, birth: Birth) {
        let task = Task {
            coroutine: Some(Coroutine::new(birth.stack, birth.run)),
            name: birth.name,
            parked: false,
            woken: false,
            timer: None,
            deadline: None,
            marks: Vec::new(),
        };
        let id = self.tasks.borrow_mut().insert(task);
        self.ready.borrow_mut().push_back(id);
    }

    fn resume(&self, id: usize) {
        let (mut coroutine, name) = {
            let mut tasks = self.tasks.borrow_mut();
            let Some(task) = tasks.get_mut(id) else {
                return;
            };
            let Some(coroutine) = task.coroutine.take() else {
                return;
            };
            (coroutine, task.name)
        };
        self.current.set(Some(id));
        self.scheduler.watch.begin(name);
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

    fn wake(&self, id: usize) {
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
            let mut tasks = self.tasks.borrow_mut();
            // It has ended, or an earlier timer was set after this one.
            let Some(task) = tasks.get_mut(id).filter(|task| task.timer == Some(when)) else {
                continue;
            };
            task.timer = None;
            match task.deadline.filter(|_| task.parked) {
                Some(deadline) if deadline > now => {
                    task.timer = Some(deadline);
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

    /// Looks at the descriptors; waits there if there is nothing else to do.
    fn look_at_descriptors(&self) {
        let idle = self.ready.borrow().is_empty() && self.yielded.borrow().is_empty();
        let end = if idle {
            self.scheduler.asleep.store(true, SeqCst);
            if self.scheduler.inbox.lock().is_empty() {
                self.timers.borrow().next()
            } else {
                Some(Instant::now())
            }
        } else {
            Some(Instant::now())
        };
        let turn = self
            .reactor
            .borrow_mut()
            .turn(end, self.scheduler.bell.as_fd(), |task| self.wake(task));
        self.scheduler.asleep.store(false, SeqCst);
        if let Err(error) = turn {
            log::error!(target: "socketserver::green", "a scheduler cannot look at its descriptors: {error}");
        }
    }
}

/// A descriptor's place at the scheduler where it was first waited for. Whoever owns the descriptor
/// owns this too, and drops it no later.
#[derive(Default)]
pub(crate) struct Source(OnceLock<(&'static Scheduler, usize)>);

impl Source {
    /// Where this descriptor is watched, if that is here.
    fn here(&self, local: &Local) -> Option<usize> {
        self.0
            .get()
            .filter(|(scheduler, _)| std::ptr::eq(*scheduler, local.scheduler))
            .map(|(_, key)| *key)
    }

    /// Whether there is certainly nothing to be read, so that trying would be in vain.
    pub(crate) fn is_drained(&self) -> bool {
        current().is_some_and(|(local, _)| {
            self.here(local)
                .is_some_and(|key| local.reactor.borrow().is_drained(key))
        })
    }

    /// A call has read less than it could have: there is no more for now.
    pub(crate) fn set_drained(&self) {
        if let Some((local, _)) = current()
            && let Some(key) = self.here(local)
        {
            local.reactor.borrow_mut().set_drained(key);
        }
    }

    /// The descriptor's file lives on under another number: it is no longer watched.
    pub(crate) fn release(&self, fd: BorrowedFd<'_>) {
        if let Some((home, _)) = self.0.get() {
            reactor::release(&home.epoll, fd);
        }
    }

    /// Parks until the descriptor may be ready, or the deadline has come.
    ///
    /// # Errors
    /// The system's, when it will not watch the descriptor.
    #[inline]
    pub(crate) fn park(
        &self,
        fd: BorrowedFd<'_>,
        interest: Interest,
        deadline: Option<Instant>,
    ) -> io::Result<()> {
        let (local, task) = current().expect("only a green thread waits here");
        let seat = self.join(local, fd, interest, task)?;
        park(deadline);
        seat.leave(local);
        Ok(())
    }

    /// Joins those who wait for the descriptor here. The first scheduler where anybody waits is its
    /// home, which watches it from then on; any other watches it only as long as somebody is there.
    fn join<'a>(
        &self,
        local: &Local,
        fd: BorrowedFd<'a>,
        interest: Interest,
        task: usize,
    ) -> io::Result<Seat<'a>> {
        let mut reactor = local.reactor.borrow_mut();
        if self.0.get().is_none() {
            let key = reactor.watch(fd)?;
            if self.0.set((local.scheduler, key)).is_err() {
                reactor.unwatch(key, fd);
            }
        }
        let home = self.here(local);
        let key = match home {
            Some(key) => key,
            None => reactor.watch_guest(fd)?,
        };
        reactor.join(key, interest, task);
        Ok(Seat {
            key,
            guest: home.is_none().then_some(fd),
            interest,
            task,
        })
    }
}

/// A green thread's place among those who wait for a descriptor.
struct Seat<'a> {
    key: usize,
    /// The descriptor, if its home is elsewhere.
    guest: Option<BorrowedFd<'a>>,
    interest: Interest,
    task: usize,
}

impl Seat<'_> {
    fn leave(self, local: &Local) {
        let mut reactor = local.reactor.borrow_mut();
        reactor.leave(self.key, self.interest, self.task);
        if let Some(fd) = self.guest {
            reactor.unwatch_guest(fd);
        }
    }
}

/// Parks until one of the descriptors may be ready, or the deadline has come.
///
/// # Errors
/// The system's, when it will not watch one of them.
pub(crate) fn park_for_any<'a>(
    all: impl Iterator<Item = (&'a Source, BorrowedFd<'a>, Interest)>,
    deadline: Option<Instant>,
) -> io::Result<()> {
    let (local, task) = current().expect("only a green thread waits here");
    let mut seats = Vec::new();
    let mut result = Ok(());
    for (source, fd, interest) in all {
        match source.join(local, fd, interest, task) {
            Ok(seat) => seats.push(seat),
            Err(error) => result = Err(error),
        }
    }
    if result.is_ok() {
        park(deadline);
    }
    for seat in seats {
        seat.leave(local);
    }
    result
}

impl Drop for Source {
    fn drop(&mut self) {
        if let Some((scheduler, key)) = self.0.take() {
            match LOCAL.get() {
                Some(local) if std::ptr::eq(local.scheduler, scheduler) => {
                    local.reactor.borrow_mut().forget(key)
                }
                // It need not wake up for that.
                _ => scheduler.inbox.lock().push(Message::Forget(key)),
            }
        }
    }
}
