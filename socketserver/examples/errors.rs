//! Doubles a number. If that fails, the client gets the error.
//!
//!     cargo run --example errors
//!     nc 127.0.0.1 9999               # and then 21, or 2147483647, or a word

use std::error::Error;

use socketserver::{
    Address, BaseServer, HandlerError, ServerRef, Socket, SocketReader, StreamRequestHandler,
    TCPServer, log_error,
};

#[derive(StreamRequestHandler)]
struct Double {
    request: Socket,
    rfile: SocketReader,
}

impl Double {
    /// Any error that can be displayed may be returned.
    fn handle(&mut self) -> Result<(), Box<dyn Error>> {
        let line = String::from_utf8(self.rfile.readline(100)?)?;
        let number: i32 = line.trim().parse()?;
        // A panic is caught, and is an error like any other.
        let double = number.checked_mul(2).expect("it is too large");
        self.request.sendall(format!("{double}\n").as_bytes())?;
        Ok(())
    }
}

/// In Python: a subclass that overrides `handle_error`.
#[derive(Default)]
struct Polite;

impl BaseServer for Polite {
    fn handle_error(
        &self,
        request: &Socket,
        client_address: &Address,
        error: &HandlerError,
        _server: &ServerRef<Self>,
    ) {
        // The connection is still open here, unless the client has closed it.
        let _ = request.sendall(format!("sorry: {error}\n").as_bytes());
        log_error(client_address, error);
    }
}

fn main() -> std::io::Result<()> {
    env_logger::init();
    TCPServer::<Double, Polite>::bind("127.0.0.1:9999")?.serve_forever()
}
