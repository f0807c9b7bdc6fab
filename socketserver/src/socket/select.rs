//! Waiting for several sockets at once.

use std::io;
use std::time::{Duration, Instant};

use rustix::event::PollFd;

use super::handle::Socket;
use super::wait::{self, Awaited, Interest, Patience, poll_until};
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
    wait_for_any(&all, &mut fds, Patience::from_timeout(timeout))?;
    let (reads, writes) = fds.split_at(read.len());
    Ok((ready(reads), ready(writes)))
}

fn wait_for_any(
    all: &[(Awaited<'_>, Interest)],
    fds: &mut [PollFd<'_>],
    patience: Patience,
) -> io::Result<()> {
    let end = match patience {
        Patience::Forever => None,
        Patience::Nonblocking => Some(Instant::now()),
        Patience::Until(end) => Some(end),
    };
    let Some(current) = green::may_park() else {
        return poll_until(fds, end).map(drop);
    };
    wait::consume_budget(Some(current), patience);
    while poll_until(fds, Some(Instant::now()))? == 0 && end.is_none_or(|end| Instant::now() < end)
    {
        let sources = all
            .iter()
            .map(|(awaited, interest)| (awaited.source, awaited.fd, *interest));
        green::park_for_any(current, sources, end)?;
    }
    Ok(())
}

fn ready(fds: &[PollFd<'_>]) -> Vec<usize> {
    let ready = fds.iter().enumerate();
    let ready = ready.filter(|(_, fd)| !fd.revents().is_empty());
    ready.map(|(position, _)| position).collect()
}
