//! Your own transport: TCP with a password, which the client must send before its handler runs.
//!
//!     cargo run --example custom_transport
//!     nc 127.0.0.1 9999               # and then open sesame

use std::io;
use std::time::Duration;

use socketserver::{
    Server, Socket, SocketOption, Tcp, Threading, Transport, TransportHooks, Wrapped,
};

/// The method in which this transport differs from TCP. It inherits all others, and all options.
#[derive(Default)]
struct Password;

impl TransportHooks<Tcp> for Password {
    /// Runs where the handler will run, so a client that is slow here keeps no other waiting.
    fn prepare(&self, inner: &Tcp, request: &Socket) -> io::Result<()> {
        inner.prepare(request)?;
        request.settimeout(Some(Duration::from_secs(10)))?;
        // Without a buffer, so that the bytes after the line are left for the handler.
        let (mut rfile, _) = request.makefile(0, 0);
        if rfile.readline(100)?.trim_ascii() != b"open sesame" {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        request.settimeout(None)
    }
}

type Cave = Wrapped<Tcp, Password>;

fn main() -> io::Result<()> {
    env_logger::init();
    Server::<Cave, Threading, _, _>::handling(|request: Socket, _client_address| {
        request.sendall(b"Treasures!\n")
    })
    .request_queue_size(64)
    // An option that has no setter; connections inherit it.
    .with_socket(|socket| socket.setsockopt(SocketOption::KeepAlive(true)))
    .bind("127.0.0.1:9999")?
    .serve_forever()
}
