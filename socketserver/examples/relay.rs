//! Forwards each connection to another server, and its answers back.
//!
//!     cargo run --example upper_lines
//!     cargo run --example relay
//!     nc 127.0.0.1 8888

use std::io;
use std::time::Duration;

use socketserver::{Address, Socket, ThreadingTCPServer, create_connection, relay};

const UPSTREAM: &str = "127.0.0.1:9999";

fn forward(client: Socket, _client_address: Address) -> io::Result<()> {
    let upstream = create_connection(UPSTREAM, Some(Duration::from_secs(5)))?;
    // The timeout was for connecting. From here on both sides may be silent for longer.
    for end in [&client, &upstream] {
        end.settimeout(Some(Duration::from_secs(600)))?;
    }
    relay(&client, &upstream)?;
    Ok(())
}

fn main() -> io::Result<()> {
    env_logger::init();
    ThreadingTCPServer::handling(forward).bind("127.0.0.1:8888")?.serve_forever()
}
