//! Passes every connection on to another server and back: one thread waits for two sockets.
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
    // That was for connecting. From here on either side may take its time.
    upstream.settimeout(None)?;
    let mut ways = vec![(&client, &upstream), (&upstream, &client)];
    while !ways.is_empty() {
        let sources: Vec<&Socket> = ways.iter().map(|(from, _)| *from).collect();
        let (readable, _) = select(&sources, &[], None)?;
        // Backwards, so that removing one way moves none that is still to come.
        for place in readable.into_iter().rev() {
            let (from, to) = ways[place];
            let data = from.recv(65_536)?;
            if data.is_empty() {
                // This direction has ended; the other may go on.
                to.shutdown(Shutdown::Write)?;
                ways.remove(place);
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
