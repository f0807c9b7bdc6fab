//! The handshake, on the worker that will run the handler.

use std::io;
use std::time::Duration;

use rustix::net::sockopt::set_tcp_quickack;
use rustls::{Connection, ProtocolVersion};

use super::error::{SSLError, SSLErrorReason};
use super::session::CHUNK;
use super::state::State;
use crate::green;
use crate::socket::{Socket, Wire};
use crate::wait::Patience;

/// First byte of a client's first record: the type of handshakes.
const HANDSHAKE: u8 = 22;

/// Shakes hands over a socket that is ready for a layer, within `timeout` for the whole
/// handshake.
pub(super) fn shake_hands(
    socket: &Socket,
    connection: Connection,
    timeout: Duration,
) -> io::Result<State> {
    let wire = socket.wire_within(Patience::from_timeout(Some(timeout)))?;
    let shaken = over(&wire, State::new(connection)).inspect(|state| {
        if state.holds_tickets {
            acknowledge(socket);
        }
    });
    shaken.map_err(|error| match error.kind() {
        io::ErrorKind::TimedOut => {
            let text = format!("expected a TLS handshake within {timeout:?}, got none or a part");
            SSLError::new(SSLErrorReason::Timeout, text).into()
        }
        _ => error,
    })
}

fn over(wire: &Wire<'_>, mut state: State) -> io::Result<State> {
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
        state = advance(wire, state)?;
    }
    state.holds_tickets = holds_tickets(&state.connection);
    if state.has_outgoing() {
        wire.sendall(&state.take_outgoing())?;
    }
    Ok(state)
}

/// Tells a client at once that its end of the handshake has come. The system waits 40 ms for data
/// that could bring the news, and none will come, since the tickets are held. A client with Nagle's
/// algorithm would send its request only then.
fn acknowledge(socket: &Socket) {
    // A Unix socket has no such option, nor such a wait.
    let _ = set_tcp_quickack(socket, true);
}

/// Goes on with the bytes that came. On a green thread this computes elsewhere, because a signature
/// takes a millisecond, in which the core would serve no other client, and because the pages of the
/// stack that it touches would stay.
///
/// With RSA of 4096 bits, a chain of six and six revocation lists it takes 32 KiB of stack,
/// measured, and 72 KiB without optimisation. So where no thread can be started, and it computes
/// here after all, a stack of the default size holds it.
fn advance(wire: &Wire<'_>, mut state: State) -> io::Result<State> {
    let (mut state, decoded) = green::blocking(move || {
        let decoded = state.decode();
        (state, decoded)
    });
    let Err(error) = decoded else { return Ok(state) };
    // The peer learns why.
    let _ = wire.sendall(&state.take_outgoing());
    Err(SSLError::from(error).into())
}

/// Whether all there is to send are tickets: with TLS 1.3 a server is done when it has received.
fn holds_tickets(connection: &Connection) -> bool {
    let Connection::Server(connection) = connection else { return false };
    connection.protocol_version() == Some(ProtocolVersion::TLSv1_3)
}
