//! How fast the servers are, beside servers written by hand and beside other libraries.
//!
//!     cargo bench -p tests --bench servers
//!     cargo bench -p tests --bench servers -- green
//!     cargo bench -p tests --bench servers -- threading --quick
//!     cargo bench -p tests --bench servers -- --only=datagrams
//!
//! In every round the servers of a comparison take short turns until each has had its time, so that
//! the machine's other work affects all of them equally. Ratios are taken within a round. All
//! traffic stays on this machine.

mod child;
mod comparisons;
mod contender;
mod load;
mod machine;
mod report;

use std::env;
use std::process::ExitCode;

use tests::prelude::*;

use child::{Clients, Server};
use comparisons::{Measure, PARTS};
use contender::Contender;
use load::Traffic;
use machine::Moment;
use report::{Comparison, Sample};

/// How much time a benchmark takes.
struct Effort {
    /// Number of rounds, each with fresh processes.
    rounds: usize,
    /// How long each server is measured in a round.
    measured: Duration,
}

const USUAL: Effort = Effort { rounds: 9, measured: Duration::from_millis(2_000) };

const QUICK: Effort = Effort { rounds: 3, measured: Duration::from_millis(500) };

/// The turn of a server with few clients.
const TURN: Duration = Duration::from_millis(100);

/// The turn of a server with many clients, per client.
const TURN_PER_CLIENT: Duration = Duration::from_micros(100);

const USAGE: &str = "\
usage: cargo bench -p tests --bench servers -- [threading] [green] [--quick] [--only=TITLE]";

fn main() -> io::Result<ExitCode> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match &arguments[..] {
        [serve, name] if serve == child::SERVE => {
            let server = Contender::named(name).ok_or(io::ErrorKind::InvalidInput)?;
            return server.serve().map(|()| ExitCode::SUCCESS);
        }
        [talk, traffic, clients, server] if talk == child::TALK => {
            return child::talk(traffic, clients, server).map(|()| ExitCode::SUCCESS);
        }
        _ => {}
    }
    let given = |argument: &str| arguments.iter().any(|given| given == argument);
    // `cargo test --all-targets` runs this program too, but measures nothing.
    if !given("--bench") || given("--help") {
        println!("{USAGE}");
        return Ok(ExitCode::SUCCESS);
    }
    let known = |argument: &str| {
        ["--bench", "--quick"].contains(&argument)
            || argument.starts_with("--only=")
            || PARTS.iter().any(|(name, _)| *name == argument)
    };
    if let Some(unknown) = arguments.iter().find(|argument| !known(argument)) {
        eprintln!("error: unexpected argument '{unknown}'\n{USAGE}");
        return Ok(ExitCode::from(2));
    }
    let every = !PARTS.iter().any(|(name, _)| given(name));
    let parts = PARTS.iter().filter(|(name, _)| every || given(name));
    let mut comparisons: Vec<_> = parts.flat_map(|(_, part)| part()).collect();
    if let Some(text) = arguments.iter().find_map(|argument| argument.strip_prefix("--only=")) {
        comparisons.retain(|(_, comparison)| comparison.title().contains(text));
    }
    compare(comparisons, if given("--quick") { &QUICK } else { &USUAL })?;
    Ok(ExitCode::SUCCESS)
}

fn compare(mut comparisons: Vec<(Measure, Comparison)>, effort: &Effort) -> io::Result<()> {
    // The default limit is too low for that many connections, on either side.
    raise_descriptor_limit()?;
    let began = Moment::now()?;
    for round in 1..=effort.rounds {
        eprintln!("round {round} of {}", effort.rounds);
        for (measure, comparison) in &mut comparisons {
            let servers = comparison.servers();
            let samples = match *measure {
                Measure::Busy(traffic, clients) => busy(&servers, traffic, clients, effort)?,
                Measure::Idle(connections) if round == 1 => {
                    let samples = servers.iter().map(|server| idle(*server, connections));
                    samples.collect::<io::Result<_>>()?
                }
                Measure::Idle(_) => continue,
            };
            for (server, sample) in servers.into_iter().zip(samples) {
                comparison.add(server, sample);
            }
        }
    }
    let others = began.report()?;
    let rounds = effort.rounds;
    println!("Medians of {rounds} rounds, for ratios with (minimum to maximum). {others}");
    for (_, comparison) in &comparisons {
        print!("\n{comparison}");
    }
    Ok(())
}

/// Measures the exchanges per second of each server, and the processor time of one exchange. The
/// servers take many short turns. Work that a server does during the turns of the others counts
/// too.
fn busy(
    servers: &[Contender],
    traffic: Traffic,
    clients: usize,
    effort: &Effort,
) -> io::Result<Vec<Sample>> {
    /// A server, its clients, and the results of their turns.
    struct Pair {
        server: Server,
        clients: Clients,
        cpu_time_before: Duration,
        took: Duration,
        answers: u64,
    }
    let mut pairs = Vec::new();
    for server in servers {
        let server = Server::start(*server)?;
        pairs.push(Pair {
            clients: Clients::start(traffic, clients, server.address())?,
            server,
            cpu_time_before: Duration::ZERO,
            took: Duration::ZERO,
            answers: 0,
        });
    }
    // Long enough for about ten exchanges per client.
    let turn = TURN.max(TURN_PER_CLIENT * clients.try_into().map_err(io::Error::other)?);
    for pair in &mut pairs {
        pair.clients.turn(turn)?;
        pair.cpu_time_before = pair.server.cpu_time()?;
    }
    while pairs.iter().any(|pair| pair.took < effort.measured) {
        for pair in &mut pairs {
            let began = Instant::now();
            pair.answers += pair.clients.turn(turn)?;
            pair.took += began.elapsed();
        }
    }
    let sample = |pair: &Pair| -> io::Result<Sample> {
        let (cpu_time, answers) = (pair.server.cpu_time()?, pair.answers as f64);
        Ok(Sample::Busy {
            rate: answers / pair.took.as_secs_f64(),
            cpu_time: (cpu_time - pair.cpu_time_before).as_secs_f64() / answers,
        })
    };
    pairs.iter().map(sample).collect()
}

/// Measures how much memory a server takes per silent connection.
fn idle(server: Contender, connections: usize) -> io::Result<Sample> {
    let child = Server::start(server)?;
    // The first connection makes the server allocate what it needs only once.
    let _first = load::idle_connections(1, child.address())?;
    let before = child.resident()?;
    let _connections = load::idle_connections(connections, child.address())?;
    let grown = child.resident()?.saturating_sub(before);
    Ok(Sample::Idle { memory: grown as f64 / connections as f64 })
}
