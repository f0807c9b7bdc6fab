//! The other side: connects to a server of lines, sends what is typed and shows the answers.
//!
//!     cargo run --example upper_lines
//!     cargo run --example client
#![allow(clippy::print_stdout)]

use std::io::{self, Write};
use std::time::Duration;

use socketserver::create_connection;

fn main() -> io::Result<()> {
    // The timeout is for connecting and for every operation after that.
    let socket = create_connection("127.0.0.1:9999", Some(Duration::from_secs(5)))?;
    let (mut rfile, mut wfile) = socket.makefile(-1, 0);
    for line in io::stdin().lines() {
        writeln!(wfile, "{}", line?)?;
        // A line is not a `recv`: it may come in pieces, and the file puts them together.
        let answer = rfile.readline(65_536)?;
        if answer.is_empty() {
            println!("The server has hung up.");
            break;
        }
        print!("{}", String::from_utf8_lossy(&answer));
    }
    Ok(())
}
