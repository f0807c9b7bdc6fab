//! A server and its client in one program: the server runs in a background thread, on a free port
//! that the system chooses.
//!
//!     cargo run --example background
#![allow(clippy::print_stdout)]

use std::io;
use std::time::Duration;

use socketserver::{Address, Socket, ThreadingTCPServer, create_connection};

fn upper(request: Socket, _client_address: Address) -> io::Result<()> {
    let data = request.recv(1024)?;
    request.sendall(&data.to_ascii_uppercase())
}

fn main() -> io::Result<()> {
    env_logger::init();
    let server = ThreadingTCPServer::handling(upper).bind("127.0.0.1:0")?.spawn()?;
    println!("serving at {}", server.server_address());

    for text in ["hello", "world"] {
        let client = create_connection(server.server_address(), Some(Duration::from_secs(5)))?;
        client.sendall(text.as_bytes())?;
        println!("{}", String::from_utf8_lossy(&client.recv(1024)?));
    }

    let stats = server.stats();
    server.drain(Duration::from_secs(5))?;
    println!("{} requests", stats.accepted);
    Ok(())
}
