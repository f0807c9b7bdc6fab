//! Green threads: blocking code, tens of thousands of times at once.
//!
//! A green thread has a stack of its own, but no thread of the system. A few *schedulers*, one per
//! core, run all green threads in turns. When the code on a green thread has to wait, for a socket
//! of this crate, for a lock or a channel of this module, or for a time, the green thread parks and
//! another one runs. So a handler is written as for threads, and runs on a
//! [`GreenTCPServer`](crate::GreenTCPServer) after one name is changed.
//!
//! Everything in this module also works on an ordinary thread, where it simply blocks.
//!
//! # Rules
//!
//! 1. *Wait only in the ways of this crate.* Any other call that blocks stops its scheduler, with
//!    all green threads there: `std::thread::sleep`, a `std::sync` lock that is held for long,
//!    files, name look-ups, sockets of other crates. This module has replacements for some of them,
//!    and [`blocking`] for the rest.
//! 2. *Release every lock of `std` or `parking_lot` before a call that may wait.* Those calls are: a
//!    socket's, a channel's, [`sleep`], [`blocking`], [`yield_now`], a `join`, and taking a lock of
//!    this module. Suppose that a green thread waits while it holds a `std` lock, and another one on
//!    its scheduler asks for that lock. The second blocks the scheduler, the first never runs again,
//!    and both are stuck permanently. That can happen even if the data is already there, because
//!    every 32nd such call yields anyway (rule 3). A [`Mutex`] of this module may be held.
//!    `println!` is fine. `stdout().lock()` is not, if it is held across such a call: it is a lock
//!    of `std`, and the other green threads of the scheduler can enter it as if it were theirs.
//! 3. *Do not compute for long.* A green thread that computes keeps its core to itself. After 100 ms
//!    a line in the log says so, with the handler's name, at warn level (`RUST_LOG=warn`). Put the
//!    computation into [`blocking`], or call [`yield_now`] now and then. A green thread that only
//!    does I/O need not: every 32nd call that could have waited but did not have to yields to the
//!    others. Calls that never wait are not counted: those on a socket with a timeout of zero, a
//!    read of what a reader has already buffered, a send into a channel without a limit.
//! 4. *Thread-locals are shared* by all green threads of a scheduler. A green thread never leaves
//!    its scheduler, so it always sees the same ones, but the others may change their values
//!    whenever it waits.
//! 5. *The stack is small*: 64 KiB, or 256 KiB in a build without optimisation. A green thread that
//!    uses more ends the whole process, with a message. Put large buffers on the heap, or raise the
//!    `stack_size`.
//! 6. *A green thread that panics cannot park.* If a value that is dropped during a panic uses a
//!    socket, it blocks its scheduler meanwhile. If it waits for another green thread of the
//!    scheduler, such as the owner of a [`Mutex`], both are stuck permanently.
//! 7. *Drop guards that restore a thread-local before a call that may wait*: those of tracing spans,
//!    of `scoped_tls`, and the like. They expect to be dropped in reverse order, but green threads
//!    take turns and end in any order, so such a guard would restore an outdated value.
//!
//! Python: what `gevent` is for; there is nothing to patch here

// How the files lie on top of each other; each uses only files below it:
//
//     blocking                              calls that block, on the threads of a pool
//     spawn                                 starting, joining
//     channel   sync                        what user code waits with
//     wait_queue               source       waiting for other code; for a descriptor
//     current                               the green thread on which code runs
//     cores                                 all schedulers
//     local                                 one scheduler: its loop, on its own thread
//     scheduler                             the part of it that every thread may use
//     reactor   timers   prefetch           descriptors, deadlines, memory
//     watchdog  task                        turns that are too long; what a green thread is
//     interest  nesting                     two small words
//
// `sys` has the coroutines and their stacks.

mod blocking;
mod channel;
mod cores;
mod current;
mod interest;
mod local;
mod nesting;
mod prefetch;
mod reactor;
mod scheduler;
mod source;
mod spawn;
mod sync;
mod task;
mod timers;
mod wait_queue;
mod watchdog;

pub use blocking::blocking;
pub use channel::{
    Receiver, RecvError, RecvTimeoutError, SendError, Sender, TryRecvError, channel,
};
pub(crate) use cores::start;
pub(crate) use current::{Current, enclosing_servers, may_park};
pub use current::{is_green, sleep, yield_now};
pub(crate) use interest::Interest;
pub(crate) use source::{Source, park_for_any};
pub use spawn::{JoinHandle, spawn, try_spawn};
pub(crate) use spawn::{STACK_SIZE, Stacks};
pub use sync::{Condvar, Mutex, MutexGuard};
