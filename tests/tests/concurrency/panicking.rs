//! A concurrency, or a logger, of the user's own that panics on the loop costs a call, and never
//! the loop.

use std::error::Error;

use tests::prelude::*;

/// Which method panics next: each does once.
#[derive(Default)]
struct Rude(AtomicUsize);

impl Rude {
    fn panics(&self, step: usize) {
        let next = self.0.compare_exchange(step, step + 1, SeqCst, SeqCst);
        assert!(next.is_err(), "step {step}");
    }
}

const STEPS: usize = 5;

impl ConcurrencyHooks for Rude {
    fn full(&self, inner: &dyn Concurrency) -> bool {
        self.panics(0);
        inner.full()
    }
    fn process_request(&self, inner: &dyn Concurrency, job: Job) -> Result<(), Rejected> {
        self.panics(1);
        inner.process_request(job)
    }
    fn service_actions(&self, inner: &dyn Concurrency) -> Option<Instant> {
        self.panics(2);
        inner.service_actions()
    }
    fn workers(&self, inner: &dyn Concurrency) -> Workers {
        self.panics(3);
        inner.workers()
    }
    fn waits_on_close(&self, inner: &dyn Concurrency) -> bool {
        self.panics(4);
        inner.waits_on_close()
    }
    fn server_close(&self, inner: &dyn Concurrency, deadline: Option<Instant>) {
        inner.server_close(deadline);
        self.panics(5);
    }
}

fn loop_survives_panics_of_its_concurrency<C: Concurrent>() {
    let server = Server::<Tcp, Wrapped<C, Rude>, _, _>::handling(echo_once);
    let running = server.bind(LOCAL).expect("bind").spawn().expect("spawn");
    let mut lost = Client::stream(running.server_address());
    assert_eq!(lost.rest(), b"", "its job is lost");
    until("it is counted", || running.stats().failed == 1);
    for _ in 0..STEPS {
        Client::echoed(running.server_address());
    }
    until("all have ended", || running.stats().active == 0);
    let server = (*running).clone();
    // `server_close`, and nothing comes out of it.
    drop(running);
    let stats = server.stats();
    assert_eq!((stats.accepted, stats.finished, stats.failed), (6, 5, 1));
}

matrix!(concurrent: loop_survives_panics_of_its_concurrency);

#[derive(Default)]
struct Attaches;

impl ConcurrencyHooks for Attaches {
    fn attach(&self, _: &dyn Concurrency, _: &Waker) -> io::Result<()> {
        panic!("it cannot attach")
    }
}

#[test]
fn panic_while_attaching_is_an_error() {
    let server =
        bind(Server::<Tcp, Wrapped<Threading, Attaches>, _, _>::handling(|_: Socket, _| ()));
    let error = server.serve_forever().expect_err("it cannot serve");
    assert!(error.to_string().contains("it cannot attach"), "{error}");
    // There is a client in the backlog, and a drain ends nevertheless.
    let _client = Client::stream(server.server_address());
    server.drain(Duration::ZERO);
}

#[derive(Debug)]
struct Unspeakable;

impl fmt::Display for Unspeakable {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("there are no words for it")
    }
}

impl Error for Unspeakable {}

/// Every second connection cannot be accepted.
#[derive(Default)]
struct Picky(AtomicUsize);

impl TransportHooks<Tcp> for Picky {
    fn get_request(&self, inner: &Tcp, socket: &Socket) -> io::Result<(Socket, Address)> {
        use socketserver::Transport;
        let accepted = inner.get_request(socket)?;
        if self.0.fetch_add(1, SeqCst).is_multiple_of(2) {
            return Err(io::Error::other(Unspeakable));
        }
        Ok(accepted)
    }
}

#[test]
fn loop_survives_an_error_without_words() {
    // The logger is for the whole process.
    let Some(()) = alone() else { return };
    log_by(LevelFilter::Debug, |record| {
        if !thread::panicking() {
            let _ = record.args().to_string();
        }
    });
    let server = Server::<Wrapped<Tcp, Picky>, Threading, _, _>::handling(echo_once);
    let server = run(server, LOCAL);
    for _ in 0..5 {
        assert_eq!(Client::stream(&server.address()).rest(), b"");
        Client::echoed(&server.address());
    }
    assert_eq!(server.stats().accept_errors, 5);
    assert_eq!(server.ends(), [5, 0, 0, 0]);
}
