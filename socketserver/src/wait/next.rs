//! How a handler receives its client's next request, unless the server ends first.

use std::io;
use std::os::fd::BorrowedFd;

use rustix::event::{PollFd, PollFlags};
use smallvec::{SmallVec, smallvec};

use super::{Awaited, Interest, Patience, poll_until, timed_out};
use crate::green;

/// What ends the wait for a next request.
pub(crate) struct End<'a, F> {
    /// Can be read once the server ends.
    pub(crate) descriptor: BorrowedFd<'a>,
    /// The same, for green threads. It is called before each wait, and what it marks wakes the
    /// green thread when the server ends.
    pub(crate) has_come: F,
}

/// The two ways to receive. Both fail with `WouldBlock` if nothing has come.
pub(crate) struct Calls<R, G> {
    /// Does not wait.
    pub(crate) receive: R,
    /// Blocks for a short time, on an ordinary thread.
    pub(crate) glance: G,
}

/// No end: a new client's first bytes may come after it.
pub(crate) const NEVER: Option<End<'_, fn() -> bool>> = None;

/// Receives. Returns `None` if the server ends first.
///
/// # Errors
/// `TimedOut` when the time is over, `WouldBlock` when there was none; those of the calls.
pub(crate) fn receive_unless<T>(
    awaited: Awaited<'_>,
    mut end: Option<End<'_, impl FnMut() -> bool>>,
    patience: impl FnOnce() -> Patience,
    calls: Calls<impl FnMut() -> io::Result<T>, impl FnOnce() -> io::Result<T>>,
) -> io::Result<Option<T>> {
    let Some(current) = green::may_park() else {
        return receive_on_thread(awaited, end, patience, calls);
    };
    let Calls { mut receive, glance } = calls;
    // It may have memory, and a wait must hold none.
    drop(glance);
    let mut patience = Some(patience);
    let mut until = Patience::Forever;
    loop {
        // Most requests come after a wait, and the look that would find nothing is saved.
        if !awaited.source.is_drained(current) {
            current.consume_budget();
            match receive() {
                Err(error) if is_in_vain(&error) => {}
                result => return result.map(Some),
            }
        }
        if end.as_mut().is_some_and(|end| (end.has_come)()) {
            // A request that has come before that is served.
            return match receive() {
                Err(error) if is_in_vain(&error) => Ok(None),
                result => result.map(Some),
            };
        }
        match patience.take() {
            Some(patience) => until = patience(),
            None if until.is_over() => return Err(timed_out()),
            None => {}
        }
        awaited.source.park(current, awaited.fd, Interest::Read, until.end_of_wait()?)?;
    }
}

/// The next request of a busy client comes soon: then a thread saves the poll that would wait for
/// it and for the server's end. One that finds nothing at a glance will soon see that end in any
/// case. A new client has mostly sent its request by now, and may send no other.
fn receive_on_thread<T>(
    awaited: Awaited<'_>,
    mut end: Option<End<'_, impl FnMut() -> bool>>,
    patience: impl FnOnce() -> Patience,
    calls: Calls<impl FnMut() -> io::Result<T>, impl FnOnce() -> io::Result<T>>,
) -> io::Result<Option<T>> {
    let Calls { mut receive, glance } = calls;
    if end.is_none() {
        match receive() {
            Err(error) if is_in_vain(&error) => {}
            result => return result.map(Some),
        }
    }
    if !green::must_not_wait() && !end.as_mut().is_some_and(|end| (end.has_come)()) {
        match glance() {
            Err(error) if is_in_vain(&error) => {}
            result => return result.map(Some),
        }
    }
    let until = patience().end_of_wait()?;
    let mut fds: SmallVec<[PollFd<'_>; 2]> = smallvec![awaited.poll_fd(Interest::Read)];
    fds.extend(end.map(|end| PollFd::from_borrowed_fd(end.descriptor, PollFlags::IN)));
    loop {
        if poll_until(&mut fds, until)? == 0 {
            return Err(timed_out());
        }
        if fds[0].revents().is_empty() {
            return Ok(None);
        }
        match receive() {
            Err(error) if is_in_vain(&error) => {}
            result => return result.map(Some),
        }
    }
}

fn is_in_vain(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}
