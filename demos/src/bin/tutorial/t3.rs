//! T3. UDP, once: datagrams in one direction.
//!
//! ```sh
//! cargo run --bin tutorial -- t3 client
//! cargo run --bin tutorial -- t3 server
//! ```
//!
//! In any order: UDP makes no connection. `sendto` puts a datagram on its way and does not care what becomes of it. If
//! the server is up it gets the datagram, if not nobody does, and the sender learns neither. That is the price of an
//! unreliable transport; what it buys is that nothing has to be agreed before and nothing is kept in mind after.
//!
//! An empty line is sent, unlike with TCP (T2): every datagram has a header, even one that says nothing, and so it
//! arrives.

use std::io;

use socketserver::{Address, Socket, SocketKind};

use crate::{lines, repr};

pub(crate) const ADDRESS: &str = "127.0.0.1:10000";

pub(crate) fn server(address: &Address) -> io::Result<()> {
    // 1. A socket for datagrams.
    let s = Socket::new(address.family(), SocketKind::Datagram)?;
    // 2. Its address. There is nothing to listen for, and nobody to accept.
    s.bind(address)?;
    println!("listening on {}", s.getsockname()?);
    loop {
        // 3. One datagram, whoever sent it.
        let res = s.recv(1024)?;
        println!("{}", repr(&res));
    }
}

pub(crate) fn client(address: &Address) -> io::Result<()> {
    // 1. A socket for datagrams.
    let c = Socket::new(address.family(), SocketKind::Datagram)?;
    for msg in lines() {
        // 2. Each is told where to go.
        c.sendto(msg?.as_bytes(), address)?;
    }
    c.close();
    Ok(())
}
