//! Waiting for several sockets at once.

use std::io;
use std::time::{Duration, Instant};

use rustix::event::PollFd;

use super::handle::Socket;
use super::wait::{self, Awaited, Interest, Patience};
use crate::green;

/// Waits until one of the sockets in `read` can be read or one of those in `write` written, for
/// relays and similar loops. Returns the positions of the ready sockets in the two lists.
/// Both lists are empty when the time is over.
///
/// Bytes that a [`Layer`](crate::Layer) or an `rfile` already holds do not make a socket ready.
///
/// # Errors
/// The system's.
///
/// Python: `select.select`
pub fn select(
    read: &[&Socket],
    write: &[&Socket],
    timeout: Option<Duration>,
) -> io::Result<(Vec<usize>, Vec<usize>)> {
    let reads = read.iter().map(|socket| (*socket, Interest::Read));
    let writes = write.iter().map(|socket| (*socket, Interest::Write));
    let all: Vec<(Awaited<'_>, Interest)> = reads
        .chain(writes)
        .map(|(socket, interest)| Ok((socket.0.descriptor.open()?.awaited(), interest)))
        .collect::<io::Result<_>>()?;
    let mut fds: Vec<_> = all
        .iter()
        .map(|(awaited, interest)| awaited.poll_fd(*interest))
        .collect();
    let patience = Patience::of_socket(timeout);
    let end = match patience {
        Patience::Forever => None,
        Patience::Nonblocking => Some(Instant::now()),
        Patience::Until(end) => Some(end),
    };
    let current = green::may_park();
    wait::consume_budget(current, patience);
    wait::wait_for_any(current, &all, &mut fds, end)?;
    let (reads, writes) = fds.split_at(read.len());
    Ok((ready(reads), ready(writes)))
}

/// Waits until one of the sockets can be read, or `end` comes. Returns which can. On a green thread
/// the others there run first, even if there is nothing to wait for.
pub(crate) fn readable<const N: usize>(
    sockets: [&Socket; N],
    end: Option<Instant>,
) -> io::Result<[bool; N]> {
    let current = green::may_park();
    if current.is_some() {
        green::yield_now();
    }
    let all = sockets.map(|socket| (socket.0.descriptor.awaited(), Interest::Read));
    let mut fds = all
        .each_ref()
        .map(|(awaited, interest)| awaited.poll_fd(*interest));
    wait::wait_for_any(current, &all, &mut fds, end)?;
    Ok(fds.map(|fd| !fd.revents().is_empty()))
}

fn ready(fds: &[PollFd<'_>]) -> Vec<usize> {
    let ready = fds.iter().enumerate();
    let ready = ready.filter(|(_, fd)| !fd.revents().is_empty());
    ready.map(|(position, _)| position).collect()
}
