//! Answers each datagram with its text in upper case.
//!
//!     cargo run --example upper_udp
//!     nc -u 127.0.0.1 9999

use std::io;

use socketserver::{Address, BaseRequestHandler, Datagram, UDPServer};

/// Created for each datagram.
#[derive(BaseRequestHandler)]
struct UpperCase {
    /// The packet, and the server's socket to send the answer with.
    request: Datagram,
    client_address: Address,
}

impl UpperCase {
    fn handle(&self) -> io::Result<()> {
        let Datagram { data, socket, .. } = &self.request;
        let answer = data.to_ascii_uppercase();
        socket.sendto(&answer, &self.client_address)?;
        Ok(())
    }
}

fn main() -> io::Result<()> {
    env_logger::init();
    UDPServer::<UpperCase>::bind("127.0.0.1:9999")?.serve_forever()
}
