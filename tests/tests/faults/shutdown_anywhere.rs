//! `shutdown` and `drain` are called from hooks and handlers, before serving, twice, and by many
//! threads at once: no caller may wait for itself.

use crate::prelude::*;

fn twice(call: impl Fn()) {
    call();
    call();
}

/// A server that a hook and a handler stop. It finishes its live requests.
fn bind(column: Column) -> Server<Tcp, Chosen, Call, Function> {
    let handle = Function::new(|request, server| {
        twice(|| server.shutdown());
        request.sendall(&request.recv(100)?)
    });
    let state = handle.on_verify(|_, server| {
        twice(|| server.shutdown());
        true
    });
    tests::bind(Builder::new(Tcp::new(), column.concurrency(), state))
}

pub(crate) fn server(column: Column, rounds: &[String]) {
    let rounds: u64 = rounds[0].parse().expect("a number");
    let mut longest = Duration::ZERO;
    let mut note = |began: Instant| longest = longest.max(began.elapsed());

    let server = bind(column);
    println!("listening on {}", server.server_address());
    // A handler may stop the next loop, which has not had a request yet.
    while server.stats().accepted < rounds {
        server.serve_forever().expect("serve_forever");
    }
    let began = Instant::now();
    twice(|| _ = server.drain(DEADLINE));
    note(began);
    report_books(&server.stats());

    let before = bind(column);
    twice(|| before.shutdown());
    let began = Instant::now();
    before.serve_forever().expect("serve_forever");
    note(began);

    // A process with threads could not fork.
    if column != Column::Forking {
        for _ in 0..rounds {
            let server = bind(column);
            let began = Instant::now();
            at_once(&server);
            note(began);
        }
    }
    report("longest", longest.as_micros() as u64);
}

/// Several threads stop a server that starts to serve at that moment.
fn at_once(server: &Server<Tcp, Chosen, Call, Function>) {
    const STOPPERS: usize = 4;
    let barrier = Barrier::new(STOPPERS + 1);
    thread::scope(|scope| {
        for number in 0..STOPPERS {
            let barrier = &barrier;
            scope.spawn(move || {
                barrier.wait();
                server.shutdown();
                if number % 2 == 0 {
                    server.drain(DEADLINE);
                }
            });
        }
        barrier.wait();
        // This fails if a drain was faster.
        let _ = server.serve_forever();
    });
}

pub(crate) fn clients(trial: &mut Trial) {
    let rounds: u64 = trial.size(20, 1_000);
    let child = trial.start(&[&rounds.to_string()]);
    for _ in 0..rounds {
        echo_one(child.address());
    }
    let ended = child.wait();
    let longest = Duration::from_micros(ended.number("longest"));
    trial.within("the longest call returns", Duration::from_secs(1), longest);
    trial.all("every accepted client is served", ended.number("finished"), rounds);
    trial.books(&ended);
}
