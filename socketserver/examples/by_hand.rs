//! A handler without a derive: one function, which gets the request, who asks, and the server.
//!
//!     RUST_LOG=info cargo run --example by_hand
//!     nc 127.0.0.1 9999

use std::io;

use socketserver::{Address, HandlerError, RequestHandler, ServerRef, Socket, ThreadingTCPServer};

/// Never made: it is only a name for the function.
enum UpperCase {}

/// For every state `S`, so it can serve under any server of streams.
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
