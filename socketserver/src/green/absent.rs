//! Stands in for green threads on systems that have none: the items that the rest of the crate
//! uses, with the same names. No thread is ever green, so nearly all of it cannot be reached.

mod interest;
mod nesting;

use std::io;
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

pub(crate) use self::interest::Interest;
pub(crate) use self::nesting::has_nonblocking_sockets as must_not_wait;
pub(crate) use self::nesting::nonblocking_sockets;
/// Every thread is an ordinary one.
pub(crate) use self::nesting::of_this_thread as enclosing_servers;

/// What a descriptor's owner keeps beside it for those that wait: whether it was released.
#[derive(Default)]
pub(crate) struct Source(AtomicBool);

impl Source {
    pub(crate) fn is_drained(&self, current: Current) -> bool {
        match current {}
    }

    pub(crate) fn set_drained(&self) {}

    pub(crate) fn is_released(&self) -> bool {
        self.0.load(Relaxed)
    }

    pub(crate) fn release(&self, _fd: BorrowedFd<'_>) {
        self.0.store(true, Relaxed);
    }

    pub(crate) fn park(
        &self,
        current: Current,
        _fd: BorrowedFd<'_>,
        _interest: Interest,
        _deadline: Option<Instant>,
    ) -> io::Result<()> {
        match current {}
    }
}

/// The green thread on which this code runs: it cannot exist.
#[derive(Clone, Copy)]
pub(crate) enum Current {}

impl Current {
    pub(crate) fn consume_budget(self) {
        match self {}
    }
}

/// Never: this code runs on an ordinary thread.
pub(crate) fn may_park() -> Option<Current> {
    None
}

pub(crate) fn sleep(time: Duration) {
    std::thread::sleep(time);
}

pub(crate) fn yield_now() {
    std::thread::yield_now();
}

pub(crate) fn park_for_any<'a>(
    current: Current,
    _all: impl Iterator<Item = (&'a Source, BorrowedFd<'a>, Interest)>,
    _deadline: Option<Instant>,
) -> io::Result<()> {
    match current {}
}
