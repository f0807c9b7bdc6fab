//! Forwards each connection to another server, and its answers back. One thread waits for both
//! sockets.
//!
//!     cargo run --example upper_lines
//!     cargo run --example relay
//!     nc 127.0.0.1 8888

use std::io;
use std::net::Shutdown;
use std::time::Duration;

use socketserver::{Address, Socket, ThreadingTCPServer, create_connection, select};

const UPSTREAM: &str = "127.0.0.1:9999";

fn relay(client: Socket, _client_address: Address) -> io::Result<()> {
    let upstream = create_connection(UPSTREAM, Some(Duration::from_secs(5)))?;
    // The timeout was for connecting. From here on both sides may take their time.
    upstream.settimeout(None)?;
    let mut directions = vec![(&client, &upstream), (&upstream, &client)];
    while !directions.is_empty() {
        let sources: Vec<&Socket> = directions.iter().map(|(from, _)| *from).collect();
        let (readable, _) = select(&sources, &[], None)?;
        // From the back, so that a removal does not shift the positions still to come.
        for position in readable.into_iter().rev() {
            let (from, to) = directions[position];
            let data = from.recv(65_536)?;
            if data.is_empty() {
                // This direction has ended. The other may continue.
                to.shutdown(Shutdown::Write)?;
                directions.remove(position);
            } else {
                to.sendall(&data)?;
            }
        }
    }
    Ok(())
}

fn main() -> io::Result<()> {
    env_logger::init();
    ThreadingTCPServer::handling(relay)
        .bind("127.0.0.1:8888")?
        .serve_forever()
}
