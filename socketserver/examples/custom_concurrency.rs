//! A concurrency of one's own: threads, with a watch around every request.
//!
//!     RUST_LOG=info cargo run --example custom_concurrency
//!     nc 127.0.0.1 9999

use std::io;
use std::time::Instant;

use socketserver::{Concurrency, Job, Rejected, Server, Socket, Tcp, Threading, Waker, Workers};

/// Threads that say how long each request took.
#[derive(Default)]
struct Timed(Threading);

impl Concurrency for Timed {
    fn process_request(&self, job: Job) -> Result<(), Rejected> {
        let name = job.name();
        // What is around the job runs where the job does: not here, on the loop's thread.
        self.0.process_request(job.wrap(move |run| {
            let began = Instant::now();
            let end = run.run();
            log::info!("{name}: {end:?} after {:.1?}", began.elapsed());
            end
        }))
    }

    // The rest is that of threads.

    fn attach(&self, waker: &Waker) -> io::Result<()> {
        self.0.attach(waker)
    }

    fn full(&self) -> bool {
        self.0.full()
    }

    fn service_actions(&self) -> Option<Instant> {
        self.0.service_actions()
    }

    fn workers(&self) -> Workers {
        self.0.workers()
    }

    fn runs_on_loop(&self) -> bool {
        self.0.runs_on_loop()
    }

    fn waits_on_close(&self) -> bool {
        self.0.waits_on_close()
    }

    fn server_close(&self, deadline: Option<Instant>) {
        self.0.server_close(deadline);
    }
}

fn main() -> io::Result<()> {
    env_logger::init();
    Server::<Tcp, Timed, _, _>::handling(|request: Socket, _client_address| {
        let data = request.recv(1024)?;
        request.sendall(&data.to_ascii_uppercase())
    })
    .bind("127.0.0.1:9999")?
    .serve_forever()
}
