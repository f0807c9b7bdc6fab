//! What green threads wait for: a descriptor's place at the scheduler that watches it.

use std::io;
use std::os::fd::BorrowedFd;
use std::ptr;
use std::sync::atomic::{
    AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};
use std::time::Instant;

use super::current::{Current, current};
use super::interest::Interest;
use super::reactor;
use super::scheduler::{Local, Message, local, scheduler};

/// A descriptor's place at the scheduler where it was first waited for. Whoever owns the descriptor
/// owns this too, and drops it no later.
///
/// The scheduler's number, counted from one, is above the place's; zero is none.
#[derive(Default)]
pub(crate) struct Source(AtomicU64);

impl Source {
    /// The number of its scheduler, and its place there.
    #[inline]
    fn home(&self) -> Option<(usize, usize)> {
        let (number, key) = match self.0.load(Acquire) {
            0 => return None,
            home => (home >> u32::BITS, home as u32),
        };
        Some((number as usize - 1, key as usize))
    }

    /// Takes that place for its home, unless it has one.
    fn set_home(&self, number: usize, key: usize) -> bool {
        let home = ((number as u64 + 1) << u32::BITS) | key as u64;
        self.0.compare_exchange(0, home, Release, Relaxed).is_ok()
    }

    /// Where this descriptor is watched, if that is here.
    #[inline]
    fn here(&self, local: &Local) -> Option<usize> {
        self.home()
            .filter(|(number, _)| *number == local.scheduler.number)
            .map(|(_, key)| key)
    }

    /// Whether there is certainly nothing to be read, so that trying would be in vain.
    #[inline]
    pub(crate) fn is_drained(&self, current: Current) -> bool {
        self.here(current.local)
            .is_some_and(|key| current.local.reactor.borrow().is_drained(key))
    }

    /// A call has read less than it could have: there is no more for now.
    #[inline]
    pub(crate) fn set_drained(&self) {
        if let Some(Current { local, .. }) = current()
            && let Some(key) = self.here(local)
        {
            local.reactor.borrow_mut().set_drained(key);
        }
    }

    /// The descriptor's file lives on under another number: it is no longer watched.
    pub(crate) fn release(&self, fd: BorrowedFd<'_>) {
        if let Some((number, _)) = self.home() {
            reactor::release(&scheduler(number).epoll, fd);
        }
    }

    /// Parks until the descriptor may be ready, or the deadline has come.
    ///
    /// # Errors
    /// The system's, when it will not watch the descriptor.
    #[inline]
    pub(crate) fn park(
        &self,
        current: Current,
        fd: BorrowedFd<'_>,
        interest: Interest,
        deadline: Option<Instant>,
    ) -> io::Result<()> {
        let seat = self.join(current, fd, interest)?;
        // Whoever comes back looks at the socket, of which this is a part.
        current.park(deadline, ptr::from_ref(self).cast());
        seat.leave(current);
        Ok(())
    }

    /// Joins those who wait for the descriptor here.
    #[inline]
    fn join<'a>(
        &self,
        current: Current,
        fd: BorrowedFd<'a>,
        interest: Interest,
    ) -> io::Result<Seat<'a>> {
        let Current { local, task } = current;
        let (key, guest) = match self.here(local) {
            Some(key) => (key, None),
            None => self.arrive(local, fd)?,
        };
        local.reactor.borrow_mut().join(key, interest, task);
        Ok(Seat {
            key,
            guest,
            interest,
        })
    }

    /// The first scheduler where anybody waits is the descriptor's home, which watches it from then
    /// on; any other watches it only as long as somebody is there.
    #[cold]
    fn arrive<'a>(
        &self,
        local: &Local,
        fd: BorrowedFd<'a>,
    ) -> io::Result<(usize, Option<BorrowedFd<'a>>)> {
        let mut reactor = local.reactor.borrow_mut();
        if self.home().is_none() {
            let key = reactor.watch(fd)?;
            if !self.set_home(local.scheduler.number, key) {
                reactor.unwatch(key, fd);
            }
        }
        match self.here(local) {
            Some(key) => Ok((key, None)),
            None => Ok((reactor.watch_guest(fd)?, Some(fd))),
        }
    }
}

/// A green thread's place among those who wait for a descriptor.
struct Seat<'a> {
    key: usize,
    /// The descriptor, if its home is elsewhere.
    guest: Option<BorrowedFd<'a>>,
    interest: Interest,
}

impl Seat<'_> {
    #[inline]
    fn leave(self, current: Current) {
        let mut reactor = current.local.reactor.borrow_mut();
        reactor.leave(self.key, self.interest, current.task);
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
    current: Current,
    all: impl Iterator<Item = (&'a Source, BorrowedFd<'a>, Interest)>,
    deadline: Option<Instant>,
) -> io::Result<()> {
    let mut seats = Vec::new();
    let mut result = Ok(());
    for (source, fd, interest) in all {
        match source.join(current, fd, interest) {
            Ok(seat) => seats.push(seat),
            Err(error) => result = Err(error),
        }
    }
    if result.is_ok() {
        current.park(deadline, ptr::null());
    }
    for seat in seats {
        seat.leave(current);
    }
    result
}

impl Drop for Source {
    fn drop(&mut self) {
        if let Some((number, key)) = self.home() {
            match local() {
                Some(local) if local.scheduler.number == number => {
                    local.reactor.borrow_mut().forget(key)
                }
                // It need not wake up for that.
                _ => scheduler(number).inbox.lock().push(Message::Forget(key)),
            }
        }
    }
}
