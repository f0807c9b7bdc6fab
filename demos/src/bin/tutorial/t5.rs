//! T5. A simple chat room: one client, until it says `over`.
//!
//! ```sh
//! cargo run --bin tutorial -- t5 server
//! cargo run --bin tutorial -- t5 client
//! ```
//!
//! The two programs agree on how a conversation ends: the word `over` makes the server close the
//! connection. The client then receives nothing, as at the end of every stream, and knows that the
//! conversation is over.

use std::io;

use demos::text::printable;
use socketserver::{Address, Socket, SocketKind, SocketOption};

use crate::{lines, show};

pub(crate) const ADDRESS: &str = "127.0.0.1:65535";

pub(crate) fn server(address: &Address) -> io::Result<()> {
    let server = Socket::new(address.family(), SocketKind::Stream)?;
    server.setsockopt(SocketOption::ReuseAddress(true))?;
    server.bind(address)?;
    server.listen(5)?;
    println!("listening on {}", server.getsockname()?);
    // The client's socket, and the client's address.
    let (conn, _c_address) = server.accept()?;
    loop {
        let data = conn.recv(1024)?;
        if data.is_empty() {
            // The client left without `over`. The course's server would receive nothing for ever.
            break;
        }
        let data = String::from_utf8(data).map_err(io::Error::other)?;
        println!("Received from the client: {}", printable(data.as_bytes()));
        if data == "over" {
            break;
        }
        conn.sendall(data.to_uppercase().as_bytes())?;
    }
    conn.close();
    server.close();
    Ok(())
}

pub(crate) fn client(address: &Address) -> io::Result<()> {
    let client = Socket::new(address.family(), SocketKind::Stream)?;
    client.connect(address)?;
    for line in lines() {
        let line = line?;
        if line.is_empty() {
            // As in T2; the course's client would wait for ever.
            continue;
        }
        client.sendall(line.as_bytes())?;
        let data = client.recv(1024)?;
        if data.is_empty() {
            break;
        }
        show(&data)?;
    }
    client.close();
    Ok(())
}
