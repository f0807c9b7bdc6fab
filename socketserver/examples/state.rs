//! Sends clients its uptime, and logs its load: shared state, and a hook of the loop.
//!
//!     RUST_LOG=info cargo run --example state
//!     nc 127.0.0.1 9999

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use socketserver::{BaseRequestHandler, BaseServer, ServerRef, Socket, ThreadingTCPServer};

/// In Python: the attributes of a subclass.
struct Uptime {
    since: Instant,
    asked: AtomicUsize,
}

impl BaseServer for Uptime {
    /// Runs on the loop's thread, so it must be quick.
    fn service_actions(&self, server: &ServerRef<Self>) {
        let (asked, active) = (self.asked.load(Relaxed), server.stats().active);
        log::info!("{asked} requests so far, {active} of them live");
    }
}

#[derive(BaseRequestHandler)]
struct Answer {
    request: Socket,
    /// Gives access to the state: `self.server.since`.
    server: ServerRef<Uptime>,
}

impl Answer {
    fn handle(&self) -> io::Result<()> {
        self.server.asked.fetch_add(1, Relaxed);
        let up = self.server.since.elapsed();
        self.request.sendall(format!("up for {up:.1?}\n").as_bytes())
    }
}

fn main() -> io::Result<()> {
    env_logger::init();
    let uptime = Uptime { since: Instant::now(), asked: AtomicUsize::new(0) };
    ThreadingTCPServer::<Answer, Uptime>::with(uptime)
        .poll_interval(Duration::from_secs(5))
        .bind("127.0.0.1:9999")?
        .serve_forever()
}
