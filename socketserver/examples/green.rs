//! Counts the seconds to whoever listens, thousands at once: blocking code on green threads.
//!
//!     cargo run --example green
//!     nc 127.0.0.1 9999               and again in a third terminal

use std::io;
use std::time::{Duration, Instant};

use socketserver::{Address, GreenTCPServer, Socket, green};

fn tell(request: Socket, _client_address: Address) -> io::Result<()> {
    let since = Instant::now();
    loop {
        let seconds = since.elapsed().as_secs();
        // When the client has gone this fails, and the handler ends.
        request.sendall(format!("{seconds}\n").as_bytes())?;
        // Others run meanwhile. The sleep of `std::thread` would stop them as well.
        green::sleep(Duration::from_secs(1));
    }
}

fn main() -> io::Result<()> {
    env_logger::init();
    GreenTCPServer::handling(tell)
        .bind("127.0.0.1:9999")?
        .serve_forever()
}
