//! Adds up the numbers in a datagram. A datagram handler reads the request from a file and writes
//! the reply to another.
//!
//!     cargo run --example datagram_files
//!     nc -u 127.0.0.1 9999            # and then a line such as 1 2 3

use std::io::{self, Write};

use socketserver::{DatagramRequestHandler, PacketReader, UDPServer};

#[derive(DatagramRequestHandler)]
struct Sum {
    rfile: PacketReader,
    /// Sent as one datagram after the handler has succeeded.
    wfile: Vec<u8>,
}

impl Sum {
    fn handle(&mut self) -> io::Result<()> {
        let numbers = String::from_utf8_lossy(self.rfile.rest());
        let numbers = numbers.split_whitespace().map(str::parse::<f64>);
        match numbers.sum::<Result<f64, _>>() {
            Ok(sum) => writeln!(self.wfile, "{sum}"),
            Err(error) => writeln!(self.wfile, "{error}"),
        }
    }
}

fn main() -> io::Result<()> {
    env_logger::init();
    UDPServer::<Sum>::bind("127.0.0.1:9999")?.serve_forever()
}
