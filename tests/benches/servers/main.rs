//! How fast the servers are, beside what one would write by hand and beside others.
//!
//!     cargo bench -p tests --bench servers
//!     cargo bench -p tests --bench servers -- green
//!     cargo bench -p tests --bench servers -- threading --quick
//!     cargo bench -p tests --bench servers -- --only=datagrams
//!
//! Every server is measured once in every round, one right after the other, and a ratio is taken
//! within each round: what else the machine does hits them all alike. All traffic stays on this
//! machine.

mod child;
mod comparisons;
mod contender;
mod load;
mod machine;
mod report;

use std::env;
use std::io;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use tests::raise_descriptor_limit;

use child::Child;
use comparisons::{Measure, PARTS};
use contender::Contender;
use load::{Load, Traffic};
use machine::Moment;
use report::{Comparison, Sample};

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

const USAGE: &str = "\
usage: cargo bench -p tests --bench servers -- [threading] [green] [--quick] [--only=TITLE]";

fn main() -> io::Result<ExitCode> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [serve, name, ..] = &arguments[..]
        && serve == child::SERVE
    {
        let server = Contender::named(name).ok_or(io::ErrorKind::InvalidInput)?;
        return server.serve().map(|()| ExitCode::SUCCESS);
    }
    let given = |argument: &str| arguments.iter().any(|given| given == argument);
    // `cargo test --all-targets` comes by here too, and times are no matter for a test.
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
    if let Some(text) = arguments
        .iter()
        .find_map(|argument| argument.strip_prefix("--only="))
    {
        comparisons.retain(|(_, comparison)| comparison.title().contains(text));
    }
    compare(comparisons, if given("--quick") { &QUICK } else { &USUAL })?;
    Ok(ExitCode::SUCCESS)
}

fn compare(mut comparisons: Vec<(Measure, Comparison)>, effort: &Effort) -> io::Result<()> {
    // The usual limit has no room for so many connections, on either side.
    raise_descriptor_limit()?;
    let began = Moment::now()?;
    for round in 1..=effort.rounds {
        eprintln!("round {round} of {}", effort.rounds);
        for (measure, comparison) in &mut comparisons {
            for server in comparison.servers() {
                let sample = match *measure {
                    Measure::Busy(traffic, clients) => busy(server, traffic, clients, effort)?,
                    Measure::Idle(connections) if round == 1 => idle(server, connections)?,
                    Measure::Idle(_) => continue,
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
    let load = Load::start(traffic, clients, child.address())?;
    thread::sleep(effort.warm_up);
    let (began, cpu_time, exchanges) = (Instant::now(), child.cpu_time()?, load.exchanges());
    thread::sleep(effort.measured);
    let exchanges = (load.exchanges() - exchanges) as f64;
    let (took, cpu_time) = (began.elapsed(), child.cpu_time()? - cpu_time);
    load.stop();
    Ok(Sample::Busy {
        rate: exchanges / took.as_secs_f64(),
        cpu_time: cpu_time.as_secs_f64() / exchanges,
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
    Ok(Sample::Idle {
        memory: grown as f64 / connections as f64,
    })
}
