//! An echo that cannot be overrun: what each limit bounds, and what happens beyond it.
//!
//!     RUST_LOG=debug cargo run --example limits
//!     nc 127.0.0.1 9999               in three terminals: the third is turned away

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
        // Connections that nobody has taken yet. A client beyond it has to try again.
        .request_queue_size(64)
        // Live requests. While there are so many, nothing is taken from that queue. As each has a thread of its own,
        // `max_threads` would do the same here.
        .max_connections(100)
        // Live requests of one client address. What is beyond it is closed at once.
        .max_connections_per_address(2)
        // How often a client address may connect: twenty times at once, two times a second in the long run.
        .max_rate_per_address(20, Duration::from_secs(10))
        // How long one request may take. Then its connection is cut.
        .deadline(Duration::from_secs(60))
        .bind("127.0.0.1:9999")?
        .serve_forever()
}
