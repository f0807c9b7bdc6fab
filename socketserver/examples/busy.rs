//! An echo server for two clients at a time. Further clients get the message that it is busy.
//!
//!     cargo run --example busy
//!     nc 127.0.0.1 9999               # in three terminals: the third is refused

use std::io;

use socketserver::{
    Address, BaseRequestHandler, BaseServer, Overflow, ServerRef, Socket, ThreadingTCPServer,
};

struct Busy;

impl BaseServer for Busy {
    // Runs on the loop's thread, where no call blocks. A short text fits into any send buffer.
    fn refuse_request(&self, request: &Socket, _: &Address, _: &ServerRef<Self>) {
        let _ = request.sendall(b"Busy. Please try again later.\n");
    }
}

#[derive(BaseRequestHandler)]
struct Echo {
    request: Socket,
}

impl Echo {
    fn handle(&self) -> io::Result<()> {
        loop {
            let data = self.request.recv(1024)?;
            if data.is_empty() {
                return Ok(());
            }
            self.request.sendall(&data)?;
        }
    }
}

fn main() -> io::Result<()> {
    ThreadingTCPServer::<Echo, _>::with(Busy)
        .max_connections(2)
        // By default a full server leaves further clients in the backlog.
        .overflow(Overflow::Refuse)
        .bind("127.0.0.1:9999")?
        .serve_forever()
}
