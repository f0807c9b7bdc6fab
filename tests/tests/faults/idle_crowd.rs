//! More connections than a machine can carry threads: a process that asks Linux for one too many
//! is aborted, and no code of its own can prevent that.

use std::io;
use std::mem;
use std::thread;
use std::time::{Duration, Instant};

use socketserver::{BaseRequestHandler, Socket};
use tests::{Client, raise_descriptor_limit, until};

use crate::child::Child;
use crate::column::Column;
use crate::fault::Fault;
use crate::load::echo_one;
use crate::serve::{LOCAL, serve, tcp};
use crate::trial::Trial;

pub(crate) const FAULT: Fault = Fault {
    name: "idle_crowd",
    words: "18,000 clients connect to a server with its defaults, and are idle",
    // The others never have so many: their clients wait in the system's queue, which is shorter.
    columns: &[Column::Threading, Column::Green],
    server: |column, _| {
        raise_descriptor_limit().expect("setrlimit");
        serve(tcp::<Modest>(column), LOCAL).expect("serve_forever");
    },
    clients,
};

/// Echoes with a small buffer: what many large ones leave in the allocator is not the server's.
#[derive(BaseRequestHandler)]
struct Modest {
    request: Socket,
}

impl Modest {
    fn handle(&self) -> io::Result<()> {
        loop {
            let data = self.request.recv(1024)?;
            if data.is_empty() {
                return Ok(());
            }
            self.request.sendall(&data)?;
        }
    }
}

fn clients(trial: &mut Trial) {
    let count = trial.size(500, 18_000);
    let child = trial.start(&[]);
    let mut before = trial.baseline(&child, echo_one);
    come_and_go(trial, &child, count);
    // Some memory is kept for the next crowd, and no more for the one after that.
    until("the first crowd has gone", || {
        child.holdings().no_more_than(&before)
    });
    before.resident = child.resident();
    come_and_go(trial, &child, count);
    let ended = trial.end(child, before, echo_one);
    let (finished, all) = (ended.told("finished"), 2 * count as u64 + 2);
    trial.check(
        "nobody is lost",
        format!("{finished} of {all}"),
        finished == all,
    );
}

fn come_and_go(trial: &mut Trial, child: &Child, count: usize) {
    let began = Instant::now();
    let mut clients: Vec<Client> = (0..count)
        .map(|_| Client::stream(child.address()))
        .collect();
    // The first is on a thread. Behind it come those who wait for one, perhaps without any left.
    assert_eq!(clients[0].ask("hello"), b"hello");
    let took = began.elapsed();
    // Threads are still being started for the others.
    let mut threads = child.threads();
    until("as many threads have started as there can be", || {
        thread::sleep(Duration::from_millis(100));
        let before = mem::replace(&mut threads, child.threads());
        before == threads
    });
    trial.check(
        "the process lives, and who is connected is answered",
        format!(
            "{count} clients after {:.1} s, {threads} threads, {} MiB",
            took.as_secs_f64(),
            child.resident() / 1024
        ),
        true,
    );
    let mut last = clients.pop().expect("clients");
    let released = Instant::now();
    drop(clients);
    assert_eq!(last.ask("hello"), b"hello");
    trial.within(
        "the last one is served when the others go",
        Duration::from_secs(5),
        released.elapsed(),
    );
}
