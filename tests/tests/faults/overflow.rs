//! More clients come than can be served: they wait, or are sent away.

use std::io::{self, Read, Write};
use std::thread;
use std::time::{Duration, Instant};

use socketserver::{Address, BaseRequestHandler, BaseServer, Builder, ServerRef, Socket, Tcp};
use tests::Client;

use crate::column::Column;
use crate::fault::Fault;
use crate::load::{Times, crowd, echo_one};
use crate::serve::{LOCAL, serve};
use crate::trial::Trial;

pub(crate) const FAULT: Fault = Fault {
    name: "overflow",
    words: "64 clients at a time come to a server that serves 4",
    columns: Column::CONCURRENT,
    server,
    clients,
};

const AT_A_TIME: usize = 64;
const SERVED: usize = 4;
const QUEUE: u32 = 16;

/// Takes a moment for each request.
#[derive(BaseRequestHandler)]
struct Busy {
    request: Socket,
}

impl Busy {
    fn handle(&self) -> io::Result<()> {
        let data = self.request.recv(100)?;
        socketserver::green::sleep(Duration::from_millis(1));
        self.request.sendall(&data)
    }
}

/// Sends away whoever comes while too many are there, if it has a limit.
struct Door(Option<u64>);

impl BaseServer for Door {
    fn verify_request(&self, _: &Socket, _: &Address, server: &ServerRef<Self>) -> bool {
        // The newcomer is one of them.
        self.0.is_none_or(|limit| server.stats().active <= limit)
    }
}

/// With the word "wait" or "refuse".
fn server(column: Column, policy: &[String]) {
    let waits = policy == ["wait"];
    let concurrency = if waits {
        column.at_most(SERVED)
    } else {
        column.concurrency()
    };
    let transport = Tcp::new().request_queue_size(if waits { QUEUE } else { 4096 });
    let door = Door((!waits).then_some(SERVED as u64));
    serve(
        Builder::<_, _, Busy, _>::new(transport, concurrency, door),
        LOCAL,
    )
    .expect("serve_forever");
}

fn clients(trial: &mut Trial) {
    let count = trial.size(300, 5_000);
    waiting(trial, count);
    refusing(trial, count);
}

/// In the system's queue; for whom that has no room, the system tries again.
fn waiting(trial: &mut Trial, count: usize) {
    let child = trial.start(&["wait"]);
    let before = trial.baseline(&child, echo_one);
    crowd(AT_A_TIME, count, |_| echo_one(child.address()));
    let ended = trial.end(child, before, echo_one);
    let finished = ended.told("finished") - 2;
    trial.check(
        "4 and a queue of 16: everybody is served in the end",
        format!("{finished} of {count}"),
        finished == count as u64,
    );
}

fn refusing(trial: &mut Trial, count: usize) {
    let child = trial.start(&["refuse"]);
    let before = trial.baseline(&child, echo_one);
    let refused = crowd(AT_A_TIME, count, |_| {
        let mut client = Client::stream(child.address());
        let began = Instant::now();
        // One who is sent away sees an end or a reset, whatever it does.
        let sent = client.write_all(b"hello");
        let served = sent.and_then(|()| client.read_exact(&mut [0; 5]));
        served.is_err().then(|| began.elapsed())
    });
    let refused: Vec<Duration> = refused.into_iter().flatten().collect();
    let seen = refused.len() as u64;
    // The last ones' ends may not have been counted.
    thread::sleep(Duration::from_millis(50));
    let ended = trial.end(child, before, echo_one);
    let (finished, counted) = (ended.told("finished") - 2, ended.told("refused"));
    trial.check(
        "4 and no queue: accepted = served + sent away",
        format!("{count} = {finished} + {counted}"),
        finished + counted == count as u64 && seen == counted,
    );
    if !refused.is_empty() {
        trial.within(
            "p99 until who is sent away sees it",
            Duration::from_millis(100),
            Times::new(refused).p99(),
        );
    }
}
