//! The one place where a handler's code waits for a descriptor.
//!
//! The first try is one plain system call, which on an ordinary thread may block. Whatever comes back short goes on
//! in one slow path: wait for readiness for what is left of the time, then call again without blocking. So a timeout
//! holds for a whole operation, a descriptor that was non-blocking when it came to us works, and being woken is only
//! a hint.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;

/// What is waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Interest {
    Read,
    Write,
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

impl Patience {
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

/// Calls `operation` until it has an answer. Its argument says whether the call may block.
pub(crate) fn until_ready<T>(
    fd: BorrowedFd<'_>,
    interest: Interest,
    patience: Patience,
    mut operation: impl FnMut(bool) -> rustix::io::Result<T>,
) -> io::Result<T> {
    match operation(!matches!(patience, Patience::None)) {
        Err(Errno::AGAIN | Errno::INTR) => after_waiting(fd, interest, patience, operation),
        result => Ok(result?),
    }
}

/// As [`until_ready`], but without the first try: for what came back short, and for calls that know no `MSG_DONTWAIT`.
pub(crate) fn after_waiting<T>(
    fd: BorrowedFd<'_>,
    interest: Interest,
    patience: Patience,
    mut operation: impl FnMut(bool) -> rustix::io::Result<T>,
) -> io::Result<T> {
    loop {
        wait(fd, interest, patience)?;
        match operation(false) {
            Err(Errno::AGAIN | Errno::INTR) => {}
            result => return Ok(result?),
        }
    }
}

/// Waits until the descriptor is ready, or may be.
///
/// # Errors
/// `TimedOut` when the time is over, `WouldBlock` when there was none.
pub(crate) fn wait(fd: BorrowedFd<'_>, interest: Interest, patience: Patience) -> io::Result<()> {
    let end = match patience {
        Patience::None => return Err(Errno::AGAIN.into()),
        Patience::Unlimited => None,
        Patience::Until(end) => Some(end),
    };
    let flags = match interest {
        Interest::Read => PollFlags::IN,
        Interest::Write => PollFlags::OUT,
    };
    if poll_until(&mut [PollFd::from_borrowed_fd(fd, flags)], end)? == 0 {
        return Err(io::Error::new(io::ErrorKind::TimedOut, "timed out"));
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
pub(super) fn select<F: AsFd>(
    read: &[F],
    write: &[F],
    patience: Patience,
) -> io::Result<(Vec<usize>, Vec<usize>)> {
    let end = match patience {
        Patience::Unlimited => None,
        Patience::None => Some(Instant::now()),
        Patience::Until(end) => Some(end),
    };
    let watch = |flags| move |fd| PollFd::new(fd, flags);
    let reads = read.iter().map(watch(PollFlags::IN));
    let writes = write.iter().map(watch(PollFlags::OUT));
    let mut fds: Vec<PollFd<'_>> = reads.chain(writes).collect();
    poll_until(&mut fds, end)?;
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
