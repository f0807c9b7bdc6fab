//! A handler without a derive: a single function, whose arguments are the request, the client's
//! address and the server.
//!
//!     RUST_LOG=info cargo run --example by_hand
//!     nc 127.0.0.1 9999

use std::io;

use socketserver::{Address, HandlerError, RequestHandler, ServerRef, Socket, ThreadingTCPServer};

/// Only a name for the function: no value of this type is ever created.
enum UpperCase {}

/// Works with any state `S`, and so with every server of streams.
impl<S> RequestHandler<Socket, S> for UpperCase {
    fn handle_request(
        request: Socket,
        client_address: Address,
        server: ServerRef<S>,
    ) -> Result<(), HandlerError> {
        log::info!("{client_address} is at {}", server.server_address());
        let data = request.recv(1024)?;
        Ok(request.sendall(&data.to_ascii_uppercase())?)
    }
}

fn main() -> io::Result<()> {
    env_logger::init();
    ThreadingTCPServer::<UpperCase>::bind("127.0.0.1:9999")?.serve_forever()
}
