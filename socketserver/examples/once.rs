//! Serves one client and ends, or ends without one: the loop is the program's own.
//!
//!     cargo run --example once
//!     nc 127.0.0.1 9999               within ten seconds
#![allow(clippy::print_stdout)]

use std::io;
use std::time::Duration;

use socketserver::{Served, Socket, TCPServer};

fn main() -> io::Result<()> {
    env_logger::init();
    let server = TCPServer::handling(|request: Socket, _client_address| {
        request.sendall(b"You are the only one.\n")
    })
    .timeout(Duration::from_secs(10))
    .bind("127.0.0.1:9999")?;
    match server.handle_request()? {
        Served::Handled => println!("Somebody came."),
        Served::TimedOut => println!("Nobody came."),
        Served::Refused | Served::Stopped => unreachable!("nobody asked for that"),
    }
    Ok(())
}
