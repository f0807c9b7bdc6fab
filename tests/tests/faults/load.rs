//! Clients: one that keeps asking, and many.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use socketserver::Address;
use tests::Client;

/// Sends a text to an echoing server of streams and receives it again.
#[track_caller]
pub(crate) fn echo_one(address: &Address) {
    let mut client = Client::stream(address);
    assert_eq!(client.ask("ping"), b"ping");
    // Until the server has closed too.
    assert_eq!(client.finish(), b"");
}

/// How long answers took, in order of length.
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn new(mut times: Vec<Duration>) -> Self {
        assert!(!times.is_empty(), "nobody was answered");
        times.sort_unstable();
        Times(times)
    }

    /// 99 of 100 were no longer than that.
    pub(crate) fn p99(&self) -> Duration {
        self.0[(self.0.len() - 1) * 99 / 100]
    }
}

/// A client that is connected all the time, and asks every few milliseconds.
pub(crate) struct Pulse {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Times>,
}

impl Pulse {
    /// Returns when it was answered for the first time.
    #[track_caller]
    pub(crate) fn start(address: &Address) -> Self {
        const PAUSE: Duration = Duration::from_millis(5);
        let mut client = Client::stream(address);
        assert_eq!(client.ask("ping"), b"ping");
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = thread::spawn(move || {
            let mut times = Vec::new();
            while !stopped.load(Relaxed) {
                let began = Instant::now();
                assert_eq!(client.ask("ping"), b"ping");
                times.push(began.elapsed());
                thread::sleep(PAUSE);
            }
            assert_eq!(client.finish(), b"");
            Times::new(times)
        });
        Pulse { stop, thread }
    }

    /// How long its answers took.
    #[track_caller]
    pub(crate) fn stop(self) -> Times {
        self.stop.store(true, Relaxed);
        self.thread.join().expect("every question was answered")
    }
}
