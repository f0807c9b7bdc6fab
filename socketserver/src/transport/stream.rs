//! What TCP and Unix streams share: the backlog, and the end of a stream.

use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use super::options::Streams;
use super::unbound;
use crate::address::Address;
use crate::socket::Socket;
use crate::sys;
use crate::wait::Patience;

/// At most this many bytes that the handler left unread are read at the end.
const LINGER_BYTES: usize = 1 << 20;

/// How often to look whether the peer has acknowledged everything, for which there is no event.
const ACKNOWLEDGED: Duration = Duration::from_millis(20);

/// The longest backlog that the system allows.
fn longest_backlog() -> u32 {
    std::fs::read_to_string("/proc/sys/net/core/somaxconn")
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(128)
}

/// Makes a bound socket listen. A socket that already listens keeps its backlog, and a connection
/// stays a connection.
pub(super) fn activate(socket: &Socket, options: &Streams) -> io::Result<()> {
    if socket.raw().is_listener()? {
        return socket.start_listening();
    }
    if given_request(socket).is_some() {
        return socket.settimeout(None);
    }
    let backlog = options.request_queue_size.unwrap_or_else(longest_backlog);
    socket.listen(backlog).map_err(|error| match (error.kind(), socket.getsockname()) {
        (io::ErrorKind::InvalidInput, Ok(Address::Unnamed)) => unbound(socket),
        // After its end a connection has no address of a peer.
        (io::ErrorKind::InvalidInput, _) => io::Error::new(
            io::ErrorKind::NotConnected,
            "expected a listener, a bound socket or a connection, got a connection that has ended",
        ),
        _ => error,
    })
}

/// The connection and its client, if the socket is a connection. `None` for a listener, and for a
/// socket that may become one.
pub(super) fn given_request(socket: &Socket) -> Option<(Socket, Address)> {
    let client = socket.getpeername().ok()?;
    Some((socket.clone(), client))
}

/// What a connection needs before its handler.
pub(super) fn prepare(connection: &Socket, options: &Streams) -> io::Result<()> {
    match options.client_timeout {
        None => Ok(()),
        some => connection.settimeout(some),
    }
}

/// Ends a connection, also for handles of it that the handler has kept: as in Python, they are
/// those of a closed socket. Otherwise the client could go on to send what no code reads, and code
/// that reads from it would not end with its request.
pub(super) fn end(socket: &Socket, patience: Duration) {
    end_of_stream(socket, patience);
    socket.give_up_if_shared();
}

/// Ends our side of a stream so that the peer gets all of it.
///
/// Closing a socket that still has unread input resets the connection, and the reply with it. So
/// input is read and discarded until the peer ends its side too, or has acknowledged all of ours.
/// At most [`LINGER_BYTES`] are read, for at most `patience`.
fn end_of_stream(socket: &Socket, patience: Duration) {
    // The handler has asked for a reset, and closing is one.
    if socket.is_detached() || socket.resets() {
        return;
    }
    if socket.end_within(patience).is_err() || socket.has_ended() {
        return;
    }
    discard_rest(socket, patience);
}

fn discard_rest(socket: &Socket, patience: Duration) {
    let began = Instant::now();
    // Small, because it may lie on the stack of a green thread.
    let mut rest = [0; 2048];
    let mut discarded = 0;
    loop {
        match socket.try_recv(&mut rest) {
            Ok(0) => return,
            Ok(count) => discarded += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                // Our end of stream counts as a byte that may not be acknowledged yet.
                if !sys::unacknowledged(socket.as_fd()).is_ok_and(|count| count > 1) {
                    return;
                }
                let left = patience.saturating_sub(began.elapsed());
                // Ready or not, the next round looks for itself.
                let _ = socket.wait_readable(Patience::from_timeout(Some(left.min(ACKNOWLEDGED))));
            }
            Err(_) => return,
        }
        if discarded >= LINGER_BYTES || began.elapsed() >= patience {
            return;
        }
    }
}
