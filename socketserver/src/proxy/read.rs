//! Reading the header from a connection, and not a byte more.

use std::io;
use std::time::Duration;

use rustix::io::ioctl_fionread;
use smallvec::{SmallVec, smallvec};

use super::header::ProxyHeader;
use super::parse::Rules;
use super::step::Step;
use crate::socket::Socket;
use crate::wait::{Patience, left_of_first_step};

/// Bytes of the first look: most headers fit.
const ROOM: usize = 256;

type Bytes = SmallVec<[u8; ROOM]>;

/// Longest header for which a connection waits without a worker. A longer one may not fit the
/// system's buffer, so that a worker must take a part first.
const LONGEST_PEEKED: usize = 4_096;

/// Whether a part of a header has come, and the rest has not.
pub(super) fn has_part(connection: &Socket, rules: &Rules) -> bool {
    let mut bytes = [0; ROOM];
    let Ok(seen @ 1..) = connection.peek_within(&mut bytes, Patience::Nonblocking) else {
        return false;
    };
    let Ok(Step::More(more)) = rules.parse(&bytes[..seen]) else { return false };
    let needed = seen + more;
    needed <= LONGEST_PEEKED && ioctl_fionread(connection).is_ok_and(|come| come < needed as u64)
}

/// The error about a header that has not come within its time.
pub(super) fn too_late(timeout: Duration) -> io::Error {
    let error = format!("expected a PROXY header within {timeout:?}, got none or a part");
    io::Error::new(io::ErrorKind::TimedOut, error)
}

/// Reads the header, within the rest of `timeout`.
///
/// # Errors
/// `TimedOut`, `UnexpectedEof` if the stream ends within the header, `InvalidData` for other bytes
/// than a header; those of the system.
pub(super) fn header(
    connection: &Socket,
    rules: &Rules,
    timeout: Duration,
) -> io::Result<ProxyHeader> {
    let patience = Patience::from_timeout(Some(left_of_first_step(timeout)));
    let header = match connection.has_layer() {
        true => through_layer(connection, rules, patience),
        false => by_peeking(connection, rules, patience),
    };
    header.map_err(|error| match error.kind() {
        io::ErrorKind::TimedOut => too_late(timeout),
        _ => error,
    })
}

/// Peeks at the input before it receives bytes. As long as the header is not whole, all bytes
/// belong to it and can be received.
fn by_peeking(connection: &Socket, rules: &Rules, patience: Patience) -> io::Result<ProxyHeader> {
    let mut bytes: Bytes = smallvec![0; ROOM];
    let mut taken = 0;
    loop {
        let seen = unless_ended(connection.peek_within(&mut bytes[taken..], patience)?)?;
        match rules.parse(&bytes[..taken + seen]).map_err(invalid)? {
            Step::Header(header, length) => {
                take(connection, &mut bytes[taken..length], patience)?;
                return Ok(header);
            }
            Step::More(more) => {
                take(connection, &mut bytes[taken..taken + seen], patience)?;
                taken += seen;
                bytes.resize(ROOM.max(taken + more), 0);
            }
        }
    }
}

/// Receives bytes that were seen by a peek.
fn take(connection: &Socket, mut seen: &mut [u8], patience: Patience) -> io::Result<()> {
    while !seen.is_empty() {
        let taken = unless_ended(connection.recv_within(seen, patience)?)?;
        seen = &mut seen[taken..];
    }
    Ok(())
}

/// Reads through a layer, which cannot peek: each step receives only bytes that certainly belong to
/// the header.
fn through_layer(
    connection: &Socket,
    rules: &Rules,
    patience: Patience,
) -> io::Result<ProxyHeader> {
    let mut bytes = Bytes::new();
    loop {
        match rules.parse(&bytes).map_err(invalid)? {
            Step::Header(header, _) => return Ok(header),
            Step::More(more) => {
                let had = bytes.len();
                bytes.resize(had + more, 0);
                let taken = unless_ended(connection.recv_within(&mut bytes[had..], patience)?)?;
                bytes.truncate(had + taken);
            }
        }
    }
}

fn unless_ended(received: usize) -> io::Result<usize> {
    match received {
        0 => Err(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "expected a PROXY header, got the end of the stream",
        )),
        received => Ok(received),
    }
}

fn invalid(wrong: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, wrong)
}
