//! A coroutine for each connection.

use std::io::{self, Read, Write};
use std::net::SocketAddr;

use may::net::{TcpListener, TcpStream};

use super::{BUFFER, LOCAL};

// There a coroutine may go on another thread than it began on, so starting one is unsafe. What these
// keep across a wait may change threads.
#[allow(unsafe_code)]
pub(super) fn coroutines() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(LOCAL)?;
    let address = listener.local_addr()?;
    may::go!(move || {
        for stream in listener.incoming().flatten() {
            may::go!(move || upper_stream(stream));
        }
    });
    Ok(address)
}

fn upper_stream(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = [0; BUFFER];
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok(()),
            count => stream.write_all(&buffer[..count].to_ascii_uppercase())?,
        }
    }
}
