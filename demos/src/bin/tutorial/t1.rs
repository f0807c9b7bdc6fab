//! T1. TCP, once: a client sends one message to a server.
//!
//! ```sh
//! cargo run --bin tutorial -- t1 server
//! cargo run --bin tutorial -- t1 client
//! ```
//!
//! Start the server first. TCP makes a connection before any data flows, by a handshake of three
//! packets: the client asks, the server's system agrees, the client confirms. If no server listens,
//! `connect` fails with "connection refused". Once the connection stands, data arrives complete and
//! in order, or the sender gets an error.
//!
//! The system does the handshake by itself; `accept` only returns a connection that is there.
//! `listen(5)` bounds the backlog, the connections that wait for `accept`. It does not bound the
//! clients that are served.

use std::io;

use socketserver::{Address, Socket, SocketKind, SocketOption};

use crate::repr;

pub(crate) const ADDRESS: &str = "127.0.0.1:8080";

pub(crate) fn server(address: &Address) -> io::Result<()> {
    // 1. A socket for the server.
    let s = Socket::new(address.family(), SocketKind::Stream)?;
    // Without this a restarted server would find its port taken for a minute. The course says so
    // in T6.
    s.setsockopt(SocketOption::ReuseAddress(true))?;
    // 2. Its address.
    s.bind(address)?;
    // 3. Listening. This does not block.
    s.listen(5)?;
    println!("listening on {}", s.getsockname()?);
    println!("The server has started!");
    println!("test");
    // 4. The first connection. This blocks until there is one.
    let (conn, c_address) = s.accept()?;
    println!("A connection has been made!");
    println!("{c_address}");
    // 5. A message of up to 1024 bytes. This blocks too.
    let res = conn.recv(1024)?;
    println!("{}", repr(&res));
    // 6. The end.
    conn.close();
    s.close();
    Ok(())
}

pub(crate) fn client(address: &Address) -> io::Result<()> {
    // 1. A socket for the client. The system chooses its address.
    let c = Socket::new(address.family(), SocketKind::Stream)?;
    // 2. The handshake.
    c.connect(address)?;
    // 3. The message.
    c.send(b"hello i,m client!")?;
    // 4. The end.
    c.close();
    Ok(())
}
