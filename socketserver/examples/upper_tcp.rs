//! Sends its input back in upper case: the first example in Python's documentation.
//!
//!     RUST_LOG=info cargo run --example upper_tcp
//!     nc 127.0.0.1 9999

use std::io;

use socketserver::{Address, BaseRequestHandler, Socket, TCPServer};

/// Created for each connection.
#[derive(BaseRequestHandler)]
struct UpperCase {
    /// The connection to the client.
    request: Socket,
    client_address: Address,
}

impl UpperCase {
    fn handle(&mut self) -> io::Result<()> {
        let data = self.request.recv(1024)?;
        log::info!("{} wrote {:?}", self.client_address, String::from_utf8_lossy(&data));
        self.request.sendall(&data.to_ascii_uppercase())
    }
}

fn main() -> io::Result<()> {
    env_logger::init();
    // For a server that talks to many clients at once, write `ThreadingTCPServer`.
    let server = TCPServer::<UpperCase>::bind("127.0.0.1:9999")?;
    server.serve_forever()
}
