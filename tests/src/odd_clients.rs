//! Clients with an address of their own, and clients that reset.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use socket2::{Domain, SockRef, Type};
use socketserver::Address;

use crate::{Client, DEADLINE, inet};

/// The address of [`stream_from_another`] and [`datagram_from_another`].
const ANOTHER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// A client of TCP whose address is not the usual one.
///
/// # Panics
/// When it cannot connect.
#[track_caller]
pub fn stream_from_another(server: &Address) -> Client {
    let socket = socket2::Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    let own: SocketAddr = (ANOTHER, 0).into();
    socket.bind(&own.into()).expect("bind");
    let server = inet(server).into();
    socket.connect_timeout(&server, DEADLINE).expect("connect");
    Client::Tcp(socket.into())
}

/// A client of UDP whose address is not the usual one.
///
/// # Panics
/// When it cannot be bound.
#[track_caller]
pub fn datagram_from_another(server: &Address) -> Client {
    let socket = UdpSocket::bind((ANOTHER, 0)).expect("bind");
    socket.connect(inet(server)).expect("connect");
    Client::Udp(socket)
}

/// Ends a connection by a reset, where it has resets.
///
/// # Panics
/// When the system does not let it.
#[track_caller]
pub fn reset(client: Client) {
    if let Client::Tcp(socket) = &client {
        let linger = SockRef::from(socket).set_linger(Some(Duration::ZERO));
        linger.expect("a reset instead of an end");
    }
}
