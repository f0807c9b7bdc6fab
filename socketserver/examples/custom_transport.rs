//! A transport of one's own: TCP, with an option set before `bind` and a handshake before the handler.
//!
//!     cargo run --example custom_transport
//!     nc 127.0.0.1 9999               and then open sesame

use std::io;
use std::time::Duration;

use socketserver::{Address, Server, Socket, SocketOption, Tcp, Threading, Transport};

/// Connections whose first line is the password.
#[derive(Default)]
struct Cave(Tcp);

impl Transport for Cave {
    type Request = Socket;

    fn socket(&self, address: &Address) -> io::Result<Socket> {
        let socket = self.0.socket(address)?;
        // Connections inherit it.
        socket.setsockopt(SocketOption::KeepAlive(true))?;
        Ok(socket)
    }

    /// Where the handler runs, so a client that is slow here holds up nobody else.
    fn prepare(&self, request: &Socket) -> io::Result<()> {
        request.settimeout(Some(Duration::from_secs(10)))?;
        // Without a buffer, so that what follows the line is left for the handler.
        let (mut rfile, _) = request.makefile(0, 0);
        if rfile.readline(100)?.trim_ascii() != b"open sesame" {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        request.settimeout(None)
    }

    // The rest is TCP's.

    fn server_bind(&self, socket: &Socket, address: &Address) -> io::Result<()> {
        self.0.server_bind(socket, address)
    }

    fn adopt(&self, socket: &Socket) -> io::Result<()> {
        self.0.adopt(socket)
    }

    fn server_activate(&self, socket: &Socket) -> io::Result<()> {
        self.0.server_activate(socket)
    }

    fn get_request(&self, socket: &Socket) -> io::Result<(Socket, Address)> {
        self.0.get_request(socket)
    }

    fn shutdown_request(&self, request: &Socket, patience: Duration) {
        self.0.shutdown_request(request, patience);
    }

    fn abort(&self, request: &Socket) {
        self.0.abort(request);
    }

    fn fence(&self, socket: &Socket) -> io::Result<()> {
        self.0.fence(socket)
    }

    fn leave_to_parent(&self, socket: &Socket) {
        self.0.leave_to_parent(socket);
    }

    fn server_close(&self, socket: &Socket) {
        self.0.server_close(socket);
    }
}

fn main() -> io::Result<()> {
    env_logger::init();
    Server::<Cave, Threading, _, _>::handling(|request: Socket, _client_address| {
        request.sendall(b"Treasures!\n")
    })
    .bind("127.0.0.1:9999")?
    .serve_forever()
}
