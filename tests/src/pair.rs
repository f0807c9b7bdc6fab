//! Connected sockets: one is under test, the other is the standard library's.

use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;

use socketserver::{Socket, create_connection};

use crate::DEADLINE;

/// A connection over TCP. Both ends give up at the deadline.
///
/// # Panics
/// If it cannot be made.
#[track_caller]
pub fn tcp_pair() -> (Socket, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
    let address = listener.local_addr().expect("an address");
    let socket = create_connection(address, Some(DEADLINE)).expect("connect");
    let (other, _) = listener.accept().expect("accept");
    other.set_read_timeout(Some(DEADLINE)).expect("a timeout");
    other.set_write_timeout(Some(DEADLINE)).expect("a timeout");
    (socket, other)
}

/// A connection over Unix sockets. Both ends give up at the deadline.
///
/// # Panics
/// If it cannot be made.
#[track_caller]
pub fn unix_pair() -> (Socket, UnixStream) {
    let (socket, other) = UnixStream::pair().expect("a pair");
    let socket = Socket::from(socket);
    socket.settimeout(Some(DEADLINE)).expect("a timeout");
    other.set_read_timeout(Some(DEADLINE)).expect("a timeout");
    other.set_write_timeout(Some(DEADLINE)).expect("a timeout");
    (socket, other)
}
