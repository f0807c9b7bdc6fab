//! An echo server with every limit: what each one bounds, and what happens beyond it.
//!
//!     RUST_LOG=debug cargo run --example limits
//!     nc 127.0.0.1 9999               # in three terminals: the third is closed

use std::io;
use std::time::Duration;

use socketserver::{Address, Socket, ThreadingTCPServer};

fn echo(request: Socket, _client_address: Address) -> io::Result<()> {
    loop {
        let data = request.recv(1024)?;
        if data.is_empty() {
            return Ok(());
        }
        request.sendall(&data)?;
    }
}

fn main() -> io::Result<()> {
    env_logger::init();
    ThreadingTCPServer::handling(echo)
        // Size of the backlog. Beyond it, a client must try again.
        .request_queue_size(64)
        // Live requests. At the limit the server accepts no more from the backlog. Each request has
        // a thread here, so `max_threads` would do the same.
        .max_connections(100)
        // Live requests per client address. Connections beyond it are closed at once.
        .max_connections_per_address(2)
        // Connections per client address: a burst of twenty, and in the long run two a second.
        .max_rate_per_address(20, Duration::from_secs(10))
        // How long one request may take. After that it is aborted.
        .deadline(Duration::from_secs(60))
        .bind("127.0.0.1:9999")?
        .serve_forever()
}
