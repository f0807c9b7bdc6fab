//! What the rest of the crate asks of green threads, where there are none.

mod interest;
mod marks;

use std::io;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

pub(crate) use self::interest::Interest;
/// Every thread is an ordinary one.
pub(crate) use self::marks::of_this_thread as marks;

/// A descriptor's place among those that green threads wait for: none.
#[derive(Default)]
pub(crate) struct Source(());

impl Source {
    pub(crate) fn is_drained(&self, current: Current) -> bool {
        match current {}
    }

    pub(crate) fn set_drained(&self) {}

    pub(crate) fn release(&self, _fd: BorrowedFd<'_>) {}

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

/// The green thread on which this code runs: none.
#[derive(Clone, Copy)]
pub(crate) enum Current {}

impl Current {
    pub(crate) fn consume_budget(self) {
        match self {}
    }
}

/// Every thread is an ordinary one.
pub(crate) fn may_park() -> Option<Current> {
    None
}

pub(crate) fn sleep(time: Duration) {
    std::thread::sleep(time);
}

pub(crate) fn park_for_any<'a>(
    current: Current,
    _all: impl Iterator<Item = (&'a Source, BorrowedFd<'a>, Interest)>,
    _deadline: Option<Instant>,
) -> io::Result<()> {
    match current {}
}
