//! Adds up the numbers in a datagram. A datagram handler reads the request from a file and writes
//! the reply to another.
//!
//!     cargo run --example datagram_files
//!     nc -u 127.0.0.1 9999            and then a line such as 1 2 3

use std::io::{self, Cursor, Read, Write};
use std::sync::Arc;

use socketserver::{DatagramRequestHandler, UDPServer};

#[derive(DatagramRequestHandler)]
struct Sum {
    rfile: Cursor<Arc<[u8]>>,
    /// Sent as one datagram after the handler has succeeded.
    wfile: Vec<u8>,
}

impl Sum {
    fn handle(&mut self) -> io::Result<()> {
        let mut numbers = String::new();
        self.rfile.read_to_string(&mut numbers)?;
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
