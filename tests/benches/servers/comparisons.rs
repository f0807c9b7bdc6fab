//! The comparisons and their bars.

use crate::contender::Contender::{
    EpollLoop, GreenTcp, GreenTcpPage, May, RawLoop, ThreadingTcp, ThreadingUdp, Threads,
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

pub(crate) type Part = fn() -> Vec<(Measure, Comparison)>;

/// The first server of each comparison is the one that is judged.
fn threading() -> Vec<(Measure, Comparison)> {
    vec![
        (
            Measure::Busy(Traffic::KeptOpen, 50),
            Comparison::new(
                "kept open: 50 connections, 64 bytes there and back",
                Figure::Rate("exchanges/s"),
                &[ThreadingTcp, Threads, Tokio],
                &[(Threads, Bar::AtLeast(0.95))],
            ),
        ),
        (
            Measure::Busy(Traffic::NewConnections, 64),
            Comparison::new(
                "new connections: 64 clients that connect, exchange 64 bytes once, close",
                Figure::Rate("connections/s"),
                &[ThreadingTcp, Threads, Tokio],
                &[(Threads, Bar::AtLeast(2.0)), (Tokio, Bar::AtLeast(0.9))],
            ),
        ),
        (
            Measure::Busy(Traffic::Datagrams, 64),
            Comparison::new(
                "datagrams: 64 clients, each with one of 64 bytes in flight",
                Figure::Rate("exchanges/s"),
                &[ThreadingUdp, RawLoop],
                &[(RawLoop, Bar::AtLeast(0.6))],
            ),
        ),
        (
            Measure::Idle(2_000),
            Comparison::new(
                "memory: 2,000 idle connections after one exchange of 64 bytes",
                Figure::Memory,
                &[ThreadingTcp, Threads],
                &[(Threads, Bar::AtMost(1.05))],
            ),
        ),
    ]
}

fn green() -> Vec<(Measure, Comparison)> {
    let cpu_time = |connections, title| {
        let comparison = Comparison::new(
            title,
            Figure::CpuTime("exchanges/s"),
            &[GreenTcp, EpollLoop, Tokio, May],
            &[
                (EpollLoop, Bar::AtMost(1.05)),
                (Tokio, Bar::Below(1.0)),
                (May, Bar::Below(1.0)),
            ],
        );
        (Measure::Busy(Traffic::KeptOpen, connections), comparison)
    };
    vec![
        cpu_time(50, "CPU: 50 connections, 64 bytes there and back"),
        cpu_time(1_000, "CPU: 1,000 connections, 64 bytes there and back"),
        cpu_time(10_000, "CPU: 10,000 connections, 64 bytes there and back"),
        (
            Measure::Busy(Traffic::NewConnections, 64),
            Comparison::new(
                "new connections: 64 clients that connect, exchange 64 bytes once, close",
                Figure::Rate("connections/s"),
                &[GreenTcp, Tokio, May],
                &[(Tokio, Bar::AtLeast(1.0)), (May, Bar::AtLeast(1.0))],
            ),
        ),
        (
            Measure::Idle(19_000),
            Comparison::new(
                "memory: 19,000 idle connections; a handler that needs one page of stack",
                Figure::Memory,
                &[GreenTcp, Tokio, May],
                &[],
            )
            .at_most(5.5 * 1024.0),
        ),
        (
            Measure::Idle(19_000),
            Comparison::new(
                "memory: 19,000 idle connections; a handler with 4 KiB of buffer on its stack",
                Figure::Memory,
                &[GreenTcpPage],
                &[],
            )
            .at_most(9.0 * 1024.0),
        ),
        (
            // As many threads as are safe: Linux aborts a process at its limit.
            Measure::Idle(10_000),
            Comparison::new(
                "memory: 10,000 idle connections; a handler with 4 KiB of buffer on its stack",
                Figure::Memory,
                &[GreenTcpPage, ThreadsPage],
                &[(ThreadsPage, Bar::Below(1.0))],
            ),
        ),
    ]
}
