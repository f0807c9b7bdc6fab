//! User code panics: in the handler, in the hooks, and in the drop of a panic's payload.

use std::panic;

use crate::prelude::*;

pub(crate) fn server(column: Column, _: &[String]) {
    // The messages would hide the figures.
    panic::set_hook(Box::new(|_| ()));
    serve_well(Builder::<_, _, Nervous, _>::new(Tcp::new(), column.concurrency(), Policy));
}

/// The first word of a client: the place that panics.
const WORDS: [&str; 6] = ["setup", "handle", "finish", "verify_request", "handle_error", "payload"];

/// At clients from there `verify_request` panics, because it must not wait for their word.
const UNBEARABLE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

#[derive(BaseRequestHandler)]
struct Nervous {
    request: Socket,
    word: Vec<u8>,
}

impl Nervous {
    fn panics_at(&self, word: &str) {
        assert_ne!(self.word, word.as_bytes());
    }

    fn setup(&mut self) -> io::Result<()> {
        self.word = self.request.recv(100)?;
        self.panics_at("setup");
        Ok(())
    }

    fn handle(&self) -> io::Result<()> {
        self.panics_at("handle");
        match self.word.as_slice() {
            b"payload" => panic::panic_any(Bomb),
            b"handle_error" => Err(io::Error::other("too much for handle_error")),
            b"finish" => Ok(()),
            word => {
                self.request.sendall(word)?;
                each_piece(&self.request, |data| self.request.sendall(data))
            }
        }
    }

    fn finish(&self) {
        self.panics_at("finish");
    }
}

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("the payload");
    }
}

struct Policy;

impl BaseServer for Policy {
    fn verify_request(&self, _: &Socket, client: &Address, _: &ServerRef<Self>) -> bool {
        assert_ne!(client.ip(), Some(UNBEARABLE.into()));
        true
    }

    fn handle_error(&self, _: &Socket, at: &Address, error: &HandlerError, _: &ServerRef<Self>) {
        assert_ne!(error.to_string(), "too much for handle_error");
        log_error(at, error);
    }
}

pub(crate) fn clients(trial: &mut Trial) {
    const AT_A_TIME: usize = 8;
    let pairs = trial.size(60, 5_000);
    let (child, before) = trial.begin(&[], echo_one);
    let address = child.address();
    // A client that stays connected is answered all the time.
    let concurrent = trial.column() != Column::Inline;
    let pulse = concurrent.then(|| Pulse::start(address));
    let times = crowd(AT_A_TIME, 2 * pairs, |number| {
        if number % 2 == 0 {
            echo_one(address);
            return None;
        }
        Some(meet_a_panic(address, WORDS[number / 2 % WORDS.len()]))
    });
    let p99 = Times::new(times.into_iter().flatten().collect()).p99();
    trial.within("p99 until the client of a panic sees the end", Duration::from_millis(100), p99);
    let others = 2 + u64::from(concurrent);
    pulse.map(Pulse::stop);
    let ended = trial.end(child, before, echo_one);
    let (good, failed) = (ended.number("finished") - others, ended.number("failed"));
    trial.check(
        "every other client receives its reply",
        format!("{good} of {pairs}, beside {failed} panics"),
        good == pairs as u64 && failed == pairs as u64,
    );
}

/// Returns the time until the connection has ended.
fn meet_a_panic(address: &Address, word: &str) -> Duration {
    let mut client = match word {
        "verify_request" => Client::stream_from(UNBEARABLE, address).expect("connect"),
        _ => Client::stream(address),
    };
    let began = Instant::now();
    // An end or a reset, at either call.
    let _ = client.write_all(word.as_bytes());
    let mut reply = Vec::new();
    let _ = client.read_to_end(&mut reply);
    let took = began.elapsed();
    assert!(reply.is_empty(), "{word}");
    took
}
