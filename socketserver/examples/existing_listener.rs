//! Serves on a socket that somebody else has bound and hands over as standard input, as inetd (`wait`) and systemd
//! (`StandardInput=socket`) do, or two lines of Python.
//!
//!     cargo build --example existing_listener
//!     RUST_LOG=info python3 -c 'import socket, subprocess; listener = socket.create_server(("127.0.0.1", 9999));
//!     subprocess.run("target/debug/examples/existing_listener", stdin=listener)'
//!     nc 127.0.0.1 9999

use std::io;
use std::os::fd::AsFd;

use socketserver::{Socket, ThreadingTCPServer};

fn main() -> io::Result<()> {
    env_logger::init();
    // A descriptor, but a `std::net::TcpListener` would do as well.
    let listener = io::stdin().as_fd().try_clone_to_owned()?;
    let server = ThreadingTCPServer::handling(|request: Socket, client_address| {
        request.sendall(format!("Hello, {client_address}.\n").as_bytes())
    })
    .from_socket(listener)?;
    log::info!("listening on {}", server.server_address());
    server.serve_forever()
}
