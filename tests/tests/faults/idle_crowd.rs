//! More connections than a machine can have threads: Linux aborts a process that starts one too
//! many, and no code of that process can prevent it.

use std::mem;

use crate::prelude::*;

pub(crate) fn server(column: Column, _: &[String]) {
    raise_descriptor_limit().expect("setrlimit");
    serve_well(Builder::<_, _, Call, _>::new(Tcp::new(), column.concurrency(), Function::echo()));
}

pub(crate) fn clients(trial: &mut Trial) {
    let count = trial.size(500, 18_000);
    let (child, mut before) = trial.begin(&[], echo_one);
    come_and_go(trial, &child, count);
    // The allocator keeps memory after the first crowd, and no more after the second.
    until("the first crowd has disconnected", || child.holdings().no_more_than(&before));
    before.resident = child.resident();
    come_and_go(trial, &child, count);
    let ended = trial.end(child, before, echo_one);
    trial.all("no client is lost", ended.number("finished"), 2 * count as u64 + 2);
}

fn come_and_go(trial: &mut Trial, child: &Child, count: usize) {
    let began = Instant::now();
    let clients = (0..count).map(|_| Client::stream(child.address()));
    let mut clients: Vec<Client> = clients.collect();
    // The first client has a thread. The last may wait for one, perhaps with none left.
    assert_eq!(clients[0].ask("hello"), b"hello");
    let took = began.elapsed().as_secs_f64();
    // Threads are still being started for other clients.
    let mut threads = child.threads();
    until("no further threads are started", || {
        thread::sleep(Duration::from_millis(100));
        mem::replace(&mut threads, child.threads()) == threads
    });
    let memory = child.resident() / 1024;
    trial.check(
        "the process survives, and connected clients are answered",
        format!("{count} clients after {took:.1} s, {threads} threads, {memory} MiB"),
        true,
    );
    let mut last = clients.pop().expect("clients");
    let released = Instant::now();
    drop(clients);
    assert_eq!(last.ask("hello"), b"hello");
    let bar = "the last client is served when the others disconnect";
    trial.within(bar, Duration::from_secs(5), released.elapsed());
}
