//! The one place where a handler's code waits for a descriptor.
//!
//! The first try is one plain system call, which on an ordinary thread may block. Whatever comes
//! back short goes on in one slow path: wait for readiness for what is left of the time, then call
//! again without blocking. So a timeout holds for a whole operation, a descriptor that was
//! non-blocking when it came to us works, and being woken is only a hint.

use std::cell::Cell;
use std::io;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;

pub(crate) use crate::green::Interest;
use crate::green::{self, Current, Source};

/// What is waited for: a descriptor, and its place among the green threads' descriptors.
#[derive(Clone, Copy)]
pub(crate) struct Awaited<'a> {
    pub(crate) fd: BorrowedFd<'a>,
    pub(crate) source: &'a Source,
}

impl<'a> Awaited<'a> {
    fn poll_fd(self, interest: Interest) -> PollFd<'a> {
        let flags = match interest {
            Interest::Read => PollFlags::IN,
            Interest::Write => PollFlags::OUT,
        };
        PollFd::from_borrowed_fd(self.fd, flags)
    }
}

/// How long an operation may take from now on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Patience {
    /// For ever.
    Unlimited,
    /// Not at all: what is not ready is `WouldBlock`.
    None,
    /// Until then: what is not ready by that time is `TimedOut`.
    Until(Instant),
}

thread_local! {
    /// Nothing waits on this thread now.
    static WITHOUT_WAITING: Cell<bool> = const { Cell::new(false) };
}

/// Runs what a user wrote where nobody can wait for it: meanwhile every socket on this thread is as
/// if its timeout were zero.
pub(crate) fn without_waiting<T>(run: impl FnOnce() -> T) -> T {
    struct Waiting(bool);
    impl Drop for Waiting {
        fn drop(&mut self) {
            WITHOUT_WAITING.set(self.0);
        }
    }
    let _waiting = Waiting(WITHOUT_WAITING.replace(true));
    run()
}

impl Patience {
    /// The patience of a socket with this timeout.
    pub(super) fn of_socket(timeout: Option<Duration>) -> Self {
        if WITHOUT_WAITING.get() {
            Patience::None
        } else {
            Self::from_timeout(timeout)
        }
    }

    /// A timeout as Python's `settimeout` takes it: none at all, or zero for a non-blocking socket.
    pub(crate) fn from_timeout(timeout: Option<Duration>) -> Self {
        match timeout {
            None => Patience::Unlimited,
            Some(Duration::ZERO) => Patience::None,
            // A time beyond what the clock can hold is for ever.
            Some(timeout) => match Instant::now().checked_add(timeout) {
                Some(end) => Patience::Until(end),
                None => Patience::Unlimited,
            },
        }
    }
}

/// Before something is tried: a green thread that has long had no need to wait lets others run, if it
/// would have waited at all.
#[inline]
pub(super) fn consume_budget(current: Option<Current>, patience: Patience) {
    if let Some(current) = current
        && !matches!(patience, Patience::None)
    {
        current.consume_budget();
    }
}

/// Calls `operation` until it has an answer. Its argument says whether the call may block.
#[inline]
pub(crate) fn until_ready<T>(
    awaited: Awaited<'_>,
    interest: Interest,
    patience: Patience,
    mut operation: impl FnMut(bool) -> rustix::io::Result<T>,
) -> io::Result<T> {
    let current = green::may_park();
    let waits = !matches!(patience, Patience::None);
    let drained = current.is_some_and(|current| {
        waits && interest == Interest::Read && awaited.source.is_drained(current)
    });
    if !drained {
        consume_budget(current, patience);
        // A Unix stream starts the time anew for every part of what it is given to send.
        let restarts = interest == Interest::Write && matches!(patience, Patience::Until(_));
        match operation(waits && current.is_none() && !restarts) {
            Err(Errno::AGAIN | Errno::INTR) => {}
            result => return Ok(result?),
        }
    }
    after_waiting(current, awaited, interest, patience, operation)
}

/// As [`until_ready`], but never blocks in the call itself, which would start the time anew: for
/// the parts of something longer.
pub(crate) fn part_until_ready<T>(
    awaited: Awaited<'_>,
    interest: Interest,
    patience: Patience,
    mut operation: impl FnMut(bool) -> rustix::io::Result<T>,
) -> io::Result<T> {
    let current = green::may_park();
    consume_budget(current, patience);
    if matches!(patience, Patience::Until(end) if Instant::now() >= end) {
        return Err(timed_out());
    }
    match operation(false) {
        Err(Errno::AGAIN | Errno::INTR) => {
            after_waiting(current, awaited, interest, patience, operation)
        }
        result => Ok(result?),
    }
}

/// Waits, and calls `operation` after that, until it has an answer.
#[inline]
fn after_waiting<T>(
    current: Option<Current>,
    awaited: Awaited<'_>,
    interest: Interest,
    patience: Patience,
    mut operation: impl FnMut(bool) -> rustix::io::Result<T>,
) -> io::Result<T> {
    /// A datagram socket is ready to be written even when the one who shall get it is not, and
    /// there is no event for that.
    const PAUSE: Duration = Duration::from_millis(1);
    let mut in_vain = false;
    loop {
        if in_vain && interest == Interest::Write {
            green::sleep(PAUSE);
            in_vain = false;
        } else {
            wait_on(current, awaited, interest, patience)?;
            in_vain = true;
        }
        // Always right before waiting: what is told while a green thread sleeps is told once.
        match operation(false) {
            Err(Errno::AGAIN | Errno::INTR) => {}
            result => return Ok(result?),
        }
        if let Patience::Until(end) = patience
            && Instant::now() >= end
        {
            return Err(timed_out());
        }
    }
}

pub(super) fn timed_out() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "timed out")
}

/// Waits until the descriptor is ready, or may be: a thread in `poll`, a green thread parked.
///
/// # Errors
/// `TimedOut` when the time is over, `WouldBlock` when there was none.
pub(crate) fn wait(awaited: Awaited<'_>, interest: Interest, patience: Patience) -> io::Result<()> {
    wait_on(green::may_park(), awaited, interest, patience)
}

#[inline]
fn wait_on(
    current: Option<Current>,
    awaited: Awaited<'_>,
    interest: Interest,
    patience: Patience,
) -> io::Result<()> {
    let end = match patience {
        Patience::None => return Err(Errno::AGAIN.into()),
        Patience::Unlimited => None,
        Patience::Until(end) => Some(end),
    };
    if let Some(current) = current {
        if end.is_some_and(|end| Instant::now() >= end) {
            return Err(timed_out());
        }
        return awaited.source.park(current, awaited.fd, interest, end);
    }
    if poll_until(&mut [awaited.poll_fd(interest)], end)? == 0 {
        return Err(timed_out());
    }
    Ok(())
}

/// Waits until the descriptor is ready for certain: for what cannot simply be tried again.
///
/// # Errors
/// As [`wait`].
pub(crate) fn until_polled(
    awaited: Awaited<'_>,
    interest: Interest,
    patience: Patience,
) -> io::Result<()> {
    let current = green::may_park();
    if current.is_none() {
        return wait_on(current, awaited, interest, patience);
    }
    while poll_until(&mut [awaited.poll_fd(interest)], Some(Instant::now()))? == 0 {
        wait_on(current, awaited, interest, patience)?;
    }
    Ok(())
}

/// `poll` that a signal does not end. Returns how many are ready; none when the time is over.
pub(crate) fn poll_until(fds: &mut [PollFd<'_>], end: Option<Instant>) -> io::Result<usize> {
    loop {
        let left = end.map(|end| end.saturating_duration_since(Instant::now()));
        let timeout = left.map(|left| Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: left.subsec_nanos().into(),
        });
        match rustix::event::poll(fds, timeout.as_ref()) {
            Err(Errno::INTR) => {}
            result => return Ok(result?),
        }
    }
}

/// Waits until one of the descriptors can be read or written. Returns which.
pub(super) fn select(
    read: &[Awaited<'_>],
    write: &[Awaited<'_>],
    patience: Patience,
) -> io::Result<(Vec<usize>, Vec<usize>)> {
    let end = match patience {
        Patience::Unlimited => None,
        Patience::None => Some(Instant::now()),
        Patience::Until(end) => Some(end),
    };
    let reads = read.iter().map(|awaited| (*awaited, Interest::Read));
    let writes = write.iter().map(|awaited| (*awaited, Interest::Write));
    let all: Vec<(Awaited<'_>, Interest)> = reads.chain(writes).collect();
    let mut fds: Vec<_> = all
        .iter()
        .map(|(awaited, interest)| awaited.poll_fd(*interest))
        .collect();
    if let Some(current) = green::may_park() {
        consume_budget(Some(current), patience);
        while poll_until(&mut fds, Some(Instant::now()))? == 0
            && end.is_none_or(|end| Instant::now() < end)
        {
            green::park_for_any(
                current,
                all.iter()
                    .map(|(awaited, interest)| (awaited.source, awaited.fd, *interest)),
                end,
            )?;
        }
    } else {
        poll_until(&mut fds, end)?;
    }
    let ready = |fds: &[PollFd<'_>]| {
        let ready = fds
            .iter()
            .enumerate()
            .filter(|(_, fd)| !fd.revents().is_empty());
        ready.map(|(index, _)| index).collect()
    };
    let (reads, writes) = fds.split_at(read.len());
    Ok((ready(reads), ready(writes)))
}
