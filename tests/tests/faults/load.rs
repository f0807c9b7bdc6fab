//! Clients: one at a time, many at a time, and one that asks all the time.

use tests::prelude::*;

/// Sends a line to an echo server over a stream, and receives it again.
#[track_caller]
pub(crate) fn echo_one(address: &Address) {
    let mut client = Client::stream(address);
    assert_eq!(client.ask(QUESTION), QUESTION);
    // Waits until the server has closed too.
    assert_eq!(client.finish(), b"");
}

/// Sends datagrams until one is answered: they may be lost until the server has emptied its queue.
#[track_caller]
pub(crate) fn ask_until_answered(address: &Address) {
    let client = Client::datagram(address);
    let timeout = Some(Duration::from_millis(100));
    client.udp().set_read_timeout(timeout).expect("a timeout");
    until("a datagram is answered", || {
        client.udp().send(b"hello").is_ok() && client.udp().recv(&mut [0; 100]).is_ok()
    });
}

/// Sends one of these pieces after each pause, until the server ends the connection.
pub(crate) fn hold<'a>(
    client: &mut Client,
    pause: Duration,
    mut pieces: impl Iterator<Item = &'a [u8]>,
) {
    client.tcp().set_read_timeout(Some(pause)).expect("a timeout");
    let waits = |error: io::Error| error.kind() == ErrorKind::WouldBlock;
    while client.read(&mut [0]).is_err_and(waits) {
        // If this fails, so does the next read.
        client.try_send(pieces.next().unwrap_or_default());
    }
}

/// The loopback address of that number, of a million.
pub(crate) fn local(number: usize) -> Ipv4Addr {
    let number = u32::try_from(number).expect("a small number");
    Ipv4Addr::from_bits(Ipv4Addr::new(127, 1, 0, 0).to_bits() + number)
}

pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn new(mut times: Vec<Duration>) -> Self {
        assert!(!times.is_empty(), "there were no answers");
        times.sort_unstable();
        Times(times)
    }

    pub(crate) fn shortest(&self) -> Duration {
        self.0[0]
    }

    pub(crate) fn longest(&self) -> Duration {
        self.0[self.0.len() - 1]
    }

    pub(crate) fn p99(&self) -> Duration {
        self.0[(self.0.len() - 1) * 99 / 100]
    }
}

/// A line that an echo server returns.
const QUESTION: &[u8] = b"ping\n";

/// A client with one connection, which sends a line every few milliseconds.
pub(crate) struct Pulse {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Times>,
}

impl Pulse {
    /// Returns after the first answer.
    #[track_caller]
    pub(crate) fn start(address: &Address) -> Self {
        const PAUSE: Duration = Duration::from_millis(5);
        let mut client = Client::stream(address);
        assert_eq!(client.ask(QUESTION), QUESTION);
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = thread::spawn(move || {
            let mut times = Vec::new();
            while !stopped.load(Relaxed) {
                let began = Instant::now();
                assert_eq!(client.ask(QUESTION), QUESTION);
                times.push(began.elapsed());
                thread::sleep(PAUSE);
            }
            assert_eq!(client.finish(), b"");
            Times::new(times)
        });
        Pulse { stop, thread }
    }

    /// Ends it, and returns the times of its answers.
    #[track_caller]
    pub(crate) fn stop(self) -> Times {
        self.stop.store(true, Relaxed);
        self.thread.join().expect("every question was answered")
    }
}
