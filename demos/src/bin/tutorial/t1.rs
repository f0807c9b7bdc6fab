//! T1. TCP, once: a client says one thing to a server.
//!
//! ```sh
//! cargo run --bin tutorial -- t1 server
//! cargo run --bin tutorial -- t1 client
//! ```
//!
//! The server first: before anything is said, TCP makes a connection, by a handshake of three packets. The client asks,
//! the server's system agrees, the client confirms. Where nobody listens there is nobody to agree, and `connect` fails
//! with "connection refused". What is sent after that arrives whole and in order, or the sender is told.
//!
//! The system shakes hands by itself; `accept` only takes a connection that is there. `listen(5)` bounds those that
//! nobody has accepted yet. It does not bound the clients that are served.

use std::io;

use socketserver::{Address, Socket, SocketKind, SocketOption};

use crate::repr;

pub(crate) const ADDRESS: &str = "127.0.0.1:8080";

pub(crate) fn server(address: &Address) -> io::Result<()> {
    // 1. A socket for the server.
    let s = Socket::new(address.family(), SocketKind::Stream)?;
    // Without this a server that is started again finds its port taken for a minute. The course says so in T6.
    s.setsockopt(SocketOption::ReuseAddress(true))?;
    // 2. Its address.
    s.bind(address)?;
    // 3. Listening. This does not wait for anybody.
    s.listen(5)?;
    println!("listening on {}", s.getsockname()?);
    println!("The server has started!");
    println!("test");
    // 4. A connection, from whoever comes first. This waits until there is one.
    let (conn, c_address) = s.accept()?;
    println!("A connection has been made!");
    println!("{c_address}");
    // 5. What it says, up to 1024 bytes. This waits too.
    let res = conn.recv(1024)?;
    println!("{}", repr(&res));
    // 6. The end.
    conn.close();
    s.close();
    Ok(())
}

pub(crate) fn client(address: &Address) -> io::Result<()> {
    // 1. A socket for the client. It needs no address of its own: the system chooses one.
    let c = Socket::new(address.family(), SocketKind::Stream)?;
    // 2. The handshake.
    c.connect(address)?;
    // 3. What is to be said.
    c.send(b"hello i,m client!")?;
    // 4. The end.
    c.close();
    Ok(())
}
