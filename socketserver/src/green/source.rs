//! How a green thread waits for a descriptor. It takes a seat at the descriptor, parks, and leaves
//! the seat when it goes on.
//!
//! A descriptor has a *home*: the scheduler on which it was first waited for. It is watched there
//! until it is closed, however often it is waited for, so that the usual wait needs no system call.
//! A socket may be shared, or handed on. A green thread of another scheduler is then a *guest*: its
//! own scheduler watches the descriptor too, but only as long as a guest waits there.
//!
//! ```text
//!    socket ── Source ──►  home: scheduler 2, key 17
//!                            │
//!      waits on scheduler 2: take a seat at key 17, park, leave
//!      waits on scheduler 0: watch it there as a guest, take a seat, park, leave, stop watching
//! ```
//!
//! The event that a green thread waits for cannot be lost between its last attempt and its parking.
//! Each scheduler looks at its epoll only between two turns; whatever happens before that waits in
//! the epoll.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;
use std::sync::atomic::{
    AtomicU64,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
};
use std::time::{Duration, Instant};

use rustix::io::Errno;

use super::cores::{scheduler, schedulers};
use super::current::{Current, current};
use super::local::{Local, local};
use super::reactor::{self, Interest};
use super::scheduler::Message;

/// What a descriptor's owner keeps beside it, so that green threads can wait for the descriptor.
/// It is dropped no later than the descriptor.
///
/// The upper half of the number is that of the home scheduler, counted from one; the lower half is
/// the key there. The other values mean that there is no home yet, or none any more.
#[derive(Debug, Default)]
pub(crate) struct Source(AtomicU64);

/// There is no home yet.
const NEW: u64 = 0;

/// The same, and the last read has taken less than it could.
const DRAINED: u64 = u64::MAX - 1;

/// The descriptor's file has a new owner, and nothing waits for it here any more.
const RELEASED: u64 = u64::MAX;

impl Source {
    /// The number of the home scheduler, and the key there.
    #[inline]
    fn home(&self) -> Option<(usize, usize)> {
        place(self.0.load(Acquire))
    }

    /// Sets the home. Returns whether it did: not if another thread was faster.
    fn set_home(&self, number: usize, key: usize) -> bool {
        self.replace_missing_home(((number as u64 + 1) << u32::BITS) | key as u64)
    }

    /// Changes the value if there is no home yet. Returns whether it did.
    fn replace_missing_home(&self, value: u64) -> bool {
        let replace = |old| matches!(old, NEW | DRAINED).then_some(value);
        self.0.fetch_update(Release, Relaxed, replace).is_ok()
    }

    /// The key of this descriptor on `local`, if that is its home.
    #[inline]
    fn key_on(&self, local: &Local) -> Option<usize> {
        self.home().filter(|(number, _)| *number == local.scheduler.number).map(|(_, key)| key)
    }

    /// Whether an attempt to read would be in vain, or is not worth it: [`park`](Self::park) returns
    /// at once if there is something to read after all.
    #[inline]
    pub(crate) fn is_drained(&self, current: Current) -> bool {
        let is_drained = |key| current.local.reactor.borrow().is_drained(key);
        match self.key_on(current.local) {
            Some(key) => is_drained(key),
            None => self.0.load(Relaxed) == DRAINED,
        }
    }

    /// A call has read less than it could have taken, so there is nothing more for now.
    #[inline]
    pub(crate) fn set_drained(&self) {
        let Some(Current { local, .. }) = current() else {
            return;
        };
        match self.key_on(local) {
            Some(key) => local.reactor.borrow_mut().set_drained(key),
            None => _ = self.replace_missing_home(DRAINED),
        }
    }

    /// Ends the watching of a descriptor whose file lives on under another number, with another
    /// owner. The epoll would watch that file for ever, because closing this number does not end
    /// it. Green threads that wait for the descriptor are woken, and [`park`](Self::park) fails.
    pub(crate) fn release(&self, fd: BorrowedFd<'_>) {
        // Without a home no green thread waits.
        let Some((number, key)) = place(self.0.swap(RELEASED, AcqRel)) else {
            return;
        };
        reactor::release(&scheduler(number).epoll, fd);
        for scheduler in schedulers() {
            scheduler.send(Message::Release {
                key: (scheduler.number == number).then_some(key),
                guest: fd.as_raw_fd(),
            });
        }
        // Messages are read in their order, so the green threads at the key are woken first.
        scheduler(number).send_without_waking(Message::Forget(key));
    }

    /// Ends the watching until the next wait, if this is the home and no green thread waits. What
    /// arrives at a descriptor that is watched costs its sender time.
    pub(crate) fn rest(&self, current: Current, fd: BorrowedFd<'_>) {
        let home = self.0.load(Acquire);
        let Some(key) = self.key_on(current.local) else {
            return;
        };
        let mut reactor = current.local.reactor.borrow_mut();
        // If it fails, the descriptor was released just now, and a message ends the watching.
        if !reactor.is_awaited(key) && self.0.compare_exchange(home, NEW, AcqRel, Relaxed).is_ok() {
            reactor.deregister(key, fd);
        }
    }

    /// Whether the descriptor's file has a new owner.
    #[inline]
    pub(crate) fn is_released(&self) -> bool {
        self.0.load(Relaxed) == RELEASED
    }

    /// Parks until the descriptor may be ready, or the deadline comes.
    ///
    /// # Errors
    /// The system's, when it will not watch the descriptor; "bad file descriptor" when that was
    /// released before.
    #[inline]
    pub(crate) fn park(
        &self,
        current: Current,
        fd: BorrowedFd<'_>,
        interest: Interest,
        deadline: Option<Instant>,
    ) -> io::Result<()> {
        let seat = self.take_seat(current, fd, interest)?;
        // The caller will look at its socket next, of which this is a part.
        current.park_with_hint(deadline, ptr::from_ref(self).cast());
        seat.leave(current);
        Ok(())
    }

    #[inline]
    fn take_seat<'a>(
        &self,
        current: Current,
        fd: BorrowedFd<'a>,
        interest: Interest,
    ) -> io::Result<Seat<'a>> {
        let Current { local, task } = current;
        let (key, guest_of) = match self.key_on(local) {
            Some(key) => (key, None),
            None => self.start_watching(local, fd)?,
        };
        local.reactor.borrow_mut().join(key, fd, interest, task);
        Ok(Seat { key, guest_of, interest })
    }

    /// Has the descriptor watched on `local`: permanently if it has no home yet, and otherwise as a
    /// guest's. Returns the key there, and in the latter case the descriptor.
    #[cold]
    fn start_watching<'a>(
        &self,
        local: &Local,
        fd: BorrowedFd<'a>,
    ) -> io::Result<(usize, Option<BorrowedFd<'a>>)> {
        let mut reactor = local.reactor.borrow_mut();
        if self.is_released() {
            return Err(Errno::BADF.into());
        }
        if self.home().is_none() {
            // A `select` may wait here for the descriptor alone. Its seats stay where they are.
            let of_guests = reactor.key_of_guests(fd);
            let key = of_guests.map_or_else(|| reactor.register(fd, true), Ok)?;
            let is_home = self.set_home(local.scheduler.number, key);
            match of_guests {
                Some(_) if is_home => reactor.keep_watching(fd),
                None if !is_home => reactor.deregister(key, fd),
                _ => {}
            }
            if !is_home {
                // It was released before it had a home, so no message comes that would wake a
                // guest.
                if self.is_released() {
                    return Err(Errno::BADF.into());
                }
            }
        }
        match self.key_on(local) {
            Some(key) => Ok((key, None)),
            // If it is released right now, the message about that comes after this turn.
            None => Ok((reactor.register_guest(fd, true)?, Some(fd))),
        }
    }
}

/// The number of a home scheduler, and the key there.
#[inline]
fn place(home: u64) -> Option<(usize, usize)> {
    let (number, key) = match home {
        NEW | DRAINED | RELEASED => return None,
        home => (home >> u32::BITS, home as u32),
    };
    Some((number as usize - 1, key as usize))
}

impl Drop for Source {
    fn drop(&mut self) {
        if let Some((number, key)) = self.home() {
            match local() {
                Some(local) if local.scheduler.number == number => {
                    local.reactor.borrow_mut().forget(key);
                }
                _ => scheduler(number).send_without_waking(Message::Forget(key)),
            }
        }
    }
}

/// A green thread's place among those that wait for a descriptor.
struct Seat<'a> {
    key: usize,
    /// The descriptor, if its home is another scheduler.
    guest_of: Option<BorrowedFd<'a>>,
    interest: Interest,
}

impl Seat<'_> {
    #[inline]
    fn leave(self, current: Current) {
        let mut reactor = current.local.reactor.borrow_mut();
        reactor.leave(self.key, self.interest, current.task);
        if let Some(fd) = self.guest_of {
            reactor.deregister_guest(fd);
        }
    }
}

/// Parks until one of the descriptors may be ready, or the deadline comes. A descriptor without a
/// source is watched during this call only. If its file is watched already, through another handle,
/// this returns after a short time, and the caller polls again.
///
/// # Errors
/// The system's, when it will not watch one of them.
pub(crate) fn park_for_any<'a>(
    current: Current,
    all: impl Iterator<Item = (Option<&'a Source>, BorrowedFd<'a>, Interest)>,
    deadline: Option<Instant>,
) -> io::Result<()> {
    const PAUSE: Duration = Duration::from_millis(10);
    let mut seats = Vec::new();
    let mut result = Ok(());
    let mut deadline = deadline;
    for (source, fd, interest) in all {
        let seat = match source {
            Some(source) => source.take_seat(current, fd, interest),
            None => take_guest_seat(current, fd, interest),
        };
        match seat {
            Ok(seat) => seats.push(seat),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let soon = Instant::now() + PAUSE;
                deadline = Some(deadline.map_or(soon, |deadline| deadline.min(soon)));
            }
            Err(error) => result = Err(error),
        }
    }
    if result.is_ok() {
        current.park(deadline);
    }
    for seat in seats {
        seat.leave(current);
    }
    result
}

fn take_guest_seat(
    Current { local, task }: Current,
    fd: BorrowedFd<'_>,
    interest: Interest,
) -> io::Result<Seat<'_>> {
    let mut reactor = local.reactor.borrow_mut();
    let key = reactor.register_guest(fd, false)?;
    reactor.join(key, fd, interest, task);
    Ok(Seat { key, guest_of: Some(fd), interest })
}
