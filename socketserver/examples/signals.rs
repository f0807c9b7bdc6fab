//! An orderly end: after the first Ctrl-C nobody new is served, and who is being served may finish.
//!
//!     RUST_LOG=info cargo run --example signals
//!     nc 127.0.0.1 9999               and then Ctrl-C in the first terminal

use std::io;
use std::thread::sleep;
use std::time::Duration;

use socketserver::{Address, Socket, ThreadingTCPServer};

/// Something that takes its time and should not be broken off.
fn count_down(request: Socket, _client_address: Address) -> io::Result<()> {
    for number in (1..=5).rev() {
        request.sendall(format!("{number}\n").as_bytes())?;
        sleep(Duration::from_secs(1));
    }
    request.sendall(b"Done.\n")
}

fn main() -> io::Result<()> {
    env_logger::init();
    let server = ThreadingTCPServer::handling(count_down).bind("127.0.0.1:9999")?;
    // What is live after ten seconds is cut. A second Ctrl-C does not wait so long.
    server.drain_on_signals(Duration::from_secs(10))?;
    server.serve_forever()?;
    // It has drained by now. This only tells how that went.
    let drained = server.drain(Duration::from_secs(10));
    log::info!("{} finished, {} were cut", drained.finished, drained.cut);
    Ok(())
}
