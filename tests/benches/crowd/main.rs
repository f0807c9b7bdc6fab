//! How many green threads a machine can have.
//!
//!     cargo bench -p tests --bench crowd
//!     cargo bench -p tests --bench crowd -- --quick
//!
//! The quick form has a hundredth of everything. Its figures mean little; it shows that the program
//! works. All traffic stays on this machine.

mod connections;
mod parked;

use std::env;
use std::process::ExitCode;

use tests::prelude::*;

/// The size of a run.
#[derive(Clone, Copy)]
struct Size {
    green_threads: usize,
    connections: usize,
}

const USUAL: Size = Size { green_threads: 1_000_000, connections: 100_000 };

const QUICK: Size = Size { green_threads: 10_000, connections: 1_000 };

const USAGE: &str = "usage: cargo bench -p tests --bench crowd -- [--quick]";

fn main() -> io::Result<ExitCode> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [connections::SERVE, address, ..] => {
            return connections::serve(address).map(|()| ExitCode::SUCCESS);
        }
        [connections::CONNECT, address, source, count, ..] => {
            return connections::connect(address, source, count).map(|()| ExitCode::SUCCESS);
        }
        _ => {}
    }
    let given = |argument: &str| arguments.iter().any(|given| given == argument);
    // `cargo test --all-targets` runs this program too, but measures nothing.
    if !given("--bench") || given("--help") {
        println!("{USAGE}");
        return Ok(ExitCode::SUCCESS);
    }
    let known = |argument: &str| ["--bench", "--quick"].contains(&argument);
    if let Some(unknown) = arguments.iter().find(|argument| !known(argument)) {
        eprintln!("error: unexpected argument '{unknown}'\n{USAGE}");
        return Ok(ExitCode::from(2));
    }
    let size = if given("--quick") { QUICK } else { USUAL };
    parked::run(size.green_threads)?;
    connections::run(size.connections)?;
    Ok(ExitCode::SUCCESS)
}

/// Prints one line of the result.
fn report(what: &str, figure: impl Display, bar: Option<(String, bool)>) {
    match bar {
        Some((bar, reached)) => {
            let verdict = if reached { "reached" } else { "MISSED" };
            println!("  {what:32}{figure:>14}, {bar}: {verdict}");
        }
        None => println!("  {what:32}{figure:>14}"),
    }
}
