//! T2. TCP, the template: a loop of connections around a loop of messages.
//!
//! ```sh
//! cargo run --bin tutorial -- t2 server
//! cargo run --bin tutorial -- t2 client
//! ```
//!
//! The outer loop accepts one client after the other. The inner loop receives that client's
//! messages until the client leaves. Then `recv` returns nothing, as at the end of every stream
//! (Linux), or it fails (Windows, or a client that was killed). Both must end the conversation and
//! not the server.
//!
//! A second client can connect in the meantime, and waits in the backlog. T8 serves both at once.
//!
//! The client skips empty lines: `send` of nothing sends nothing, so the answer would never come.
//! One `recv` is one answer only as long as both are short; T7 says why.

use std::io;

use socketserver::{Address, Socket, SocketKind, SocketOption};

use crate::{lines, show};

pub(crate) const ADDRESS: &str = "127.0.0.1:9999";

pub(crate) fn server(address: &Address) -> io::Result<()> {
    let server = Socket::new(address.family(), SocketKind::Stream)?;
    server.setsockopt(SocketOption::ReuseAddress(true))?;
    server.bind(address)?;
    server.listen(5)?;
    println!("listening on {}", server.getsockname()?);
    loop {
        let (c, _addr) = server.accept()?;
        if let Err(error) = conversation(&c) {
            println!("The client has gone abnormally: {error}");
        }
        c.close();
    }
}

fn conversation(c: &Socket) -> io::Result<()> {
    loop {
        let msg = c.recv(1024)?;
        if msg.is_empty() {
            return Ok(());
        }
        let msg = String::from_utf8(msg).map_err(io::Error::other)?;
        c.sendall(msg.to_uppercase().as_bytes())?;
    }
}

pub(crate) fn client(address: &Address) -> io::Result<()> {
    let client = Socket::new(address.family(), SocketKind::Stream)?;
    client.connect(address)?;
    for data in lines() {
        let data = data?;
        if data.is_empty() {
            continue;
        }
        client.sendall(data.as_bytes())?;
        let msg = client.recv(1024)?;
        if msg.is_empty() {
            break;
        }
        show(&msg)?;
    }
    client.close();
    Ok(())
}
