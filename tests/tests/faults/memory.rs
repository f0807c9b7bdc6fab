//! A server has no more memory after a million clients than after a few.

use crate::prelude::*;

pub(crate) fn server(column: Column, transport: &[String]) {
    match &*transport[0] {
        "tcp" => serve_well(tcp::<Echo>(column)),
        _ => serve_well(Builder::<_, _, Echo, ()>::new(Udp::new(), column.concurrency(), ())),
    }
}

const AT_A_TIME: usize = 8;

/// One in this many clients comes before the first measurement.
const WARM_UP: usize = 10;

/// How much the memory may grow after the warm-up, in KiB.
const SLACK: i64 = 1024;

pub(crate) fn clients(trial: &mut Trial) {
    // A process per request takes its time.
    let forking = trial.column() == Column::Forking;
    let connections = trial.size(1_000, if forking { 50_000 } else { 1_000_000 });
    grows(trial, "tcp", connections, come_and_go, echo_one);
    let datagrams = trial.size(1_000, if forking { 50_000 } else { 5_000_000 });
    grows(trial, "udp", datagrams, ask_on, ask_one);
}

/// Lets that many clients come, and measures how much memory grows after the first tenth.
fn grows(
    trial: &mut Trial,
    transport: &str,
    count: usize,
    come: fn(&Address, usize),
    serve_one: fn(&Address),
) {
    let name = transport.to_uppercase();
    let child = trial.start(&[transport]);
    let warm_up = count / WARM_UP;
    come(child.address(), warm_up);
    let before = trial.baseline(&child, serve_one);
    come(child.address(), count - warm_up);
    let after = trial.baseline(&child, serve_one);
    let grown = after.resident as i64 - before.resident as i64;
    trial.check(
        format!("{name}: memory is within 1 MiB of its value after the first tenth"),
        format!("{:+.2} MiB after {count}", grown as f64 / 1024.0),
        grown <= SLACK * trial.size(8, 1),
    );
    trial.end(child, before, serve_one);
}

/// Each client has another address, or the ports would run out.
fn come_and_go(address: &Address, count: usize) {
    crowd(AT_A_TIME, count, |number| {
        let mut client = Client::stream_from(local(number % (1 << 20)), address).expect("connect");
        assert_eq!(client.ask("hello"), b"hello");
    });
}

fn ask_on(address: &Address, count: usize) {
    crowd(AT_A_TIME, AT_A_TIME, |_| {
        let mut client = Client::datagram(address);
        for _ in 0..count / AT_A_TIME {
            assert_eq!(client.ask("hello"), b"hello");
        }
    });
}

fn ask_one(address: &Address) {
    assert_eq!(Client::datagram(address).ask("hello"), b"hello");
}
