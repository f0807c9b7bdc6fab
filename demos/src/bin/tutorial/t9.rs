//! T9. `socketserver` over UDP.
//!
//! ```sh
//! cargo run --bin tutorial -- t9 server
//! cargo run --bin tutorial -- t9 client          # and again in a third terminal
//! ```
//!
//! UDP has no connections, so a handler runs per datagram, on a thread. It has no conversation
//! loop: a client's next datagram is the next request. `self.request` holds the data and the
//! server's socket, and the answer goes through that socket to `self.client_address`.
//!
//! The loop of T4 serves many clients too, one datagram after the other. Threads pay off when an
//! answer takes its time.

use std::io;
use std::thread;
use std::time::Duration;

use demos::text::printable;
use socketserver::{
    Address, BaseRequestHandler, Datagram, ServerRef, Socket, SocketKind, ThreadingUDPServer,
};

use crate::{lines, show};

pub(crate) const ADDRESS: &str = "127.0.0.1:9999";

/// One of these per datagram.
#[derive(Debug, BaseRequestHandler)]
struct MyHandler {
    request: Datagram,
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
        let Datagram { data, socket, .. } = &self.request;
        println!("{}", printable(data));
        socket.sendto(b"i am server", &self.client_address)?;
        Ok(())
    }
}

pub(crate) fn server(address: &Address) -> io::Result<()> {
    let server = ThreadingUDPServer::<MyHandler>::bind(address)?;
    println!("listening on {}", server.server_address());
    server.serve_forever()
}

pub(crate) fn client(address: &Address) -> io::Result<()> {
    let c = Socket::new(address.family(), SocketKind::Datagram)?;
    // As in T4.
    c.settimeout(Some(Duration::from_secs(10)))?;
    for msg in lines() {
        c.sendto(msg?.as_bytes(), address)?;
        let (data, _addr) = c.recvfrom(1024)?;
        show(&data)?;
    }
    Ok(())
}
