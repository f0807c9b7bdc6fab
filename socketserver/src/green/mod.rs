//! Green threads: blocking code, tens of thousands of times at once.
//!
//! A green thread has a stack of its own and runs on one of a few threads, one for each core. Where
//! blocking code would wait for a socket of this crate, for a lock or a channel of this module, or
//! for a time, a green thread parks and another one runs. So a handler is written as for a thread,
//! and runs on a [`GreenTCPServer`](crate::GreenTCPServer) by the change of one name.
//!
//! Everything here works on an ordinary thread too, where it simply blocks.
//!
//! # Rules
//!
//! 1. *What waits in any other way stops its whole scheduler*: `std::thread::sleep`, `std::sync`
//!    locks that are held for long, files, name look-ups, other crates' sockets. Use what is in
//!    this module, and [`blocking`] for the rest.
//! 2. *A lock of `std` or `parking_lot` is not held across a call that may wait*: one of a socket or
//!    a channel, [`sleep`], [`blocking`], [`yield_now`], a `join` or a lock of this module. Even if
//!    what it would wait for is there already: every 32nd such call lets others run all the same
//!    (rule 3). The next green thread that wants the lock on the same scheduler would stop that one
//!    for good, since the owner cannot go on. [`Mutex`] may be held. `println!` is fine by itself;
//!    who holds `stdout().lock()` across a wait has a lock of `std`, and one that its neighbours
//!    on that scheduler enter as if it were theirs.
//! 3. *Who computes for long keeps its core.* After 100 ms a line in the log says so at warn level
//!    (`RUST_LOG=warn`), with the handler's name. Put it into [`blocking`], or call [`yield_now`]
//!    now and then. Who only talks need not: of the calls of sockets and channels that could have
//!    waited and did not have to, every 32nd lets the others run. Not counted is what never waits:
//!    a socket with a timeout of zero, what a reader already holds, what is sent into a channel
//!    without a limit.
//! 4. *Thread-locals are shared* by the green threads of a scheduler. A green thread never leaves
//!    its scheduler, so they do not change under it; but others write to them whenever it waits.
//! 5. *The stack is small*: 64 KiB (256 KiB without optimisation), and at its end the process ends,
//!    with a message. Put large buffers on the heap, or raise the `stack_size`.
//! 6. *In a panic nothing parks*: what is dropped then and talks to a socket blocks its scheduler
//!    for so long. What waits there for a neighbour, as for a [`Mutex`] that one holds, stops the
//!    scheduler for good, since the neighbour cannot go on.
//! 7. *What others keep a stack of in a thread-local is not held across a wait*: the guards of
//!    tracing spans, `scoped_tls`, anything that puts back at its end what it found. Green threads
//!    end in any order, so it would put back what is no longer there.
//!
//! Python: what `gevent` is for; there is nothing to patch here

mod blocking;
mod channel;
mod current;
mod interest;
mod marks;
mod reactor;
mod scheduler;
mod source;
mod sync;
mod timer;
mod watchdog;

use std::any::Any;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr;
use std::thread;
use std::time::{Duration, Instant};

pub use blocking::blocking;
pub use channel::{
    Receiver, RecvError, RecvTimeoutError, SendError, Sender, TryRecvError, channel,
};
pub(crate) use current::{Current, marks, may_park};
pub(crate) use interest::Interest;
pub(crate) use scheduler::start;
pub(crate) use source::{Source, park_for_any};
pub use sync::{Condvar, Mutex, MutexGuard};

use crate::panics::contained;
use crate::sys::stack::{self, Slab, SlabStack};
use current::{Unparker, current};
use scheduler::Birth;

/// Where this module's log lines go.
const TARGET: &str = "socketserver::green";

/// The stack of a green thread unless it is set: without optimisation frames are several times as
/// large.
pub(crate) const STACK_SIZE: usize = if cfg!(debug_assertions) {
    256 * 1024
} else {
    64 * 1024
};

/// Stacks of one size, for who starts many green threads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stacks(&'static Slab);

impl Stacks {
    pub(crate) fn of(stack_size: usize) -> Self {
        Stacks(stack::slab(stack_size))
    }

    /// Takes a stack, and with it everything that may fail.
    pub(crate) fn reserve(self) -> io::Result<Reserved> {
        start()?;
        Ok(Reserved(self.0.take()?))
    }
}

/// A green thread that only lacks what it is to run.
pub(crate) struct Reserved(SlabStack);

impl Reserved {
    /// Starts it on the scheduler that has the fewest.
    pub(crate) fn spawn(self, name: &'static str, run: impl FnOnce() + Send + 'static) {
        scheduler::spawn(Birth {
            stack: self.0,
            name,
            // Nothing may unwind into the scheduler.
            run: Box::new(move || {
                contained(TARGET, name, run);
            }),
        });
    }
}

/// Starts a green thread.
///
/// ```
/// use socketserver::green;
///
/// let greeting = green::spawn(|| "hello");
/// assert_eq!(greeting.join().unwrap(), "hello");
/// ```
///
/// # Panics
/// When there is no room for its stack, or the schedulers cannot be started. [`try_spawn`] gives an
/// error then.
pub fn spawn<T, F>(run: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    try_spawn(STACK_SIZE, run).expect("a green thread can be started")
}

/// Starts a green thread with a stack of at least `stack_size` bytes.
///
/// # Errors
/// `OutOfMemory` when there is no room for its stack; the system's, when the schedulers cannot be
/// started.
pub fn try_spawn<T, F>(stack_size: usize, run: F) -> io::Result<JoinHandle<T>>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let (sender, result) = channel(1);
    Stacks::of(stack_size)
        .reserve()?
        .spawn(std::any::type_name::<F>(), move || {
            // Nobody may be there to take it; then it is dropped here.
            drop(sender.send(catch_unwind(AssertUnwindSafe(run))));
        });
    Ok(JoinHandle(result))
}

/// The way to what a green thread returns. Dropping it lets the green thread go on by itself.
pub struct JoinHandle<T>(Receiver<thread::Result<T>>);

impl<T> JoinHandle<T> {
    /// Waits for its end.
    ///
    /// # Errors
    /// What it panicked with.
    pub fn join(self) -> thread::Result<T> {
        self.0.recv().unwrap_or_else(|_| {
            Err(Box::new("the green thread ended without a result") as Box<dyn Any + Send>)
        })
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle").finish_non_exhaustive()
    }
}

/// Whether this code runs on a green thread.
pub fn is_green() -> bool {
    current().is_some()
}

/// Waits for so long; for no time, it lets the others run.
///
/// Python: `time.sleep`, in seconds
pub fn sleep(time: Duration) {
    let Some(current) = may_park() else {
        return thread::sleep(time);
    };
    if time.is_zero() {
        return current.yield_now();
    }
    // A time beyond what the clock can hold is for ever.
    let end = Instant::now().checked_add(time);
    while end.is_none_or(|end| Instant::now() < end) {
        current.park(end, ptr::null());
    }
}

/// Lets other green threads of this scheduler run; on an ordinary thread, other threads.
pub fn yield_now() {
    match may_park() {
        Some(current) => current.yield_now(),
        None => thread::yield_now(),
    }
}

/// Somebody who waits, on whatever kind of thread, and can be woken from any.
struct Parker(Kind);

enum Kind {
    Green(Unparker),
    Thread(thread::Thread),
}

impl Parker {
    fn current() -> Self {
        Parker(match may_park() {
            Some(current) => Kind::Green(current.unparker()),
            None => Kind::Thread(thread::current()),
        })
    }

    fn unpark(&self) {
        match &self.0 {
            Kind::Green(unparker) => unparker.unpark(),
            Kind::Thread(thread) => thread.unpark(),
        }
    }

    /// Waits to be woken, or until the deadline, or for no reason at all. Only for who made it.
    fn park(&self, deadline: Option<Instant>) {
        match (&self.0, deadline) {
            (Kind::Green(_), _) => {
                let current = current().expect("only a green thread parks here");
                current.park(deadline, ptr::null());
            }
            (Kind::Thread(_), None) => thread::park(),
            (Kind::Thread(_), Some(deadline)) => {
                thread::park_timeout(deadline.saturating_duration_since(Instant::now()));
            }
        }
    }
}

/// What was caught elsewhere goes on here.
fn resume<T>(result: thread::Result<T>) -> T {
    result.unwrap_or_else(|payload| resume_unwind(payload))
}
