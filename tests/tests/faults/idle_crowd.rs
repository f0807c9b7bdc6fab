//! More connections than a machine can have threads: Linux aborts a process that starts one too
//! many, and no code of that process can prevent it.

use std::mem;

use crate::prelude::*;

pub(crate) const FAULT: Fault = Fault {
    name: "idle_crowd",
    title: "18,000 idle clients connect to a server with default options",
    // The other two never have so many: their clients wait in the backlog, which is shorter.
    columns: &[Column::Threading, Column::Green],
    server: |column, _| {
        raise_descriptor_limit().expect("setrlimit");
        serve(tcp::<Modest>(column), LOCAL).expect("serve_forever");
    },
    clients,
};

/// Echoes with a small buffer, because the allocator would keep the memory of large ones.
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
    let (child, mut before) = trial.begin(&[], echo_one);
    come_and_go(trial, &child, count);
    // The allocator keeps memory after the first crowd, and no more after the second.
    until("the first crowd has disconnected", || {
        child.holdings().no_more_than(&before)
    });
    before.resident = child.resident();
    come_and_go(trial, &child, count);
    let ended = trial.end(child, before, echo_one);
    let (finished, all) = (ended.number("finished"), 2 * count as u64 + 2);
    trial.check(
        "no client is lost",
        format!("{finished} of {all}"),
        finished == all,
    );
}

fn come_and_go(trial: &mut Trial, child: &Child, count: usize) {
    let began = Instant::now();
    let mut clients: Vec<Client> = (0..count)
        .map(|_| Client::stream(child.address()))
        .collect();
    // The first client has a thread. The last may wait for one, perhaps with none left.
    assert_eq!(clients[0].ask("hello"), b"hello");
    let took = began.elapsed();
    // Threads are still being started for other clients.
    let mut threads = child.threads();
    until("no further threads are started", || {
        thread::sleep(Duration::from_millis(100));
        let before = mem::replace(&mut threads, child.threads());
        before == threads
    });
    trial.check(
        "the process survives, and connected clients are answered",
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
        "the last client is served when the others disconnect",
        Duration::from_secs(5),
        released.elapsed(),
    );
}
