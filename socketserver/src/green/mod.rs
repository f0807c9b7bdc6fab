//! Green threads: blocking code, tens of thousands of times at once.
//!
//! A green thread has its own stack, but no thread of the system. A few *schedulers*, one per core,
//! run all green threads in turns. When the code on a green thread has to wait, the green thread
//! *parks* and another one runs. So a handler is written as for threads, and runs on a
//! [`GreenTCPServer`](crate::GreenTCPServer) after one name is changed.
//!
//! A green thread parks in *waiting calls*: all functions of this crate that may have to wait. These
//! are the calls of sockets, their files and servers, those of a [`channel`], [`Mutex::lock`],
//! [`Condvar::wait`], [`JoinHandle::join`], [`scope`], [`sleep`], [`blocking`], [`yield_now`], and
//! functions that use sockets, such as [`select`](crate::select). Two drops are waiting calls too:
//! that of a [`SocketWriter`](crate::SocketWriter), which sends the rest of its buffer, and that of
//! a server or its handle, which closes the server. On an ordinary thread all of them work too, and
//! simply block.
//!
//! A program that uses green threads calls [`enable`] first in `main`. It is an unsafe function,
//! because calling it promises that the program keeps rule 7.
//!
//! # Rules
//!
//! 1. *Wait in waiting calls only.* Any other call that blocks stops its scheduler, with all green
//!    threads there, even if a library makes the call. For example: `std::thread::sleep`, `join`
//!    and `scope`; channels, barriers and condition variables of `std::sync`, and a lock that is
//!    held for long; `std::io::stdin`, files and `Command`; sockets and name look-ups of other
//!    crates. Use the counterpart in this module, or put the call into [`blocking`].
//! 2. *Hold no lock of `std` or `parking_lot` during a waiting call.* While the owner of such a
//!    lock is parked, another green thread of its scheduler may ask for the lock, and then blocks
//!    the scheduler. The owner can never run again, and both are stuck permanently. This holds even
//!    for a waiting call that need not wait, because such a call sometimes yields (rule 3). A
//!    [`Mutex`] of this module may be held. `println!` is fine. But `stdout().lock()` is a lock of
//!    `std`: it belongs to a thread, so all green threads of one scheduler can hold it at the same
//!    time.
//! 3. *Do not compute for long.* A green thread that computes keeps its core to itself. After 100
//!    ms the handler's name is logged at warn level (`RUST_LOG=warn`). Put the computation into
//!    [`blocking`], or call [`yield_now`] every few milliseconds. A green thread that uses sockets
//!    and channels need not call it: after 31 waiting calls that returned at once, the next one
//!    yields. Calls that can never wait do not count: on a socket with a timeout of zero, reads of
//!    buffered data, and sends into a channel without a limit.
//! 4. *Thread-locals are shared* by the green threads of a scheduler. A green thread never leaves
//!    its scheduler, so it always sees the same thread-locals. But during each waiting call other
//!    green threads may change their values.
//! 5. *The stack is small*: 192 KiB, or 960 KiB in a build without optimisation. A green thread
//!    that needs more ends the whole process, with a message. When three quarters are used, the log
//!    has a warning. Put large buffers on the heap, or raise the `stack_size`. Only the pages that
//!    were used take memory, unless the program calls `mlockall(MCL_FUTURE)` without
//!    `MCL_ONFAULT`.
//! 6. *A green thread that panics cannot park.* If a value that is dropped during the panic talks
//!    to a socket, the socket's timeout counts as zero. A call that would have to wait fails with
//!    `WouldBlock`. Other waiting calls block the scheduler. If one waits for another
//!    green thread of the scheduler, such as the owner of a [`Mutex`], both are stuck permanently.
//! 7. *Make no waiting call inside `LocalKey::with`, or in the initializer of a `thread_local!`.*
//!    Another green thread could drop the value that the closure has borrowed: this is **undefined
//!    behaviour**. Calling [`enable`] promises that it does not happen. A guard that restores a
//!    thread-local when it is dropped, such as that of a tracing span, is safe. But it restores an
//!    outdated value, because green threads end in any order.
//!
//! Python: the package `gevent`; here, nothing is patched

// Layers. A file imports only files on lines below its own:
//
//     blocking            scope         calls that block, on a pool of threads  threads that borrow
//     spawn                             starting and joining green threads
//     channel  sync                     what user code waits with
//     wait_queue          source        waiting for other code   waiting for a descriptor
//     current             cores         the green thread on which code runs   all schedulers
//     local                             a scheduler's loop, on its own thread
//     scheduler           prefetch      what other threads use of it   memory before it is needed
//     reactor  timers  watchdog  task   descriptors, deadlines, long turns, one green thread
//
// `sys` has the coroutines and their stacks.

mod blocking;
mod channel;
mod cores;
mod current;
mod local;
mod prefetch;
mod reactor;
mod scheduler;
mod scope;
mod source;
mod spawn;
mod sync;
mod task;
mod timers;
mod wait_queue;
mod watchdog;

pub use crate::channel_errors::{
    RecvError, RecvTimeoutError, SendError, TryRecvError, TrySendError,
};
pub use crate::sys::coroutine::enable;
pub use crate::sys::scope::Scope;
pub use blocking::blocking;
pub(crate) use channel::permits;
pub use channel::{Receiver, Sender, channel};
pub(crate) use cores::{count_cores, start};
pub(crate) use current::{
    Current, Unparker, enclosing_request, enclosing_servers, mark_idle, may_park, must_not_wait,
    number, report_parking,
};
pub use current::{is_green, sleep, yield_now};
pub(crate) use reactor::Interest;
pub use scope::{ScopedJoinHandle, scope};
pub(crate) use source::{Source, park_for_any};
pub use spawn::{JoinHandle, spawn, try_spawn};
pub(crate) use spawn::{STACK_SIZE, Stacks};
pub use sync::{Condvar, Mutex, MutexGuard};
pub(crate) use wait_queue::{WaitQueue, Waited};

/// Where this folder's log lines go.
const TARGET: &str = "socketserver::green";
