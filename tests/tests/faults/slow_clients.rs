//! Clients that keep their connections open and send next to nothing.

use crate::prelude::*;

/// The limit of live requests of a server with a deadline.
const MOST: usize = 8;

/// The pause between two bytes of a slow client.
const PAUSE: Duration = Duration::from_millis(100);

/// The argument is a deadline in milliseconds, or `wait_for_input`. The handler sends back each
/// complete line.
pub(crate) fn server(column: Column, arguments: &[String]) {
    let (mut transport, mut concurrency) = (Tcp::new(), column.concurrency());
    let mut deadline = None;
    match arguments.first().map(String::as_str) {
        None => {}
        Some("wait_for_input") => transport = transport.wait_for_input(Duration::from_secs(60)),
        Some(milliseconds) => {
            deadline = milliseconds.parse().ok().map(Duration::from_millis);
            concurrency = column.at_most(MOST);
        }
    }
    let state = Function::new(|request, _| {
        let mut line = Vec::new();
        each_piece(request, |data| {
            line.extend_from_slice(data);
            if !line.ends_with(b"\n") {
                return Ok(());
            }
            request.sendall(&std::mem::take(&mut line))
        })
    });
    let mut builder = Builder::<_, _, Call, _>::new(transport, concurrency, state);
    if let Some(deadline) = deadline {
        builder = builder.deadline(deadline);
    }
    serve_well(builder);
}

pub(crate) fn clients(trial: &mut Trial) {
    // The loop of an inline server waits for each of them.
    if trial.column() != Column::Inline {
        under_a_deadline(trial);
    }
    if trial.column() == Column::Green {
        beside_many(trial);
    }
    silent(trial);
}

/// They cost other clients nothing.
fn beside_many(trial: &mut Trial) {
    const SLOW: usize = 200;
    let time = trial.size(Duration::from_secs(1), Duration::from_secs(10));
    let (child, before) = trial.begin(&[], echo_one);
    let mut slow: Vec<Client> = Client::streams(SLOW, child.address());
    let pulse = Pulse::start(child.address());
    let end = Instant::now() + time;
    while Instant::now() < end {
        for client in &mut slow {
            client.send("x");
        }
        thread::sleep(PAUSE);
    }
    let p99 = pulse.stop().p99();
    trial.within("p99 of a client beside 200 slow ones", Duration::from_millis(50), p99);
    drop(slow);
    trial.end(child, before, echo_one);
}

/// Each holds a thread, but not beyond the deadline.
///
/// Complaint 28.
fn under_a_deadline(trial: &mut Trial) {
    let deadline = trial.size(Duration::from_secs(3), Duration::from_secs(5));
    let (child, before) = trial.begin(&[&deadline.as_millis().to_string()], echo_one);
    let connect = || (Client::stream(child.address()), Instant::now());
    let mut slow: Vec<_> = (1..MOST).map(|_| connect()).collect();
    let pulse = Pulse::start(child.address());
    let half = Instant::now() + deadline / 2;
    while Instant::now() < half {
        for (client, _) in &mut slow {
            client.send("x");
        }
        thread::sleep(PAUSE);
    }
    let bar = "p99 of a client beside 7 slow ones, on a server for 8";
    trial.within(bar, Duration::from_millis(50), pulse.stop().p99());
    slow.push(connect());
    let began = Instant::now();
    let address = child.address().clone();
    let newcomer = thread::spawn(move || {
        echo_one(&address);
        began.elapsed()
    });
    let held = slow.into_iter().map(|(mut client, since)| {
        hold(&mut client, PAUSE, std::iter::repeat(b"x".as_slice()));
        since.elapsed()
    });
    let held = Times::new(held.collect());
    let (shortest, longest) = (held.shortest(), held.longest());
    let slack = deadline / trial.size(1, 10);
    trial.check(
        format!("slow requests end at the deadline, ± {} %", trial.size(100, 10)),
        format!("{shortest:.2?} to {longest:.2?} of {deadline:?}"),
        shortest >= deadline - slack && longest <= deadline + slack,
    );
    let took = newcomer.join().expect("it is served");
    trial.within("the next client is served within one deadline", deadline, took);
    trial.end(child, before, echo_one);
}

/// With `wait_for_input`, silent clients hold nothing.
fn silent(trial: &mut Trial) {
    const SILENT: usize = 200;
    let (child, before) = trial.begin(&["wait_for_input"], echo_one);
    let silent: Vec<_> = Client::streams(SILENT, child.address());
    let began = Instant::now();
    echo_one(child.address());
    let took = began.elapsed();
    until("only the silent are connected", || child.holdings().no_more_than(&before));
    trial.within(
        "with `wait_for_input`, 200 silent clients hold no thread and no descriptor, and the next \
         client is served",
        Duration::from_millis(50),
        took,
    );
    drop(silent);
    let accepted = trial.end(child, before, echo_one).number("accepted");
    assert!(accepted >= 3, "three clients sent something");
}
