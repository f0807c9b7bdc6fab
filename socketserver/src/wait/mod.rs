//! The seam between threads and green threads: the one place where an operation waits for a
//! descriptor.
//!
//! The first try is one plain system call, which may block on an ordinary thread. If it returns
//! without a result, everything else is one slow path: wait until the descriptor is ready, for the
//! rest of the time, then call again without blocking. Three things follow. A timeout covers a
//! whole operation, a descriptor that arrived non-blocking works, and a wake-up is only a hint.
//!
//! `select.rs` waits for several descriptors, `turn.rs` for other threads that use the same one,
//! and `next.rs` for a client's next request or the end of the server.

mod gone;
#[cfg(feature = "http")]
mod next;
mod select;
mod turn;

use std::io;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use smallvec::{SmallVec, smallvec};

use crate::green::{self, Current, Source};
pub(crate) use crate::green::{Interest, sleep, yield_now};
pub(crate) use crate::nesting::nonblocking_sockets;
use gone::failed;
pub(crate) use gone::{PeerGone, without_peer};
#[cfg(feature = "http")]
pub(crate) use next::{Calls, End, NEVER, receive_unless};
#[cfg(not(loom))]
pub(crate) use select::readable;
pub use select::{Ready, Selectable, select};
pub(crate) use turn::{Turn, Turns};

/// What an operation waits for: a descriptor, and its place among the descriptors that green
/// threads wait for.
#[derive(Clone, Copy, Debug)]
pub struct Awaited<'a> {
    pub(crate) fd: BorrowedFd<'a>,
    pub(crate) source: &'a Source,
}

impl<'a> Awaited<'a> {
    pub(crate) fn poll_fd(self, interest: Interest) -> PollFd<'a> {
        let flags = match interest {
            Interest::Read => PollFlags::IN,
            Interest::Write => PollFlags::OUT,
        };
        PollFd::from_borrowed_fd(self.fd, flags)
    }
}

/// How long an operation may take from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// Forever.
    Forever,
    /// Not at all: an operation that is not ready fails with `WouldBlock`.
    Nonblocking,
    /// Until then: an operation that is not ready by that time fails with `TimedOut`.
    Until(Instant),
}

/// Whether an operation begins with this call, or goes on with time that is already running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    First,
    Later,
}

impl Patience {
    /// The patience of an operation with this timeout. `Nonblocking` in code that must not wait.
    pub(crate) fn of_socket(timeout: Option<Duration>) -> Self {
        if green::must_not_wait() { Patience::Nonblocking } else { Self::from_timeout(timeout) }
    }

    /// The patience for a timeout as Python's `settimeout` takes it: `None` waits for ever, zero
    /// does not wait.
    pub(crate) fn from_timeout(timeout: Option<Duration>) -> Self {
        match timeout {
            None => Patience::Forever,
            Some(Duration::ZERO) => Patience::Nonblocking,
            // Longer than the clock can count is for ever.
            Some(timeout) => match Instant::now().checked_add(timeout) {
                Some(end) => Patience::Until(end),
                None => Patience::Forever,
            },
        }
    }

    /// When a wait ends at the latest.
    pub(crate) fn end(self) -> Option<Instant> {
        match self {
            Patience::Forever => None,
            Patience::Nonblocking => Some(Instant::now()),
            Patience::Until(end) => Some(end),
        }
    }

    /// The same, for a wait that must not begin without patience.
    ///
    /// # Errors
    /// `WouldBlock`.
    pub(crate) fn end_of_wait(self) -> io::Result<Option<Instant>> {
        match self {
            Patience::Nonblocking => Err(Errno::AGAIN.into()),
            patience => Ok(patience.end()),
        }
    }

    pub(crate) fn is_over(self) -> bool {
        matches!(self, Patience::Until(end) if Instant::now() >= end)
    }

    /// Whether the system's own timeout measures this patience, so that the call itself may block.
    ///
    /// That timeout starts with the call, which is wrong for a later part of an operation. When
    /// sending on a Unix stream it even starts anew for every piece of the data.
    fn is_kept_by_the_system(self, interest: Interest, part: Part) -> bool {
        match self {
            Patience::Forever => true,
            Patience::Nonblocking => false,
            Patience::Until(_) => interest == Interest::Read && part == Part::First,
        }
    }
}

/// Called before an operation is tried: a green thread yields if its last operations have all
/// completed without a wait. An operation that may not wait does not count.
#[inline]
pub(crate) fn consume_budget(current: Option<Current>, patience: Patience) {
    if let Some(current) = current
        && patience != Patience::Nonblocking
    {
        current.consume_budget();
    }
}

/// One try of an operation with a timeout. Most need no second one, and so no clock. `None` if it
/// did not succeed at once.
#[inline]
pub(crate) fn try_once<T>(
    awaited: Awaited<'_>,
    operation: impl FnOnce(bool) -> rustix::io::Result<T>,
) -> Option<io::Result<T>> {
    let current = green::may_park();
    if !green::must_not_wait() {
        consume_budget(current, Patience::Forever);
    }
    if current.is_some() && awaited.source.is_released() {
        return None;
    }
    match operation(false) {
        Err(Errno::AGAIN | Errno::INTR) => None,
        result => Some(result.map_err(failed)),
    }
}

/// Calls `operation` until it has a result. Its argument says whether the call may block.
///
/// # Errors
/// `TimedOut` when the time is over, `WouldBlock` when there was none; the operation's.
#[inline]
pub(crate) fn until_ready<T>(
    awaited: Awaited<'_>,
    interest: Interest,
    (patience, part): (Patience, Part),
    mut operation: impl FnMut(bool) -> rustix::io::Result<T>,
) -> io::Result<T> {
    let current = green::may_park();
    let is_drained = current.is_some_and(|current| {
        patience != Patience::Nonblocking
            && interest == Interest::Read
            && awaited.source.is_drained(current)
    });
    if !is_drained {
        consume_budget(current, patience);
        if current.is_some() && awaited.source.is_released() {
            // Another green thread has detached the socket while this one yielded.
            return Err(Errno::BADF.into());
        }
        if part == Part::Later && patience.is_over() {
            return Err(timed_out());
        }
        let may_block = current.is_none() && patience.is_kept_by_the_system(interest, part);
        match operation(may_block) {
            Err(Errno::AGAIN | Errno::INTR) => {}
            result => return result.map_err(failed),
        }
    }
    wait_and_retry(current, awaited, interest, patience, operation)
}

/// Waits, then calls `operation`, until it has a result.
#[inline]
fn wait_and_retry<T>(
    current: Option<Current>,
    awaited: Awaited<'_>,
    interest: Interest,
    patience: Patience,
    mut operation: impl FnMut(bool) -> rustix::io::Result<T>,
) -> io::Result<T> {
    /// A datagram socket polls as writable even when the receiver's queue is full, and there is no
    /// event for room in that queue.
    const PAUSE: Duration = Duration::from_millis(1);
    let mut was_ready_in_vain = false;
    loop {
        if was_ready_in_vain && interest == Interest::Write {
            green::sleep(PAUSE);
            if patience.is_over() {
                return Err(timed_out());
            }
            was_ready_in_vain = false;
        } else {
            wait_on(current, awaited, interest, patience)?;
            was_ready_in_vain = true;
        }
        if awaited.source.is_released() {
            // What comes now is the new owner's.
            return Err(Errno::BADF.into());
        }
        // Always tried right before waiting, because an event is reported only once.
        match operation(false) {
            Err(Errno::AGAIN | Errno::INTR) => {}
            result => return result.map_err(failed),
        }
        if patience.is_over() {
            return Err(timed_out());
        }
    }
}

pub(crate) fn timed_out() -> io::Error {
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
    let end = patience.end_of_wait()?;
    if let Some(current) = current {
        if patience.is_over() {
            return Err(timed_out());
        }
        awaited.source.park(current, awaited.fd, interest, end)?;
        // Parking ends at the deadline, too. And a call may succeed though the descriptor is not
        // ready, such as a send when there is only a little room. An ordinary thread would not make
        // that call any more, because `poll` has reported the end of the time.
        if !patience.is_over() {
            return Ok(());
        }
    }
    if poll_until(&mut [awaited.poll_fd(interest)], end)? == 0 {
        return Err(timed_out());
    }
    Ok(())
}

/// Waits until the descriptor is certainly ready: for an operation that cannot simply be retried.
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

/// Waits until the descriptor can be read. Returns `false` if `stop` can be read and the descriptor
/// cannot. A green thread looks at `stop` only when it is woken.
///
/// # Errors
/// As [`wait`].
pub(crate) fn readable_unless(
    awaited: Awaited<'_>,
    stop: Option<BorrowedFd<'_>>,
    patience: Patience,
) -> io::Result<bool> {
    let current = green::may_park();
    consume_budget(current, patience);
    let now = Some(Instant::now());
    let end = patience.end();
    let stop = stop.as_ref().map(|stop| PollFd::new(stop, PollFlags::IN));
    let mut fds: SmallVec<[PollFd<'_>; 2]> = smallvec![awaited.poll_fd(Interest::Read)];
    fds.extend(stop);
    loop {
        let until = if current.is_some() { now } else { end };
        if poll_until(&mut fds, until)? > 0 {
            return Ok(!fds[0].revents().is_empty());
        }
        match current {
            _ if patience == Patience::Nonblocking => return Err(Errno::AGAIN.into()),
            Some(current) if !patience.is_over() => {
                awaited.source.park(current, awaited.fd, Interest::Read, end)?;
            }
            _ => return Err(timed_out()),
        }
    }
}

/// Whether the peer has ended its stream, or the connection has failed.
pub(crate) fn has_peer_closed(awaited: Awaited<'_>) -> io::Result<bool> {
    // Errors are reported in any case.
    let mut fds = [PollFd::from_borrowed_fd(awaited.fd, PollFlags::RDHUP)];
    Ok(poll_until(&mut fds, Some(Instant::now()))? > 0)
}

/// The rest of the time of a client for the first step of the current request. The time that the
/// client has kept the server waiting is used up; the time until a worker was free does not count.
/// Call this once, because later steps have other times.
#[cfg(any(feature = "proxy", feature = "tls"))]
pub(crate) fn left_of_first_step(time: Duration) -> Duration {
    /// The rest may have come meanwhile.
    const LEAST: Duration = Duration::from_millis(1);
    let request = green::enclosing_request();
    let silence = request.map_or(Duration::ZERO, |request| request.take_silence());
    time.saturating_sub(silence).max(LEAST)
}

/// Whether this code can park, and so must not block.
pub(crate) fn can_park() -> bool {
    green::may_park().is_some()
}

/// Waits on a green thread for a condition that ordinary threads make true, and that wakes only
/// such threads: checks it after growing pauses. Returns whether it holds; it does not if `end`
/// came first.
pub(crate) fn park_until(condition: impl Fn() -> bool, end: Option<crate::sync::Instant>) -> bool {
    const LONGEST: Duration = Duration::from_millis(10);
    let mut pause = Duration::from_micros(100);
    while !condition() {
        if end.is_some_and(|end| crate::sync::Instant::now() >= end) {
            return false;
        }
        green::sleep(pause);
        pause = (pause * 2).min(LONGEST);
    }
    true
}

/// `poll` that a signal does not end. Returns how many descriptors are ready: 0 when the time is
/// over.
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

#[cfg(all(test, not(loom)))]
mod tests;
