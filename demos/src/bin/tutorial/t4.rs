//! T4. UDP, the template: datagrams and answers.
//!
//! ```sh
//! cargo run --bin tutorial -- t4 server
//! cargo run --bin tutorial -- t4 client
//! ```
//!
//! `recvfrom` also returns the sender's address, and the answer goes there. One loop is enough:
//! there are no connections, so any number of clients can take turns. An empty line is a message
//! too.
//!
//! A datagram may get lost, or its answer, or the server may not be running, and UDP reports none
//! of this. A client that waits for an answer has to decide how long.

use std::io;
use std::time::Duration;

use demos::text::printable;
use socketserver::{Address, Socket, SocketKind};

use crate::{lines, show};

pub(crate) const ADDRESS: &str = "127.0.0.1:8888";

pub(crate) fn server(address: &Address) -> io::Result<()> {
    let server = Socket::new(address.family(), SocketKind::Datagram)?;
    server.bind(address)?;
    println!("listening on {}", server.getsockname()?);
    loop {
        let (msg, c_addr) = server.recvfrom(1024)?;
        println!(
            "Received from {}, who says: {}",
            c_addr.ip().expect("a UDP sender has an IP address"),
            printable(&msg)
        );
        server.sendto(&msg.to_ascii_uppercase(), c_addr)?;
    }
}

pub(crate) fn client(address: &Address) -> io::Result<()> {
    let client = Socket::new(address.family(), SocketKind::Datagram)?;
    // The course's client waits for ever.
    client.settimeout(Some(Duration::from_secs(10)))?;
    for msg in lines() {
        client.sendto(msg?.as_bytes(), address)?;
        let (data, _addr) = client.recvfrom(1024)?;
        show(&data)?;
    }
    Ok(())
}
