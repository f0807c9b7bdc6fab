//! The process has reached its limit of descriptors, and clients keep connecting.

use crate::prelude::*;

/// With an argument it has a descriptor in reserve.
pub(crate) fn server(column: Column, reserve: &[String]) {
    serve_well(tcp::<Echo>(column).reserve_descriptor(!reserve.is_empty()));
}

pub(crate) fn clients(trial: &mut Trial) {
    waiting(trial);
    refused(trial);
}

/// Clients wait in the backlog.
///
/// Complaint 07.
fn waiting(trial: &mut Trial) {
    const CLIENTS: usize = 200;
    let held = trial.size(Duration::from_secs(1), Duration::from_secs(2));
    let (child, before) = trial.begin(&[], echo_one);
    // Under the other two, clients hold no descriptors of the server, so the limit alone does it.
    let held_by_clients = matches!(trial.column(), Column::Threading | Column::Green);

    // An inline server has one client at a time.
    let concurrent = trial.column() != Column::Inline;
    let pulse = concurrent.then(|| Pulse::start(child.address()));
    let [_, descriptors, _] = before.counts;
    // It is the connection, or stands for the process that has the connection.
    until("one descriptor is the pulse's", || {
        child.descriptors().len() == descriptors + usize::from(concurrent)
    });
    let began = Instant::now();
    child.limit_descriptors(if held_by_clients { 40 } else { 0 });
    let clients: Vec<_> = Client::streams(CLIENTS, child.address());
    let before_pause = child.processor_time();
    thread::sleep(held);
    let busy = child.processor_time() - before_pause;
    assert!(busy < held / 5, "{busy:?} of {held:?}");
    if !held_by_clients {
        child.unlimit_descriptors();
    }
    drop(clients);
    let released = Instant::now();
    echo_one(child.address());
    let took = released.elapsed();
    let seconds = began.elapsed().as_secs_f64();
    let answers = pulse.map(Pulse::stop);

    let bar = "a new client is served after descriptors are released";
    trial.within(bar, Duration::from_millis(1100), took);
    if let Some(answers) = answers {
        let bar = "p99 of a client that was connected before";
        trial.within(bar, Duration::from_millis(50), answers.p99());
    }
    let ended = trial.end(child, before, echo_one);
    let attempts = ended.number("accept_errors");
    let rate = attempts as f64 / seconds;
    let holds = attempts >= 1 && rate <= 20.0;
    trial.check("1 to 20 attempts to accept per second", format!("{rate:.1}"), holds);
    let lines = ended.lines_with("cannot accept requests");
    // One at once, and one after each full second.
    trial.check(
        "one line in the log per second",
        format!("{lines} in {seconds:.1} s"),
        lines >= 1 && lines as f64 <= 1.0 + seconds,
    );
}

/// With a descriptor in reserve, clients are refused at once.
///
/// Complaint 07.
fn refused(trial: &mut Trial) {
    let count: u64 = trial.size(50, 500);
    let (child, before) = trial.begin(&["reserve"], echo_one);
    child.limit_descriptors(0);
    let began = Instant::now();
    let times = (0..count).map(|_| {
        let mut client = Client::stream(child.address());
        let began = Instant::now();
        // There is no unread input, so there is no reset.
        assert_eq!(client.rest(), b"");
        began.elapsed()
    });
    let longest = Times::new(times.collect()).longest();
    child.unlimit_descriptors();
    let bar = "with `reserve_descriptor`, the longest time until a client is closed";
    trial.within(bar, Duration::from_millis(100), longest);
    let ended = trial.end(child, before, echo_one);
    let (lines, seconds) = (ended.lines_with("cannot serve requests"), began.elapsed().as_secs());
    assert!((1..=1 + seconds).contains(&(lines as u64)), "{lines} lines in {seconds} s");
    assert_eq!(ended.number("accept_errors"), 0, "no client was left in the backlog");
    let bar = "with `reserve_descriptor`, these clients are counted as refused";
    trial.all(bar, ended.number("refused"), count);
}
