//! Counts the instructions of the hot paths. Other work of the machine does not change the counts,
//! so they show changes that are too small for a measured time.
//!
//!     cargo run --release -p instructions
//!     cargo run --release -p instructions -- --save
//!
//! The first form compares with `counts.txt`, and fails if a count has grown by more than 5 %. The
//! second one writes that file: for a change that is worth its price, or for another compiler.
//!
//! Each path runs twice under `valgrind --tool=callgrind`, with a few and with many rounds. The
//! count is the difference in instructions, divided by the difference in rounds, so that the start
//! of the program does not count. Instructions of the kernel do not count either.

mod counts;
mod http;
mod paths;

use std::env;
use std::io;
use std::process::{Command, ExitCode};

use counts::{Counts, Verdict};
use paths::{PATHS, Path};

/// The argument that makes this program run one path.
const RUN: &str = "run";

const FEW: u64 = 500;
const MANY: u64 = 2_500;

const USAGE: &str = "usage: cargo run --release -p instructions -- [--save]";

fn main() -> io::Result<ExitCode> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [RUN, name, rounds] => {
            let path = PATHS.iter().find(|path| path.name == *name);
            let rounds = rounds.parse().map_err(io::Error::other)?;
            (path.ok_or(io::ErrorKind::InvalidInput)?.run)(rounds)?;
            Ok(ExitCode::SUCCESS)
        }
        [] => compare(),
        ["--save"] => measure()?.save().map(|()| ExitCode::SUCCESS),
        _ => {
            eprintln!("{USAGE}");
            Ok(ExitCode::from(2))
        }
    }
}

/// Compares all paths with the counts that were saved, and prints a table.
fn compare() -> io::Result<ExitCode> {
    let (now, saved) = (measure()?, Counts::read()?);
    let verdict = now.compare(&saved);
    print!("{verdict}");
    Ok(match verdict {
        Verdict { has_grown: true, .. } => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    })
}

fn measure() -> io::Result<Counts> {
    let counts = PATHS.iter().map(|path| Ok((path.name.to_owned(), count(path)?)));
    Ok(Counts { compiler: compiler()?, counts: counts.collect::<io::Result<_>>()? })
}

/// Instructions per round. Threads meet differently in each run. So the lowest count of several
/// runs is used, in which they had to wait for each other least.
fn count(path: &Path) -> io::Result<u64> {
    let lowest = |rounds| {
        let counts = (0..path.runs).map(|_| collected(path, rounds));
        counts.collect::<io::Result<Vec<_>>>().map(|counts| counts.into_iter().min().unwrap_or(0))
    };
    let (few, many) = (lowest(FEW)?, lowest(MANY)?);
    Ok(many.saturating_sub(few) / (MANY - FEW))
}

/// All instructions of a process that runs the path for that many rounds.
fn collected(path: &Path, rounds: u64) -> io::Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe()?)
        .args([RUN, path.name, &rounds.to_string()])
        .output()
        .map_err(|error| io::Error::new(error.kind(), format!("cannot run valgrind: {error}")))?;
    let text = String::from_utf8_lossy(&output.stderr);
    let collected = text.lines().find_map(|line| line.split_once("Collected : "));
    match collected.and_then(|(_, count)| count.trim().parse().ok()) {
        Some(count) if output.status.success() => Ok(count),
        _ => Err(io::Error::other(format!("{} failed ({}):\n{text}", path.name, output.status))),
    }
}

/// The compiler, on which the counts depend.
fn compiler() -> io::Result<String> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output()?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
