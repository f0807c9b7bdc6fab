//! The process has as many descriptors as it may have, and clients keep coming.

use std::thread;
use std::time::{Duration, Instant};

use tests::{Client, Echo, until};

use crate::column::Column;
use crate::fault::Fault;
use crate::load::{Pulse, Times, echo_one};
use crate::serve::{LOCAL, serve, tcp};
use crate::trial::Trial;

pub(crate) const FAULT: Fault = Fault {
    name: "no_descriptors",
    words: "no descriptors left to accept with",
    columns: Column::ALL,
    // With an argument it has one in reserve.
    server: |column, reserve| {
        let builder = tcp::<Echo>(column).reserve_descriptor(!reserve.is_empty());
        serve(builder, LOCAL).expect("serve_forever");
    },
    clients,
};

fn clients(trial: &mut Trial) {
    waiting(trial);
    turned_away(trial);
}

/// Clients wait in the system's queue.
fn waiting(trial: &mut Trial) {
    const CLIENTS: usize = 200;
    let held = trial.size(Duration::from_secs(1), Duration::from_secs(2));
    let child = trial.start(&[]);
    let before = trial.baseline(&child, echo_one);
    // Elsewhere clients hold no descriptors of the server, so something else must have taken them.
    let held_by_clients = matches!(trial.column(), Column::Threading | Column::Green);

    // The client of an inline server is its only one.
    let concurrent = trial.column() != Column::Inline;
    let pulse = concurrent.then(|| Pulse::start(child.address()));
    until("only the pulse's connection is open", || {
        child.descriptors().len() == before.descriptors + usize::from(held_by_clients)
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
        "a new client is served after the release",
        Duration::from_millis(1100),
        took,
    );
    if let Some(answers) = answers {
        let limit = Duration::from_millis(50);
        trial.within("p99 of a client that is connected", limit, answers.p99());
    }
    let ended = trial.end(child, before, echo_one);
    let attempts = ended.told("accept_errors");
    let rate = attempts as f64 / seconds;
    trial.check(
        "1 to 20 attempts to accept a second",
        format!("{rate:.1}"),
        attempts >= 1 && rate <= 20.0,
    );
    let lines = ended.lines_with("cannot accept requests");
    // One at once, and one whenever a second has passed.
    trial.check(
        "a line in the log a second",
        format!("{lines} in {seconds:.1} s"),
        lines >= 1 && lines as f64 <= 1.0 + seconds,
    );
}

/// With a descriptor in reserve clients hear at once that there is no place.
fn turned_away(trial: &mut Trial) {
    let count: u64 = trial.size(50, 500);
    let child = trial.start(&["reserve"]);
    let before = trial.baseline(&child, echo_one);
    child.limit_descriptors(0);
    let times = (0..count).map(|_| {
        let mut client = Client::stream(child.address());
        let began = Instant::now();
        // Nobody has read anything of it, so there is no reset.
        assert_eq!(client.rest(), b"");
        began.elapsed()
    });
    let times = Times::new(times.collect());
    child.unlimit_descriptors();
    trial.within(
        "with one in reserve a client is closed, at the longest",
        Duration::from_millis(100),
        times.longest(),
    );
    let ended = trial.end(child, before, echo_one);
    let refused = ended.told("refused");
    trial.check(
        "with one in reserve they are counted as refused",
        format!("{refused} of {count}"),
        refused == count,
    );
}
