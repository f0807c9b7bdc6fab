//! A relay between two connections.

use std::io;
use std::net::Shutdown;
use std::panic::resume_unwind;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::green;
use crate::socket::Socket;
use crate::wait::{Selectable, nonblocking_sockets, select, timed_out};

/// Maximum number of bytes that one direction holds.
const ROOM: usize = 64 << 10;

/// Maximum number of bytes that a layer gets at a time: a record of TLS.
const PIECE: usize = 16 << 10;

/// Copies the stream of `one` to `other`, and the stream of `other` to `one`, until both have
/// ended. The end of one stream is passed on too, while the other direction goes on. Returns the
/// number of bytes that went from `one` to `other`, and from `other` to `one`.
///
/// The caller's thread does both; if one of the sockets has a layer, a second thread helps. A slow
/// receiver delays only its own direction, and no direction holds more than 64 KiB. The sockets'
/// timeouts bound the silence: the relay fails if no byte moves in either direction for as long as
/// the shorter of the two.
///
/// Bytes that an `rfile` has received and its handler has not read would be lost, so the relay
/// fails if there are any. Read and send them first, call `relay` before the `rfile` is used, or set
/// `rbufsize = 0`. In a handler of HTTP, `Exchange::take_over` returns them.
///
/// ```
/// use std::time::Duration;
/// use socketserver::{Address, Socket, ThreadingTCPServer, create_connection, relay};
/// # fn main() -> std::io::Result<()> {
/// let timeout = Some(Duration::from_secs(60));
/// let server = ThreadingTCPServer::handling(move |client: Socket, _: Address| {
///     let upstream = create_connection("127.0.0.1:9999", timeout)?;
///     client.settimeout(timeout)?;
///     relay(&client, &upstream).map(drop)
/// });
/// # let _ = server;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// The first error of either connection; `TimedOut`; `InvalidInput` for unread bytes of an `rfile`.
///
/// Python: a loop around `select.select`, `recv` and `sendall`, which stops both directions while
/// one receiver is slow
pub fn relay(one: &Socket, other: &Socket) -> io::Result<(u64, u64)> {
    for end in [one, other] {
        end.expect_nothing_unread("a connection that is relayed")?;
    }
    let patience = [one.gettimeout(), other.gettimeout()];
    let patience = patience.into_iter().flatten().min();
    if one.has_layer() || other.has_layer() {
        return with_layers(one, other, patience);
    }
    let mut directions = [Direction::new(one, other), Direction::new(other, one)];
    let mut moved_at = Instant::now();
    loop {
        let mut moved = false;
        for direction in &mut directions {
            moved |= nonblocking_sockets(|| direction.pass_on())?;
        }
        if directions.iter().all(|direction| direction.has_ended) {
            let [there, back] = directions.map(|direction| direction.passed_on);
            return Ok((there, back));
        }
        if moved {
            moved_at = Instant::now();
        }
        wait(&directions, patience, moved_at)?;
    }
}

/// A layer has its own buffers, and a part of a record must not be sent twice. So each direction
/// has a thread, and waits.
fn with_layers(one: &Socket, other: &Socket, patience: Option<Duration>) -> io::Result<(u64, u64)> {
    let moved_at = Mutex::new(Instant::now());
    // The other direction fails because of it, with another error.
    let first_error = Mutex::new(None);
    let copy = |from, to| {
        let mut ends_both = EndsBoth(Some([one, other]));
        match copy(from, to, patience, &moved_at) {
            Ok(copied) => {
                ends_both.0 = None;
                copied
            }
            Err(error) => {
                first_error.lock().get_or_insert(error);
                0
            }
        }
    };
    let (there, back) = green::scope(|scope| {
        let back = scope.spawn(|| copy(other, one));
        let there = copy(one, other);
        (there, back.join().unwrap_or_else(|panic| resume_unwind(panic)))
    });
    first_error.into_inner().map_or(Ok((there, back)), Err)
}

/// If one direction has failed, the other one ends too. A layer may panic, and then nothing else
/// would end it.
struct EndsBoth<'a>(Option<[&'a Socket; 2]>);

impl Drop for EndsBoth<'_> {
    fn drop(&mut self) {
        self.0.into_iter().flatten().for_each(Socket::abort);
    }
}

/// Copies a stream, and its end. Silence is no error as long as the other direction moves.
fn copy(
    from: &Socket,
    to: &Socket,
    patience: Option<Duration>,
    moved_at: &Mutex<Instant>,
) -> io::Result<u64> {
    let mut buffer = vec![0; ROOM];
    let mut copied = 0;
    loop {
        let received = match from.recv_into(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                if patience.is_none_or(|patience| moved_at.lock().elapsed() < patience) {
                    continue;
                }
                return Err(error);
            }
            received => received?,
        };
        if received == 0 {
            return pass_on_end(to).map(|()| copied);
        }
        copied += received as u64;
        let mut left = &buffer[..received];
        while !left.is_empty() {
            *moved_at.lock() = Instant::now();
            wait_for_room(to, patience, moved_at)?;
            let piece = &left[..left.len().min(PIECE)];
            left = &left[to.send(piece)?..];
        }
        *moved_at.lock() = Instant::now();
    }
}

/// Waits until there is room for some bytes. A layer that has taken bytes must send them within the
/// socket's timeout, and cannot be asked how many have gone. So it gets few, and no sooner.
fn wait_for_room(
    to: &Socket,
    patience: Option<Duration>,
    moved_at: &Mutex<Instant>,
) -> io::Result<()> {
    loop {
        let left = patience.map(|patience| patience.saturating_sub(moved_at.lock().elapsed()));
        if !select(&[], &[to], &[], left)?.is_empty() {
            return Ok(());
        }
        if left.is_some_and(|left| left.is_zero()) {
            return Err(timed_out());
        }
    }
}

/// Waits until one of the directions can go on.
fn wait(
    directions: &[Direction<'_>],
    patience: Option<Duration>,
    since: Instant,
) -> io::Result<()> {
    let live = || directions.iter().filter(|direction| !direction.has_ended);
    let reads = live().filter(|direction| !direction.is_full());
    let reads: Vec<&dyn Selectable> = reads.map(|one| one.from as &dyn Selectable).collect();
    let writes = live().filter(|direction| direction.is_full());
    let writes: Vec<&dyn Selectable> = writes.map(|one| one.to as &dyn Selectable).collect();
    let left = patience.map(|patience| patience.saturating_sub(since.elapsed()));
    if select(&reads, &writes, &[], left)?.is_empty() && left.is_some() {
        return Err(timed_out());
    }
    Ok(())
}

/// One direction of a relay.
struct Direction<'a> {
    from: &'a Socket,
    to: &'a Socket,
    buffer: Box<[u8]>,
    /// Where the bytes begin that were received and not sent yet; they reach to `end`.
    start: usize,
    end: usize,
    passed_on: u64,
    has_ended: bool,
}

impl<'a> Direction<'a> {
    fn new(from: &'a Socket, to: &'a Socket) -> Self {
        Direction {
            from,
            to,
            buffer: vec![0; ROOM].into_boxed_slice(),
            start: 0,
            end: 0,
            passed_on: 0,
            has_ended: false,
        }
    }

    /// Whether there is something to send before more is received.
    fn is_full(&self) -> bool {
        self.start < self.end
    }

    /// Receives and sends without waiting, at most one buffer, so that the other direction has its
    /// turn. Returns whether any byte moved.
    fn pass_on(&mut self) -> io::Result<bool> {
        if self.has_ended {
            return Ok(false);
        }
        let mut moved = false;
        if !self.is_full() {
            let Some(received) = unless_it_would_wait(self.from.recv_into(&mut self.buffer))?
            else {
                return Ok(false);
            };
            if received == 0 {
                self.has_ended = true;
                return pass_on_end(self.to).map(|()| true);
            }
            (self.start, self.end) = (0, received);
            moved = true;
        }
        while self.is_full() {
            let left = &self.buffer[self.start..self.end];
            let Some(sent) = unless_it_would_wait(self.to.send(left))? else {
                break;
            };
            self.start += sent;
            self.passed_on += sent as u64;
            moved = true;
        }
        Ok(moved)
    }
}

fn unless_it_would_wait(result: io::Result<usize>) -> io::Result<Option<usize>> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        result => result.map(Some),
    }
}

/// Ends the sending side of `to`. If that connection has failed, the other direction meets the
/// error.
fn pass_on_end(to: &Socket) -> io::Result<()> {
    match to.shutdown(Shutdown::Write) {
        Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
        result => result,
    }
}
