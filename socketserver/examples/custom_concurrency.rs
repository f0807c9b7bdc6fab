//! Code around each request, and your own concurrency.
//!
//!     RUST_LOG=info cargo run --example custom_concurrency
//!     nc 127.0.0.1 9999

use std::io;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Instant;

use socketserver::{Concurrency, ConcurrencyHooks, Run, Server, Socket, Tcp, Threading, Wrapped};

/// The method in which this concurrency differs from `Threading`: it is full while it is paused.
#[derive(Default)]
struct Pause(AtomicBool);

impl ConcurrencyHooks for Pause {
    fn full(&self, inner: &dyn Concurrency) -> bool {
        self.0.load(Relaxed) || inner.full()
    }
}

type Pausing = Wrapped<Threading, Pause>;

fn main() -> io::Result<()> {
    env_logger::init();
    Server::<Tcp, Pausing, _, _>::handling(|request: Socket, _client_address| {
        let data = request.recv(1024)?;
        request.sendall(&data.to_ascii_uppercase())
    })
    .max_threads(100)
    // Runs where the request does: not here, on the loop's thread.
    .around(|run: Run| {
        let (name, began) = (run.name(), Instant::now());
        let end = run.run();
        log::info!("{name}: {end:?} after {:.1?}", began.elapsed());
        end
    })
    .bind("127.0.0.1:9999")?
    .serve_forever()
}
