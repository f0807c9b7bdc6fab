//! What a scheduler knows of one green thread, and how parking and waking change it.
//!
//! ```text
//!                    ┌───────────────── wake ──────────────────┐
//!                    ▼                                         │
//!    start ───►    Awake   ───────────── park ────────────►  Parked, or
//!                    │                                       ParkedUntilDeadline
//!                   wake    (it has not parked yet)
//!                    ▼
//!                 Notified ─── park returns at once ───►  Awake
//! ```
//!
//! `Notified` is why no wake is lost. If a green thread is woken between its last look at what it
//! waits for and its parking, that parking returns at once.

use std::ptr;

use crate::nesting::EnclosingServers;
use crate::sys::coroutine::Coroutine;
use crate::sys::stack::CoroutineStack;

/// A green thread that has not been given to a scheduler yet.
pub(super) struct NewTask {
    pub(super) stack: CoroutineStack,
    pub(super) name: &'static str,
    pub(super) run: Box<dyn FnOnce() + Send>,
}

/// A green thread. The fields that every turn touches come first and share one cache line, because
/// that line is rarely in a cache when the turn comes (see `prefetch.rs`).
#[repr(C, align(64))]
pub(super) struct Task {
    /// None while it runs.
    pub(super) coroutine: Option<Coroutine>,
    /// The address that it will read first when it goes on, apart from its stack. Null if unknown.
    /// Used only for prefetching.
    pub(super) prefetch_hint: *const u8,
    state: State,
    /// The size of its stack, in KiB.
    stack_kib: u32,
    pub(super) enclosing_servers: EnclosingServers,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// It runs, or is queued to run.
    Awake,
    /// The same, and it was woken meanwhile: its next parking returns at once.
    Notified,
    /// It waits to be woken.
    Parked,
    /// It waits to be woken, or for its deadline.
    ParkedUntilDeadline,
}

impl Task {
    pub(super) fn new(new: NewTask) -> Self {
        Task {
            stack_kib: u32::try_from(new.stack.size() / 1024).unwrap_or(u32::MAX),
            coroutine: Some(Coroutine::new(new.stack, new.run)),
            prefetch_hint: ptr::null(),
            state: State::Awake,
            enclosing_servers: EnclosingServers::new(),
        }
    }

    /// Marks it as parked. Returns whether it must wait: not if it was woken already.
    #[inline]
    pub(super) fn park(&mut self, has_deadline: bool, prefetch_hint: *const u8) -> bool {
        if self.state == State::Notified {
            self.state = State::Awake;
            return false;
        }
        self.prefetch_hint = prefetch_hint;
        self.state = match has_deadline {
            false => State::Parked,
            true => State::ParkedUntilDeadline,
        };
        true
    }

    /// Wakes it. Returns whether it must be queued to run: not if it has not parked.
    #[inline]
    pub(super) fn wake(&mut self) -> bool {
        let parked = matches!(self.state, State::Parked | State::ParkedUntilDeadline);
        self.state = match parked {
            true => State::Awake,
            false => State::Notified,
        };
        parked
    }

    /// The size of its stack, in bytes.
    pub(super) fn stack_size(&self) -> usize {
        self.stack_kib as usize * 1024
    }

    /// Whether it waits for a deadline.
    pub(super) fn has_deadline(&self) -> bool {
        self.state == State::ParkedUntilDeadline
    }
}

#[cfg(all(test, target_pointer_width = "64"))]
mod tests {
    use std::mem::{offset_of, size_of};

    use super::*;

    #[test]
    fn hot_fields_share_one_cache_line() {
        assert!(offset_of!(Task, enclosing_servers) <= 64);
        // The slab's note of whether there is a task costs no memory either.
        assert_eq!(size_of::<Option<Task>>(), 128);
    }
}
