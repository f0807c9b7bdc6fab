//! Answers programs that look for it in a multicast group, wherever it is. Any number of programs
//! on one machine can do so side by side.
//!
//!     cargo run --example discovery
//!     echo who is there | socat -t1 - UDP4-DATAGRAM:239.255.70.77:9999

use std::io;
use std::net::Ipv4Addr;

use socketserver::{Datagram, Interface, UDPServer};

const GROUP: Ipv4Addr = Ipv4Addr::new(239, 255, 70, 77);

fn main() -> io::Result<()> {
    env_logger::init();
    let name = format!("process {}\n", std::process::id());
    // The answer is sent from this machine's own address, because nothing can be sent from a group.
    UDPServer::handling(move |request: Datagram, _| request.reply(&name))
        .allow_reuse_address(true)
        .with_socket(|socket| socket.join_multicast(GROUP, Interface::Unspecified))
        .bind("0.0.0.0:9999")?
        .serve_forever()
}
