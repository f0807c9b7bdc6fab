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

/// A socket whose calls give up at the deadline.
fn new(family: AddressFamily, kind: SocketKind) -> Socket {
    let socket = Socket::new(family, kind).expect("a socket");
    socket.settimeout(Some(DEADLINE)).expect("a timeout");
    socket
}
