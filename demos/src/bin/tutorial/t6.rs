//! T6. The connection loop and the conversation loop, as a telephone.
//!
//! ```sh
//! cargo run --bin tutorial -- t6 server
//! cargo run --bin tutorial -- t6 client
//! ```
//!
//! The program is that of T2, with a commentary on each step: a telephone is bought, gets a number,
//! is switched on, rings, is talked into and hung up. Only its last step is never reached, since it
//! rings for ever.
//!
//! `listen(5)` is the queue of calls that have not been answered yet. It bounds waiting calls, not
//! conversations.

use std::io;

use socketserver::{Address, Socket, SocketKind, SocketOption};

use crate::{lines, repr, show};

pub(crate) const ADDRESS: &str = "127.0.0.1:8080";

pub(crate) fn server(address: &Address) -> io::Result<()> {
    // 1. Buy a telephone. For a stream: TCP. (Datagrams would be UDP.)
    let phone = Socket::new(address.family(), SocketKind::Stream)?;
    // 2. Give it a number, even if its last owner has only just hung up.
    phone.setsockopt(SocketOption::ReuseAddress(true))?;
    phone.bind(address)?;
    // 3. Switch it on.
    phone.listen(5)?;
    println!("listening on {}", phone.getsockname()?);
    // 4. Wait for calls.
    println!("start....");
    loop {
        // The connection loop. When `accept` returns, the handshake is done.
        let (conn, client_addr) = phone.accept()?;
        println!("A connection has been made: {client_addr}");
        // 5. Talk.
        match conversation(&conn) {
            // A client that breaks off ends only its own conversation.
            Err(error) if !is_broken_off(&error) => return Err(error),
            _ => {}
        }
        // 6. Hang up.
        conn.close();
    }
}

fn conversation(conn: &Socket) -> io::Result<()> {
    loop {
        println!("The server waits for data...");
        // At least one byte, or nothing at all once the client has hung up.
        let data = conn.recv(1024)?;
        if data.is_empty() {
            return Ok(());
        }
        println!("Data from the client: {}", repr(&data));
        conn.sendall(&data.to_ascii_uppercase())?;
    }
}

/// Python: `except ConnectionResetError`, which misses the pipe that breaks during a send
fn is_broken_off(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe)
}

pub(crate) fn client(address: &Address) -> io::Result<()> {
    // 1. Buy a telephone.
    let phone = Socket::new(address.family(), SocketKind::Stream)?;
    // 2. Dial.
    phone.connect(address)?;
    // 3. Talk.
    for msg in lines() {
        let msg = msg?;
        let msg = msg.trim();
        if msg.is_empty() {
            continue;
        }
        phone.sendall(msg.as_bytes())?;
        let data = phone.recv(1024)?;
        if data.is_empty() {
            break;
        }
        show(repr(&data).as_bytes())?;
    }
    // 4. Hang up.
    phone.close();
    Ok(())
}
