//! Connecting to a server in one call.

use std::io;
use std::time::Duration;

use crate::address::{Address, ToAddress, about_address};
use crate::socket::{Socket, SocketKind};
use crate::wait::Patience;

/// A stream connected to `address`. If a host name has several addresses, of either family, each is
/// tried in turn. `timeout` covers the look-up of a name together with the first attempt to
/// connect, each further attempt, and every later operation.
///
/// # Errors
/// As [`Socket::connect`]: the last attempt's.
///
/// Python: `socket.create_connection`, whose timeout does not cover the look-up
pub fn create_connection(address: impl ToAddress, timeout: Option<Duration>) -> io::Result<Socket> {
    let mut error = io::ErrorKind::NotFound.into();
    let mut patience = Patience::of_socket(timeout);
    for address in address.to_addresses(timeout)? {
        let attempt = Socket::new(address.family(), SocketKind::Stream).and_then(|socket| {
            socket.settimeout(timeout)?;
            socket.connect_within(&address, patience)?;
            refuse_itself(&socket)?;
            Ok(socket)
        });
        match attempt {
            Ok(socket) => return Ok(socket),
            Err(reason) => error = about_address("cannot connect to", &address)(reason),
        }
        patience = Patience::of_socket(timeout);
    }
    Err(error)
}

/// If the port has no listener, and is one of those that the system gives to clients, the system
/// may give it to this client. Then TCP connects the socket to itself.
fn refuse_itself(socket: &Socket) -> io::Result<()> {
    match (socket.getsockname(), socket.getpeername()) {
        (Ok(own @ Address::Inet(_)), Ok(peer)) if own == peer => {
            Err(io::ErrorKind::ConnectionRefused.into())
        }
        // A connection that its peer has reset by now has no address of a peer. The first operation
        // on it says so.
        _ => Ok(()),
    }
}
