//! What the user wrote panics: in the handler, in the hooks, and in what a panic left.

use std::io::{self, Read, Write};
use std::net::Ipv4Addr;
use std::panic;
use std::time::{Duration, Instant};

use socketserver::{
    Address, BaseRequestHandler, BaseServer, Builder, HandlerError, ServerRef, Socket, Tcp,
    log_error,
};
use tests::Client;

use crate::column::Column;
use crate::fault::Fault;
use crate::load::{Times, crowd, echo_one, stream_from};
use crate::serve::{LOCAL, serve};
use crate::trial::Trial;

pub(crate) const FAULT: Fault = Fault {
    name: "panics",
    words: "every second client meets a panic: in setup, handle, finish, verify_request, \
            handle_error, or as a panic's payload is dropped",
    columns: Column::ALL,
    server: |column, _| {
        // Only the figures are of interest.
        panic::set_hook(Box::new(|_| ()));
        let builder = Builder::<_, _, Nervous, _>::new(Tcp::new(), column.concurrency(), Policy);
        serve(builder, LOCAL).expect("serve_forever");
    },
    clients,
};

/// Where a client's first word makes it panic.
const WORDS: [&str; 6] = [
    "setup",
    "handle",
    "finish",
    "verify_request",
    "handle_error",
    "payload",
];

/// Clients from there `verify_request` cannot stand: it must not wait for their word.
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
            word => self.request.sendall(word),
        }
    }

    fn finish(&self) {
        self.panics_at("finish");
    }
}

/// Panics again as it goes.
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

    fn handle_error(
        &self,
        _: &Socket,
        client: &Address,
        error: &HandlerError,
        _: &ServerRef<Self>,
    ) {
        assert_ne!(error.to_string(), "too much for handle_error");
        log_error(client, error);
    }
}

fn clients(trial: &mut Trial) {
    const AT_A_TIME: usize = 8;
    let pairs = trial.size(60, 5_000);
    let child = trial.start(&[]);
    let before = trial.baseline(&child, echo_one);
    let address = child.address();
    let times = crowd(AT_A_TIME, 2 * pairs, |number| {
        if number % 2 == 0 {
            echo_one(address);
            return None;
        }
        Some(meet_a_panic(address, WORDS[number / 2 % WORDS.len()]))
    });
    let panicked = Times::new(times.into_iter().flatten().collect());
    trial.within(
        "p99 until the client of a panic sees its end",
        Duration::from_millis(100),
        panicked.p99(),
    );
    let ended = trial.end(child, before, echo_one);
    let (good, failed) = (ended.told("finished") - 2, ended.told("failed"));
    trial.check(
        "every other client has its reply",
        format!("{good} of {pairs}, beside {failed} panics"),
        good == pairs as u64 && failed == pairs as u64,
    );
}

/// Returns how long it took until the connection ended.
fn meet_a_panic(address: &Address, word: &str) -> Duration {
    let mut client = match word {
        "verify_request" => stream_from(UNBEARABLE, address).expect("connect"),
        _ => Client::stream(address),
    };
    let began = Instant::now();
    // An end or a reset, at once or later: all of them are ends.
    let _ = client.write_all(word.as_bytes());
    let mut reply = Vec::new();
    let _ = client.read_to_end(&mut reply);
    let took = began.elapsed();
    assert!(reply.is_empty(), "{word}");
    took
}
