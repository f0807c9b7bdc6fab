//! A process for each connection: a handler that crashes takes no other down.
//!
//!     cargo run --example forking
//!     nc 127.0.0.1 9999               # and then hello, or abort

use std::io::{self, Write};
use std::process;

use socketserver::{ForkingTCPServer, SocketReader, SocketWriter, StreamRequestHandler};

#[derive(StreamRequestHandler)]
struct UpperLines {
    rfile: SocketReader,
    wfile: SocketWriter,
}

impl UpperLines {
    fn handle(&mut self) -> io::Result<()> {
        writeln!(self.wfile, "This is process {}.", process::id())?;
        for line in self.rfile.lines_up_to(4096) {
            match line?.as_str() {
                "abort" => process::abort(),
                line => writeln!(self.wfile, "{}", line.to_uppercase())?,
            }
        }
        Ok(())
    }
}

fn main() -> io::Result<()> {
    env_logger::init();
    // The program must have no other threads, because a child has only the thread that forked.
    ForkingTCPServer::<UpperLines>::bind("127.0.0.1:9999")?.serve_forever()
}
