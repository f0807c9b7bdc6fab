//! The other side: connects to a server, sends each line that you type, and prints the answer.
//!
//!     cargo run --example upper_lines
//!     cargo run --example client
#![allow(clippy::print_stdout)]

use std::io::{self, Write};
use std::time::Duration;

use socketserver::create_connection;

fn main() -> io::Result<()> {
    // The timeout applies to the connect and to each operation after it.
    let socket = create_connection("127.0.0.1:9999", Some(Duration::from_secs(5)))?;
    let (mut rfile, mut wfile) = socket.makefile(-1, 0);
    for line in io::stdin().lines() {
        writeln!(wfile, "{}", line?)?;
        // One `recv` may return half a line. The file reads until the line is complete.
        let answer = rfile.readline(65_536)?;
        if answer.is_empty() {
            println!("The server has closed the connection.");
            break;
        }
        // Escaped, because a server's text could command the terminal.
        println!("{}", answer.trim_ascii_end().escape_ascii());
    }
    Ok(())
}
