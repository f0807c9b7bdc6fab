//! One address opens as many connections as it can.

use crate::prelude::*;

pub(crate) fn server(column: Column, _: &[String]) {
    serve_well(tcp::<Echo>(column).max_connections_per_address(LIMIT));
}

const LIMIT: usize = 32;
const FLOOD: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

pub(crate) fn clients(trial: &mut Trial) {
    let count = trial.size(200, 1_000);
    let time = trial.size(Duration::from_millis(300), Duration::from_secs(3));
    let (child, before) = trial.begin(&[], echo_one);
    let address = child.address();

    let pulse = Pulse::start(address);
    thread::sleep(time);
    let alone = pulse.stop().p99();

    let pulse = Pulse::start(address);
    let flood = (0..count).filter_map(|_| {
        // A refused client may see that at any step.
        let mut client = Client::stream_from(FLOOD, address).ok()?;
        client.write_all(b"hello").ok()?;
        client.read_exact(&mut [0; 5]).ok()?;
        Some(client)
    });
    let flood: Vec<_> = flood.collect();
    thread::sleep(time);
    let beside = pulse.stop().p99();
    let served = format!("{} of {count}", flood.len());
    trial.check("32 are served at a time", served, flood.len() == LIMIT);
    drop(flood);
    // A fifth of less than a millisecond is noise.
    let limit = trial.limit(alone.mul_f64(1.2) + Duration::from_millis(1));
    trial.check(
        "p99 of another address is at most 20 % and 1 ms above its value before",
        format!("{}, was {}", brief(beside), brief(alone)),
        beside <= limit,
    );

    // A process per connection takes its time.
    let forking = trial.column() == Column::Forking;
    let addresses = trial.size(300, if forking { 10_000 } else { 100_000 });
    let served = crowd(8, addresses, |number| {
        let mut client = Client::stream_from(local(number), address).expect("connect");
        assert_eq!(client.ask("hello"), b"hello");
        assert_eq!(client.finish(), b"");
    });
    trial.all("every other address is served", served.len() as u64, addresses as u64);
    trial.end(child, before, echo_one);
}
