//! What TCP and UDP share: sockets at internet addresses.

use std::io;

use super::options::Inet;
use super::unexpected;
use crate::address::{Address, AddressFamily};
use crate::socket::{Socket, SocketKind, SocketOption};

pub(super) fn socket(address: &Address, kind: SocketKind) -> io::Result<Socket> {
    match address {
        Address::Inet(_) => Socket::new(address.family(), kind),
        _ => Err(unexpected("an internet address, HOST:PORT", address)),
    }
}

/// Binds the socket, with the options that must be set before.
pub(super) fn bind(
    socket: &Socket,
    address: &Address,
    reuse_address: bool,
    options: &Inet,
) -> io::Result<()> {
    socket.setsockopt(SocketOption::ReuseAddress(reuse_address))?;
    if options.allow_reuse_port {
        socket.setsockopt(SocketOption::ReusePort(true))?;
    }
    if let (Some(both), AddressFamily::Inet6) = (options.dual_stack, address.family()) {
        socket.setsockopt(SocketOption::OnlyV6(!both))?;
    }
    socket.bind(address)
}

/// Checks a socket that was handed over.
pub(super) fn check(socket: &Socket, kind: SocketKind, expected: &str) -> io::Result<()> {
    let address = socket.getsockname()?;
    if matches!(address, Address::Inet(_)) && socket.kind().is_ok_and(|its| its == kind) {
        return Ok(());
    }
    Err(unexpected(expected, format_args!("a socket at {address}")))
}
