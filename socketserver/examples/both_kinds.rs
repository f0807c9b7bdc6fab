//! One handler for streams and datagrams: the same service over TCP and UDP. A single Ctrl-C drains
//! both servers.
//!
//!     cargo run --example both_kinds
//!     nc 127.0.0.1 9999
//!     nc -u 127.0.0.1 9999

use std::io;
use std::time::Duration;

use socketserver::{Address, BaseRequestHandler, Request, ThreadingTCPServer, UDPServer};

#[derive(BaseRequestHandler)]
struct UpperCase {
    request: Request,
    client_address: Address,
}

impl UpperCase {
    fn handle(&self) -> io::Result<()> {
        match &self.request {
            Request::Stream(connection) => {
                let data = connection.recv(1024)?;
                connection.sendall(&data.to_ascii_uppercase())
            }
            Request::Datagram(datagram) => {
                let answer = datagram.data.to_ascii_uppercase();
                datagram.socket.sendto(&answer, &self.client_address)?;
                Ok(())
            }
        }
    }
}

fn main() -> io::Result<()> {
    env_logger::init();
    // TCP ports and UDP ports are separate, so both servers can have the same number.
    let tcp = ThreadingTCPServer::<UpperCase>::bind("127.0.0.1:9999")?;
    let udp = UDPServer::<UpperCase>::bind(tcp.server_address())?;
    tcp.drain_on_signals(Duration::from_secs(5))?;
    udp.drain_on_signals(Duration::from_secs(5))?;
    let tcp = tcp.spawn()?;
    udp.serve_forever()?;
    tcp.join()
}
