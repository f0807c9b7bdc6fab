//! How fast the threading servers are, beside what one would write by hand.
//!
//!     cargo bench -p tests --bench servers
//!     cargo bench -p tests --bench servers -- --quick
//!
//! Every server is measured once in every round, one right after the other, and a ratio is taken
//! within each round: what else the machine does hits them all alike. All traffic stays on this
//! machine.

mod child;
mod contender;
mod load;
mod machine;
mod report;

use std::env;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use child::Child;
use contender::Contender::{self, RawLoop, ThreadingTcp, ThreadingUdp, Threads, Tokio};
use load::{Load, Traffic};
use machine::Moment;
use report::{Bar, Comparison, Sample};

/// What is done to the servers of one comparison.
#[derive(Clone, Copy)]
enum Measure {
    /// So many clients keep them busy: exchanges per second.
    Busy(Traffic, usize),
    /// So many connections are open and silent: memory for each of them.
    Idle(usize),
}

/// The comparisons, each with the server that is judged in front.
fn comparisons() -> Vec<(Measure, Comparison)> {
    vec![
        (
            Measure::Busy(Traffic::KeptOpen, 50),
            Comparison::new(
                "kept open: 50 connections, 64 bytes there and back",
                "exchanges/s",
                &[ThreadingTcp, Threads, Tokio],
                &[(Threads, Bar::AtLeast(0.95))],
            ),
        ),
        (
            Measure::Busy(Traffic::NewConnections, 64),
            Comparison::new(
                "new connections: 64 clients that connect, exchange 64 bytes once, close",
                "connections/s",
                &[ThreadingTcp, Threads, Tokio],
                &[(Threads, Bar::AtLeast(2.0)), (Tokio, Bar::AtLeast(0.9))],
            ),
        ),
        (
            Measure::Busy(Traffic::Datagrams, 64),
            Comparison::new(
                "datagrams: 64 clients with one of 64 bytes under way",
                "exchanges/s",
                &[ThreadingUdp, RawLoop],
                &[(RawLoop, Bar::AtLeast(0.6))],
            ),
        ),
        (
            Measure::Idle(2_000),
            Comparison::new(
                "memory: 2,000 idle connections that have exchanged 64 bytes once",
                "bytes each",
                &[ThreadingTcp, Threads],
                &[(Threads, Bar::AtMost(1.05))],
            ),
        ),
    ]
}

/// How much time is taken for it.
struct Effort {
    rounds: usize,
    warm_up: Duration,
    measured: Duration,
}

const USUAL: Effort = Effort {
    rounds: 9,
    warm_up: Duration::from_millis(200),
    measured: Duration::from_millis(900),
};

const QUICK: Effort = Effort {
    rounds: 3,
    warm_up: Duration::from_millis(60),
    measured: Duration::from_millis(200),
};

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [serve, name, ..] = &arguments[..]
        && serve == child::SERVE
    {
        let server = Contender::named(name).ok_or(io::ErrorKind::InvalidInput)?;
        return server.serve();
    }
    let given = |argument: &str| arguments.iter().any(|given| given == argument);
    if !given("--bench") {
        // `cargo test --all-targets` comes by here, and times are no matter for a test.
        println!("to measure: cargo bench -p tests --bench servers [-- --quick]");
        return Ok(());
    }
    compare(if given("--quick") { &QUICK } else { &USUAL })
}

fn compare(effort: &Effort) -> io::Result<()> {
    raise_descriptor_limit()?;
    let began = Moment::now()?;
    let mut comparisons = comparisons();
    for round in 1..=effort.rounds {
        eprintln!("round {round} of {}", effort.rounds);
        for (measure, comparison) in &mut comparisons {
            for server in comparison.servers() {
                let sample = match *measure {
                    Measure::Busy(traffic, clients) => busy(server, traffic, clients, effort)?,
                    Measure::Idle(connections) => idle(server, connections)?,
                };
                comparison.add(server, sample);
            }
        }
    }
    let others = began.report()?;
    let rounds = effort.rounds;
    println!("Medians of {rounds} rounds; of the ratios also the least and the most. {others}");
    for (_, comparison) in &comparisons {
        print!("\n{comparison}");
    }
    Ok(())
}

/// How many exchanges a server has in a second, and what one of them costs it.
fn busy(
    server: Contender,
    traffic: Traffic,
    clients: usize,
    effort: &Effort,
) -> io::Result<Sample> {
    let child = Child::start(server)?;
    let load = Load::start(traffic, clients, child.address());
    thread::sleep(effort.warm_up);
    let (began, cpu_time, exchanges) = (Instant::now(), child.cpu_time()?, load.exchanges());
    thread::sleep(effort.measured);
    let exchanges = (load.exchanges() - exchanges) as f64;
    let (took, cpu_time) = (began.elapsed(), child.cpu_time()? - cpu_time);
    load.stop();
    Ok(Sample {
        value: exchanges / took.as_secs_f64(),
        cpu_time: Some(cpu_time.as_secs_f64() / exchanges),
    })
}

/// How much memory a server has for each connection that is silent.
fn idle(server: Contender, connections: usize) -> io::Result<Sample> {
    let child = Child::start(server)?;
    // What the first one costs is the server's, not the connection's.
    let _first = load::idle_connections(1, child.address())?;
    let before = child.resident()?;
    let _connections = load::idle_connections(connections, child.address())?;
    let grown = child.resident()?.saturating_sub(before);
    Ok(Sample {
        value: grown as f64 / connections as f64,
        cpu_time: None,
    })
}

/// The usual limit has no room for so many connections, on either side.
fn raise_descriptor_limit() -> io::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    Ok(setrlimit(Resource::Nofile, raised)?)
}
