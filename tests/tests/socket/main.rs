//! `Socket`, and what belongs to it.

mod connect;
mod file;
mod handle;
mod io;
mod layer;
mod message;
mod multicast;
mod numbers;
mod option;
mod peer;
mod relay;
mod select;
mod sendfile;
mod signals;
mod timeouts;
mod urgent;

use tests::prelude::*;

/// A listener at that address.
fn listening(address: impl ToAddress) -> Socket {
    let address = address.to_address().expect("an address");
    let listener = new(address.family(), SocketKind::Stream);
    listener.bind(address).expect("bind");
    listener.listen(1).expect("listen");
    listener
}

/// A socket whose calls give up at the deadline.
fn new(family: AddressFamily, kind: SocketKind) -> Socket {
    let socket = Socket::new(family, kind).expect("a socket");
    socket.settimeout(Some(DEADLINE)).expect("a timeout");
    socket
}
