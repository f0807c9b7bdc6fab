//! Graceful shutdown: after Ctrl-C the server accepts clients for two more seconds, then lets the
//! live requests finish. Another signal logs the server's statistics.
//!
//!     RUST_LOG=info cargo run --example signals
//!     nc 127.0.0.1 9999               # and then Ctrl-C in the first terminal
//!     kill -USR1 $(pgrep -x signals)

use std::io;
use std::thread::sleep;
use std::time::Duration;

use socketserver::{Address, Socket, ThreadingTCPServer, signal};

/// Takes five seconds and should not be interrupted.
fn count_down(request: Socket, _client_address: Address) -> io::Result<()> {
    for number in (1..=5).rev() {
        request.sendall(format!("{number}\n").as_bytes())?;
        sleep(Duration::from_secs(1));
    }
    request.sendall(b"Done.\n")
}

fn main() -> io::Result<()> {
    env_logger::init();
    let server = ThreadingTCPServer::handling(count_down)
        // Gives a load balancer time to notice. `ServerRef::is_leaving` is true meanwhile.
        .lame_duck(Duration::from_secs(2))
        .bind("127.0.0.1:9999")?;
    // Requests that are live after ten seconds are aborted. A second Ctrl-C ends the process.
    server.drain_on_signals(Duration::from_secs(10))?;
    // Runs on the loop's thread, so it should be quick.
    server.on_signal(signal::SIGUSR1, |server| log::info!("{:?}", server.stats()))?;
    server.serve_forever()?;
    // The server has drained already. This returns the result.
    let drained = server.drain(Duration::from_secs(10));
    log::info!("{} requests finished, {} were aborted", drained.finished, drained.aborted);
    Ok(())
}
