//! One server for IPv4 and IPv6, on every interface of the machine.
//!
//!     cargo run --example dual_stack
//!     nc 127.0.0.1 9999
//!     nc ::1 9999

use std::io;

use socketserver::{Socket, ThreadingTCPServer};

fn main() -> io::Result<()> {
    env_logger::init();
    ThreadingTCPServer::handling(|request: Socket, client_address| {
        // The address as the socket reports it, and the IP address that the client uses.
        let ip = client_address.ip().map(|ip| ip.to_string());
        let answer = format!("{client_address} is {}\n", ip.unwrap_or_default());
        request.sendall(answer.as_bytes())
    })
    // Overrides the setting of the system.
    .dual_stack(true)
    .bind("[::]:9999")?
    .serve_forever()
}
