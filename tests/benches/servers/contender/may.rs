//! A coroutine per connection.

use may::net::{TcpListener, TcpStream};
use tests::prelude::*;

use super::BUFFER;

// A coroutine of `may` can move to another thread, so starting one is unsafe. All values that these
// keep across a wait may be moved.
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
