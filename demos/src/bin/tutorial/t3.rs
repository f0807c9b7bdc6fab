//! T3. UDP, once: datagrams in one direction.
//!
//! ```sh
//! cargo run --bin tutorial -- t3 client
//! cargo run --bin tutorial -- t3 server
//! ```
//!
//! Start them in any order, because UDP makes no connection. `sendto` sends a datagram and does not
//! care about its fate: it arrives or it is lost, and the sender learns neither. That is the price
//! of an unreliable transport. What it buys: there is nothing to agree on before, and no state to
//! keep afterwards.
//!
//! An empty line is sent, unlike with TCP (T2): every datagram has a header, so even an empty one
//! arrives.

use std::io;

use socketserver::{Address, Socket, SocketKind};

use crate::{lines, repr};

pub(crate) const ADDRESS: &str = "127.0.0.1:10000";

pub(crate) fn server(address: &Address) -> io::Result<()> {
    // 1. A socket for datagrams.
    let s = Socket::new(address.family(), SocketKind::Datagram)?;
    // 2. Its address. There is nothing to listen for and nothing to accept.
    s.bind(address)?;
    println!("listening on {}", s.getsockname()?);
    loop {
        // 3. One datagram, from any sender.
        let res = s.recv(1024)?;
        println!("{}", repr(&res));
    }
}

pub(crate) fn client(address: &Address) -> io::Result<()> {
    // 1. A socket for datagrams.
    let c = Socket::new(address.family(), SocketKind::Datagram)?;
    for msg in lines() {
        // 2. Each datagram has its destination.
        c.sendto(msg?.as_bytes(), address)?;
    }
    c.close();
    Ok(())
}
