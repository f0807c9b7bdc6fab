//! Sends each line back in upper case. A stream handler reads and writes its connection as files.
//!
//!     cargo run --example upper_lines
//!     nc 127.0.0.1 9999

use std::io::{self, Write};

use socketserver::{SocketReader, SocketWriter, StreamRequestHandler, ThreadingTCPServer};

/// Disconnects a client that sends nothing for a minute, or a line that is too long.
#[derive(StreamRequestHandler)]
#[handler(timeout = 60)]
struct UpperLines {
    rfile: SocketReader,
    wfile: SocketWriter,
}

impl UpperLines {
    fn handle(&mut self) -> io::Result<()> {
        for line in self.rfile.lines_up_to(4096) {
            writeln!(self.wfile, "{}", line?.to_uppercase())?;
        }
        Ok(())
    }
}

fn main() -> io::Result<()> {
    env_logger::init();
    ThreadingTCPServer::<UpperLines>::bind("127.0.0.1:9999")?.serve_forever()
}
