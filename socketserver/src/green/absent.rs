//! What the rest of the crate asks of green threads, where there are none.

use std::cell::RefCell;
use std::io;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interest {
    Read,
    Write,
}

/// A descriptor's place among those that green threads wait for: none.
#[derive(Default)]
pub(crate) struct Source(());

impl Source {
    pub(crate) fn is_drained(&self) -> bool {
        false
    }

    pub(crate) fn set_drained(&self) {}

    pub(crate) fn release(&self, _fd: BorrowedFd<'_>) {}

    pub(crate) fn park(
        &self,
        _fd: BorrowedFd<'_>,
        _interest: Interest,
        _deadline: Option<Instant>,
    ) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// Every thread is an ordinary one.
pub(crate) fn may_park() -> bool {
    false
}

pub(crate) fn sleep(time: Duration) {
    std::thread::sleep(time);
}

pub(crate) fn park_for_any<'a>(
    _all: impl Iterator<Item = (&'a Source, BorrowedFd<'a>, Interest)>,
    _deadline: Option<Instant>,
) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Numbers that code has put down on this thread.
pub(crate) fn marks<T>(with: impl FnOnce(&mut Vec<u64>) -> T) -> T {
    crate::sync::thread_local! {
        static MARKS: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
    }
    // As a thread ends its thread-locals do, this one perhaps before one with a server.
    let mut marks = MARKS.try_with(|kept| kept.take()).unwrap_or_default();
    let result = with(&mut marks);
    let _ = MARKS.try_with(|kept| *kept.borrow_mut() = marks);
    result
}
