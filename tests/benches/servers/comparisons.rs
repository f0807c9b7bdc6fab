//! The comparisons and their bars.

use crate::contender::Contender::{
    self, EpollLoop, GreenTcp, GreenTcpPage, May, RawLoop, ThreadingTcp, ThreadingUdp, Threads,
    ThreadsPage, Tokio,
};
use crate::load::Traffic;
use crate::report::{Bar, Comparison, Figure};

/// What is measured in one comparison.
#[derive(Clone, Copy)]
pub(crate) enum Measure {
    /// Exchanges per second with that many busy clients.
    Busy(Traffic, usize),
    /// Memory per connection with that many silent connections. Rounds differ little, so there is
    /// one.
    Idle(usize),
}

/// The parts of the benchmark, by their names on the command line.
pub(crate) const PARTS: [(&str, Part); 2] = [("threading", threading), ("green", green)];

pub(crate) type Part = fn() -> Vec<Row>;

type Row = (Measure, Comparison);

/// Clients that connect, exchange a message once, and close.
fn new_connections(servers: &[Contender], bars: &'static [(Contender, Bar)]) -> Row {
    let title = "new connections: 64 clients that connect, exchange 64 bytes once, close";
    let comparison = Comparison::new(title, Figure::Rate("connections/s"), servers, bars);
    (Measure::Busy(Traffic::NewConnections, 64), comparison)
}

/// Silent connections.
fn idle(
    connections: usize,
    title: &'static str,
    servers: &[Contender],
    bars: &'static [(Contender, Bar)],
) -> Row {
    (Measure::Idle(connections), Comparison::new(title, Figure::Memory, servers, bars))
}

/// The first server of each comparison is the one that is judged.
fn threading() -> Vec<Row> {
    let kept_open = Comparison::new(
        "kept open: 50 connections, 64 bytes there and back",
        Figure::Rate("exchanges/s"),
        &[ThreadingTcp, Threads, Tokio],
        &[(Threads, Bar::AtLeast(0.95))],
    );
    let datagrams = Comparison::new(
        "datagrams: 64 clients, each with one of 64 bytes in flight",
        Figure::Rate("exchanges/s"),
        &[ThreadingUdp, RawLoop],
        &[(RawLoop, Bar::AtLeast(0.6))],
    );
    vec![
        (Measure::Busy(Traffic::KeptOpen, 50), kept_open),
        new_connections(
            &[ThreadingTcp, Threads, Tokio],
            &[(Threads, Bar::AtLeast(2.0)), (Tokio, Bar::AtLeast(0.9))],
        ),
        (Measure::Busy(Traffic::Datagrams, 64), datagrams),
        idle(
            2_000,
            "memory: 2,000 idle connections after one exchange of 64 bytes",
            &[ThreadingTcp, Threads],
            &[(Threads, Bar::AtMost(1.05))],
        ),
    ]
}

fn green() -> Vec<Row> {
    let cpu_time = |connections, title| {
        let servers = [GreenTcp, EpollLoop, Tokio, May];
        let bars =
            &[(EpollLoop, Bar::AtMost(1.05)), (Tokio, Bar::Below(1.0)), (May, Bar::Below(1.0))];
        let comparison = Comparison::new(title, Figure::CpuTime("exchanges/s"), &servers, bars);
        (Measure::Busy(Traffic::KeptOpen, connections), comparison)
    };
    let at_most = |(measure, comparison): Row, most| (measure, comparison.at_most(most));
    let one_page = "memory: 19,000 idle connections; a handler that needs one page of stack";
    let buffer = "memory: 19,000 idle connections; a handler with 4 KiB of buffer on its stack";
    vec![
        cpu_time(50, "CPU: 50 connections, 64 bytes there and back"),
        cpu_time(1_000, "CPU: 1,000 connections, 64 bytes there and back"),
        cpu_time(10_000, "CPU: 10,000 connections, 64 bytes there and back"),
        new_connections(
            &[GreenTcp, Tokio, May],
            &[(Tokio, Bar::AtLeast(1.0)), (May, Bar::AtLeast(1.0))],
        ),
        at_most(idle(19_000, one_page, &[GreenTcp, Tokio, May], &[]), 5.5 * 1024.0),
        at_most(idle(19_000, buffer, &[GreenTcpPage], &[]), 9.0 * 1024.0),
        // As many threads as are safe: Linux aborts a process at its limit.
        idle(
            10_000,
            "memory: 10,000 idle connections; a handler with 4 KiB of buffer on its stack",
            &[GreenTcpPage, ThreadsPage],
            &[(ThreadsPage, Bar::Below(1.0))],
        ),
    ]
}
