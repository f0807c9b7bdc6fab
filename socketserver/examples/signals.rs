//! An orderly end: after the first Ctrl-C everybody is served for two seconds more; then nobody new
//! is, and who is being served may finish. Another signal tells how things stand.
//!
//!     RUST_LOG=info cargo run --example signals
//!     nc 127.0.0.1 9999               and then Ctrl-C in the first terminal
//!     kill -USR1 $(pgrep -x signals)

use std::io;
use std::thread::sleep;
use std::time::Duration;

use socketserver::{Address, Socket, ThreadingTCPServer, signal};

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
    let server = ThreadingTCPServer::handling(count_down)
        // Time for a load balancer to notice: meanwhile `ServerRef::is_leaving` is true.
        .lame_duck(Duration::from_secs(2))
        .bind("127.0.0.1:9999")?;
    // What is live after ten seconds is cut. A second Ctrl-C does not wait so long.
    server.drain_on_signals(Duration::from_secs(10))?;
    // On the loop's thread, so it should not take long.
    server.on_signal(signal::SIGUSR1, |server| log::info!("{:?}", server.stats()))?;
    server.serve_forever()?;
    // It has drained by now. This only tells how that went.
    let drained = server.drain(Duration::from_secs(10));
    log::info!(
        "{} finished, {} were cut",
        drained.finished,
        drained.aborted
    );
    Ok(())
}
