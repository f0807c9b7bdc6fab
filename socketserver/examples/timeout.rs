//! Asks for a name, but does not wait for ever: each read and write has a timeout.
//!
//!     cargo run --example timeout
//!     nc 127.0.0.1 9999

use std::io::{self, Write};

use socketserver::{SocketReader, SocketWriter, StreamRequestHandler, ThreadingTCPServer};

#[derive(StreamRequestHandler)]
#[handler(timeout = 10)]
struct Greeter {
    rfile: SocketReader,
    wfile: SocketWriter,
}

impl Greeter {
    fn handle(&mut self) -> io::Result<()> {
        write!(self.wfile, "Who are you? ")?;
        match self.rfile.readline(100) {
            Ok(name) => writeln!(self.wfile, "Hello, {}.", String::from_utf8_lossy(&name).trim()),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                writeln!(self.wfile, "\nNever mind.")
            }
            Err(error) => Err(error),
        }
    }
}

fn main() -> io::Result<()> {
    env_logger::init();
    ThreadingTCPServer::<Greeter>::bind("127.0.0.1:9999")?.serve_forever()
}
