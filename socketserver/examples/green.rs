//! Counts seconds for thousands of clients at once: blocking code on green threads.
//!
//!     cargo run --example green
//!     nc 127.0.0.1 9999               # and again in a third terminal

use std::io;
use std::time::{Duration, Instant};

use socketserver::{Address, GreenTCPServer, Socket, green};

fn count(request: Socket, _client_address: Address) -> io::Result<()> {
    let since = Instant::now();
    loop {
        let seconds = since.elapsed().as_secs();
        // Fails once the client has gone, which ends the handler.
        request.sendall(format!("{seconds}\n").as_bytes())?;
        // Other green threads run meanwhile. `std::thread::sleep` would block them too.
        green::sleep(Duration::from_secs(1));
    }
}

#[allow(unsafe_code)]
fn main() -> io::Result<()> {
    env_logger::init();
    // SAFETY: no code on a green thread waits inside `LocalKey::with`, or in the initializer of a
    // thread-local.
    unsafe { green::enable() };
    GreenTCPServer::handling(count).bind("127.0.0.1:9999")?.serve_forever()
}
