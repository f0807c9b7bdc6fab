//! The process has reached its limit of descriptors, and clients keep connecting.

use crate::prelude::*;

pub(crate) const FAULT: Fault = Fault {
    name: "no_descriptors",
    title: "No descriptors are left to accept with",
    columns: Column::ALL,
    // With an argument it has a descriptor in reserve.
    server: |column, reserve| {
        let builder = tcp::<Echo>(column).reserve_descriptor(!reserve.is_empty());
        serve(builder, LOCAL).expect("serve_forever");
    },
    clients,
};

fn clients(trial: &mut Trial) {
    waiting(trial);
    refused(trial);
}

/// Clients wait in the backlog.
fn waiting(trial: &mut Trial) {
    const CLIENTS: usize = 200;
    let held = trial.size(Duration::from_secs(1), Duration::from_secs(2));
    let (child, before) = trial.begin(&[], echo_one);
    // Under the other two, clients hold no descriptors of the server, so the limit alone does it.
    let held_by_clients = matches!(trial.column(), Column::Threading | Column::Green);

    // An inline server has one client at a time.
    let concurrent = trial.column() != Column::Inline;
    let pulse = concurrent.then(|| Pulse::start(child.address()));
    // It is the connection, or stands for the process that has the connection.
    until("one descriptor is the pulse's", || {
        child.descriptors().len() == before.descriptors + usize::from(concurrent)
    });
    let began = Instant::now();
    child.limit_descriptors(if held_by_clients { 40 } else { 0 });
    let clients: Vec<Client> = (0..CLIENTS)
        .map(|_| Client::stream(child.address()))
        .collect();
    thread::sleep(held);
    if !held_by_clients {
        child.unlimit_descriptors();
    }
    drop(clients);
    let released = Instant::now();
    echo_one(child.address());
    let took = released.elapsed();
    let seconds = began.elapsed().as_secs_f64();
    let answers = pulse.map(Pulse::stop);

    trial.within(
        "a new client is served after descriptors are released",
        Duration::from_millis(1100),
        took,
    );
    if let Some(answers) = answers {
        let limit = Duration::from_millis(50);
        trial.within(
            "p99 of a client that was connected before",
            limit,
            answers.p99(),
        );
    }
    let ended = trial.end(child, before, echo_one);
    let attempts = ended.number("accept_errors");
    let rate = attempts as f64 / seconds;
    trial.check(
        "1 to 20 attempts to accept per second",
        format!("{rate:.1}"),
        attempts >= 1 && rate <= 20.0,
    );
    let lines = ended.lines_with("cannot accept requests");
    // One at once, and one after each full second.
    trial.check(
        "one line in the log per second",
        format!("{lines} in {seconds:.1} s"),
        lines >= 1 && lines as f64 <= 1.0 + seconds,
    );
}

/// With a descriptor in reserve, clients are refused at once.
fn refused(trial: &mut Trial) {
    let count: u64 = trial.size(50, 500);
    let (child, before) = trial.begin(&["reserve"], echo_one);
    child.limit_descriptors(0);
    let times = (0..count).map(|_| {
        let mut client = Client::stream(child.address());
        let began = Instant::now();
        // There is no unread input, so there is no reset.
        assert_eq!(client.rest(), b"");
        began.elapsed()
    });
    let times = Times::new(times.collect());
    child.unlimit_descriptors();
    trial.within(
        "with `reserve_descriptor`, the longest time until a client is closed",
        Duration::from_millis(100),
        times.longest(),
    );
    let ended = trial.end(child, before, echo_one);
    let refused = ended.number("refused");
    trial.check(
        "with `reserve_descriptor`, these clients are counted as refused",
        format!("{refused} of {count}"),
        refused == count,
    );
}
