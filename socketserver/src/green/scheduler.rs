//! The part of a scheduler that every thread may use: its inbox, and what wakes it.
//!
//! Other threads never touch a scheduler's green threads. They send a [`Message`], and the
//! scheduler's own thread does the rest between two turns (see `local.rs`).
//!
//! ```text
//!    any thread                          the scheduler's thread
//!
//!    push the message                    asleep = true
//!    asleep was true?                    inbox empty?
//!        │ yes                              │ yes            │ no
//!        ▼                                  ▼                ▼
//!    write to wake_fd ─────────────►    epoll_wait       look, do not wait
//! ```
//!
//! Both sides write before they read, so at least one of them sees the other. Therefore a message
//! is never left in the inbox of a scheduler that sleeps.

use std::io;
use std::mem;
use std::os::fd::{AsFd, OwnedFd, RawFd};
use std::sync::atomic::{
    AtomicBool, AtomicUsize,
    Ordering::{Relaxed, SeqCst},
};

use parking_lot::Mutex;
use rustix::event::{EventfdFlags, eventfd};

use super::reactor;
use super::task::NewTask;
use super::watchdog::Activity;

/// What other threads ask of a scheduler.
pub(super) enum Message {
    /// To start a green thread.
    Start(NewTask),
    /// To wake the green thread with this number.
    Wake(usize),
    /// To forget the descriptor with this key, which was closed.
    Forget(usize),
    /// To wake the green threads that wait for a descriptor whose file has a new owner. They wait
    /// at this key if this is its home, and as guests of this number.
    Release { key: Option<usize>, guest: RawFd },
}

/// The shared part of a scheduler. There is one scheduler per core, from the first use to the end
/// of the process.
pub(super) struct Scheduler {
    /// Its place in the list of all schedulers.
    pub(super) number: usize,
    /// Where its descriptors are watched.
    pub(super) epoll: OwnedFd,
    pub(super) activity: Activity,
    inbox: Mutex<Vec<Message>>,
    /// It waits in its epoll, or is about to and will look at its inbox once more: a sender must
    /// wake it.
    asleep: AtomicBool,
    /// A sender writes to it, and it ends the wait in the epoll.
    wake_fd: OwnedFd,
    /// How many green threads were given to it and have not ended.
    live: AtomicUsize,
}

impl Scheduler {
    /// The shared part of a scheduler, without a thread yet.
    pub(super) fn new(number: usize) -> io::Result<Self> {
        let wake_fd = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Scheduler {
            number,
            epoll: reactor::create_epoll(wake_fd.as_fd())?,
            activity: Activity::default(),
            inbox: Mutex::default(),
            asleep: AtomicBool::new(false),
            wake_fd,
            live: AtomicUsize::new(0),
        })
    }

    /// Sends a message, and wakes the scheduler if it sleeps.
    pub(super) fn send(&self, message: Message) {
        self.send_without_waking(message);
        if self.asleep.swap(false, SeqCst) {
            // It fails only when the counter is full, which takes centuries.
            let _ = rustix::io::write(&self.wake_fd, &1u64.to_ne_bytes());
        }
    }

    /// Sends a message that the scheduler may read whenever it wakes the next time.
    pub(super) fn send_without_waking(&self, message: Message) {
        self.inbox.lock().push(message);
    }

    /// Takes all messages. `messages` must be empty; the two change places, so that neither has to
    /// grow anew, and the lock is held for a moment only.
    pub(super) fn take_messages(&self, messages: &mut Vec<Message>) {
        mem::swap(messages, &mut *self.inbox.lock());
    }

    /// Its thread is about to wait in the epoll. Returns whether it may: not if there are messages.
    pub(super) fn fall_asleep(&self) -> bool {
        self.activity.fall_asleep();
        self.asleep.store(true, SeqCst);
        self.inbox.lock().is_empty()
    }

    /// Its thread does not wait any more.
    pub(super) fn wake_up(&self) {
        self.asleep.store(false, SeqCst);
        self.activity.wake_up();
    }

    /// How many green threads it has.
    pub(super) fn live(&self) -> usize {
        self.live.load(Relaxed)
    }

    /// A green thread is given to it.
    pub(super) fn count_started(&self) {
        self.live.fetch_add(1, Relaxed);
    }

    /// One of its green threads has ended.
    pub(super) fn count_ended(&self) {
        self.live.fetch_sub(1, Relaxed);
    }
}
