//! T8. `socketserver` over TCP: many clients at once.
//!
//! ```sh
//! cargo run --bin tutorial -- t8 server
//! cargo run --bin tutorial -- t8 client          # and again in a third terminal
//! ```
//!
//! `serve_forever` is the connection loop of T2. For every connection it makes a `MyHandler` and
//! runs its `handle` on a thread: a waiter for each guest. So only the conversation loop is left to
//! write, and while it waits for one client the others are served. That thread per request is what
//! makes `socketserver` concurrent.
//!
//! The handler starts as soon as a client has connected, before it has sent anything.
//! `self.request` is the connection.

use std::io;
use std::thread;

use demos::text::printable;
use socketserver::{
    Address, BaseRequestHandler, ServerRef, Socket, SocketKind, ThreadingTCPServer,
};

use crate::{lines, show};

pub(crate) const ADDRESS: &str = "127.0.0.1:9999";

/// One of these per connection.
#[derive(Debug, BaseRequestHandler)]
struct MyHandler {
    request: Socket,
    client_address: Address,
    server: ServerRef,
}

impl MyHandler {
    fn handle(&self) -> io::Result<()> {
        println!("{self:?}");
        println!("{:?}", self.server);
        println!("{}", self.client_address);
        println!("{:?}", self.request);
        println!("{:?}", thread::current());
        // The conversation loop.
        loop {
            let data = self.request.recv(1024)?;
            if data.is_empty() {
                // The course's handler would receive nothing for ever.
                return Ok(());
            }
            println!("{}", printable(&data));
            self.request.sendall(&data.to_ascii_uppercase())?;
        }
    }
}

pub(crate) fn server(address: &Address) -> io::Result<()> {
    let server = ThreadingTCPServer::<MyHandler>::bind(address)?;
    println!("listening on {}", server.server_address());
    // The connection loop.
    server.serve_forever()
}

pub(crate) fn client(address: &Address) -> io::Result<()> {
    let c = Socket::new(address.family(), SocketKind::Stream)?;
    c.connect(address)?;
    for msg in lines() {
        let msg = msg?;
        if msg.is_empty() {
            // As in T2; the course's client would wait for ever.
            continue;
        }
        c.sendall(msg.as_bytes())?;
        let data = c.recv(1024)?;
        if data.is_empty() {
            break;
        }
        show(&data)?;
    }
    Ok(())
}
