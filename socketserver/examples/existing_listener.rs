//! Serves on a listening socket that it gets as standard input: from inetd (`wait`), from systemd
//! (`StandardInput=socket`), or from three lines of Python. (The example `inetd` gets a
//! connection.)
//!
//!     cargo build --example existing_listener
//!     RUST_LOG=info python3 -c 'import socket, subprocess
//!     listener = socket.create_server(("127.0.0.1", 9999))
//!     subprocess.run("target/debug/examples/existing_listener", stdin=listener)'
//!     nc 127.0.0.1 9999

use std::io;
use std::os::fd::AsFd;

use socketserver::{Socket, ThreadingTCPServer};

fn main() -> io::Result<()> {
    env_logger::init();
    // A file descriptor here; a `std::net::TcpListener` works too.
    let listener = io::stdin().as_fd().try_clone_to_owned()?;
    let server = ThreadingTCPServer::handling(|request: Socket, client_address| {
        request.sendall(format!("Hello, {client_address}.\n").as_bytes())
    })
    .from_socket(listener)?;
    log::info!("listening on {}", server.server_address());
    server.serve_forever()
}
