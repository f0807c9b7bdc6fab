//! The handshake, on the worker that will run the handler.

use std::io;
use std::time::Duration;

use rustix::io::ioctl_fionread;
use rustix::net::sockopt::set_tcp_quickack;
use rustls::{Connection, ProtocolVersion};

use super::config::Built;
use super::error::{SSLError, SSLErrorReason};
use super::session::CHUNK;
use super::state::State;
use crate::computing::compute;
use crate::green;
use crate::socket::{Socket, Wire};
use crate::wait::Patience;

/// First byte of a client's first record: the type of handshakes.
const HANDSHAKE: u8 = 22;

/// Longest record that a client may send before the end of the handshake.
const LONGEST: usize = 1 << 14;

/// Whether a part of a client's first record has come, and the rest has not.
pub(super) fn has_part_of_hello(connection: &Socket) -> bool {
    // Most are no longer.
    let mut bytes = [0; 512];
    let seen = connection.peek_within(&mut bytes, Patience::Nonblocking).unwrap_or(0);
    match bytes[..seen] {
        [HANDSHAKE, _, _, high, low, ref rest @ ..] => {
            let length = u16::from_be_bytes([high, low]).into();
            rest.len() < length
                && length <= LONGEST
                && ioctl_fionread(connection).is_ok_and(|come| come < (5 + length) as u64)
        }
        [HANDSHAKE, ..] => true,
        _ => false,
    }
}

/// The error about a handshake that was not made within its time.
pub(super) fn too_late(timeout: Duration) -> io::Error {
    let text = format!("expected a TLS handshake within {timeout:?}, got none or a part");
    SSLError::new(SSLErrorReason::Timeout, text).into()
}

/// Makes a handshake over a socket that is ready for a layer, in the time that is `left`.
pub(super) fn shake_hands(
    socket: &Socket,
    connection: Connection,
    built: &Built,
    left: Duration,
) -> io::Result<State> {
    let wire = socket.wire_within(Patience::from_timeout(Some(left)))?;
    let shaken = over(&wire, State::new(connection), built.is_brief).inspect(|state| {
        if state.holds_tickets {
            acknowledge(socket);
        }
    });
    shaken.map_err(|error| match error.kind() {
        io::ErrorKind::TimedOut => too_late(built.timeout),
        _ => error,
    })
}

fn over(wire: &Wire<'_>, mut state: State, is_brief: bool) -> io::Result<State> {
    let mut expects_hello = matches!(*state.connection, Connection::Server(_));
    while state.connection.is_handshaking() {
        wire.sendall(&state.take_outgoing())?;
        let chunk = wire.recv_chunk(CHUNK)?;
        match chunk.first() {
            None => return Err(SSLError::eof().into()),
            Some(&first) if expects_hello && first != HANDSHAKE => {
                return Err(SSLError::plain_text().into());
            }
            Some(_) => expects_hello = false,
        }
        state.feed(chunk);
        state = advance(wire, state, is_brief)?;
    }
    state.holds_tickets = holds_tickets(&state.connection);
    if state.has_outgoing() {
        wire.sendall(&state.take_outgoing())?;
    }
    Ok(state)
}

/// Acknowledges the last part of a client's handshake at once. Otherwise the system waits 40 ms for
/// data that could carry the acknowledgement, in vain because the tickets are held back. A client
/// with Nagle's algorithm sends its request only after the acknowledgement.
fn acknowledge(socket: &Socket) {
    // A Unix socket has neither this option nor this wait.
    let _ = set_tcp_quickack(socket, true);
}

/// Continues the handshake with the bytes that have come. A green thread does not compute this on
/// its own stack, because the touched pages would stay in use. Even the short last part, which
/// makes the tickets, would cost each idle connection 4 KiB (measured). A brief computation runs on
/// another stack, and any other on another thread, so that the core serves other clients meanwhile.
///
/// With RSA of 4096 bits, a chain of six certificates and six revocation lists, the computation
/// needs 32 KiB of stack (measured), and 72 KiB without optimisation. A stack of the default size
/// is therefore enough if there is no other.
fn advance(wire: &Wire<'_>, mut state: State, is_brief: bool) -> io::Result<State> {
    let decode = move || {
        let decoded = state.decode();
        (state, decoded)
    };
    let (mut state, decoded) = match is_brief {
        true => compute(decode),
        false => green::blocking(decode),
    };
    let Err(error) = decoded else { return Ok(state) };
    // The alert tells the peer the reason.
    let _ = wire.sendall(&state.take_outgoing());
    Err(SSLError::from(error).into())
}

/// Whether the bytes to send are tickets alone. With TLS 1.3 a server's handshake ends with a
/// receive, so that only tickets are left to send.
fn holds_tickets(connection: &Connection) -> bool {
    let Connection::Server(connection) = connection else { return false };
    connection.protocol_version() == Some(ProtocolVersion::TLSv1_3)
}
