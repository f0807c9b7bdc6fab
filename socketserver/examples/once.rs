//! Serves one client, or gives up after ten seconds: `handle_request` instead of a loop.
//!
//!     cargo run --example once
//!     nc 127.0.0.1 9999               # within ten seconds
#![allow(clippy::print_stdout)]

use std::io;
use std::time::Duration;

use socketserver::{Served, Socket, TCPServer};

fn main() -> io::Result<()> {
    env_logger::init();
    let server = TCPServer::handling(|request: Socket, _client_address| {
        request.sendall(b"You are the only client.\n")
    })
    .timeout(Duration::from_secs(10))
    .bind("127.0.0.1:9999")?;
    match server.handle_request()? {
        Served::Handled => println!("Served one client."),
        Served::TimedOut => println!("No client came."),
        Served::Refused | Served::Stopped => unreachable!("without limits or a stop"),
    }
    Ok(())
}
