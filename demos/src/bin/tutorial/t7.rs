//! T7. UDP keeps message boundaries; TCP has none.
//!
//! ```sh
//! cargo run --bin tutorial -- t7 server
//! cargo run --bin tutorial -- t7 client
//! ```
//!
//! Three `sendto`s are three datagrams, and three `recvfrom`s receive exactly those, one each. That
//! is so even if all of them have been waiting for a while, or if the last one is empty. Nothing
//! sticks together.
//!
//! A TCP connection is one stream of bytes. What two `send`s put into it may come out in one
//! `recv`, `helloworld`, and one `send` may come out in two. The two programs must agree on where a
//! message ends, by a length or by the end of a line.
//!
//! The other side of the coin: a datagram comes whole or not at all, so the buffer must be large
//! enough. The part that does not fit is lost, and the next `recvfrom` continues with the next
//! datagram. A stream would have kept the rest. (The course advises at most 512 bytes in a
//! datagram, which every network carries in one piece.)

use std::io;

use socketserver::{Address, AddressFamily, Socket, SocketKind};

use crate::repr;

pub(crate) const ADDRESS: &str = "127.0.0.1:8080";

pub(crate) fn server(address: &Address) -> io::Result<()> {
    let server = Socket::new(address.family(), SocketKind::Datagram)?;
    server.bind(address)?;
    println!("listening on {}", server.getsockname()?);

    let (data, client_addr) = server.recvfrom(1024)?;
    println!("The first: {client_addr} {}", repr(&data));

    let (data, client_addr) = server.recvfrom(1024)?;
    println!("The second: {client_addr} {}", repr(&data));

    let (data, client_addr) = server.recvfrom(1024)?;
    println!("The third: {client_addr} {}", repr(&data));

    too_small()?;
    server.close();
    Ok(())
}

/// The course makes the first buffer smaller and runs the program again: `b'hello' ==> b'h'`. Here
/// two more sockets show it, and the client's three datagrams are left alone.
fn too_small() -> io::Result<()> {
    let from = Socket::new(AddressFamily::Inet, SocketKind::Datagram)?;
    let to = Socket::new(AddressFamily::Inet, SocketKind::Datagram)?;
    to.bind("127.0.0.1:0")?;
    for data in ["hello", "world"] {
        from.sendto(data.as_bytes(), to.getsockname()?)?;
    }
    let (data, _) = to.recvfrom(1)?;
    println!("hello in a buffer of 1: {}", repr(&data));
    let (data, _) = to.recvfrom(1024)?;
    println!("What is received next: {}", repr(&data));
    Ok(())
}

pub(crate) fn client(address: &Address) -> io::Result<()> {
    let client = Socket::new(address.family(), SocketKind::Datagram)?;
    client.sendto(b"hello", address)?;
    client.sendto(b"world", address)?;
    // Only a header, and still a datagram.
    client.sendto(b"", address)?;
    client.close();
    Ok(())
}
