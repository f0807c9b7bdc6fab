//! Runs the scenarios on both sides, some at a time, and tells how that went.

use std::net::UdpSocket;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Instant;

use parking_lot::Mutex;
use tests::{Arguments, Process, panic_message, python};

use crate::differences::DIFFERENCES;
use crate::scenario::Scenario;
use crate::session::{Session, Side};
use crate::verdict::{self, Verdict};

/// Runs `server.py` of a folder, and leaves nothing there.
const PYTHON: &str =
    "import sys; sys.dont_write_bytecode = True; sys.path.insert(0, sys.argv[1]); import server";
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/side_by_side/python");

/// Several, since they mostly wait.
const THREADS: usize = 4;

pub(super) fn main(all: Vec<Scenario>, arguments: impl Iterator<Item = String>) -> ExitCode {
    let options = Arguments::read(arguments);
    let ipv6 = UdpSocket::bind("[::1]:0").is_ok();
    let possible = |scenario: &&Scenario| ipv6 || !scenario.needs_ipv6();
    let chosen = |scenario: &&Scenario| options.chooses(&scenario.name);
    let scenarios: Vec<&Scenario> = all.iter().filter(possible).filter(chosen).collect();
    if options.list {
        for scenario in scenarios {
            println!("{}: test", scenario.name);
        }
        return ExitCode::SUCCESS;
    }
    if !ipv6 {
        eprintln!("skipped what is about IPv6, which is missing");
    }
    println!("\nrunning {} tests", scenarios.len());
    let began = Instant::now();
    let verdicts = run_all(&scenarios);
    let (mut equal, mut different) = (0, 0);
    let mut failures = verdict::about_nothing(&all);
    for (scenario, verdict) in scenarios.iter().zip(&verdicts) {
        match verdict {
            Verdict::Equal => equal += 1,
            Verdict::AsListed => different += 1,
            Verdict::Failed(text) => failures.push(format!("---- {} ----\n{text}", scenario.name)),
        }
    }
    for text in &failures {
        println!("\n{text}");
    }
    let (passed, failed) = (equal + different, failures.len());
    let ignored = scenarios.len() - verdicts.len();
    println!(
        "\nside by side: {} scenarios, {equal} equal, {different} different as listed, by {} differences",
        verdicts.len(),
        DIFFERENCES.len(),
    );
    println!(
        "\ntest result: {}. {passed} passed; {failed} failed; {ignored} ignored; 0 measured; \
         {} filtered out; finished in {:.2}s\n",
        if failed == 0 { "ok" } else { "FAILED" },
        all.len() - scenarios.len(),
        began.elapsed().as_secs_f64(),
    );
    ExitCode::from(if failed == 0 { 0 } else { 101 })
}

/// The verdicts in the order of the scenarios; none where there is no Python.
fn run_all(scenarios: &[&Scenario]) -> Vec<Verdict> {
    let Some(first) = python(PYTHON, &[FOLDER]) else {
        return Vec::new();
    };
    let first = Mutex::new(Some(first));
    let next = AtomicUsize::new(0);
    let verdicts = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let mut python = first.lock().take();
                loop {
                    let place = next.fetch_add(1, Relaxed);
                    let Some(scenario) = scenarios.get(place) else {
                        return;
                    };
                    let verdict = run(scenario, &mut python);
                    let word = match verdict {
                        Verdict::Equal => "ok",
                        Verdict::AsListed => "ok, different as listed",
                        Verdict::Failed(_) => "FAILED",
                    };
                    println!("test {} ... {word}", scenario.name);
                    verdicts.lock().push((place, verdict));
                }
            });
        }
    });
    let mut verdicts = verdicts.into_inner();
    verdicts.sort_by_key(|(place, _)| *place);
    verdicts.into_iter().map(|(_, verdict)| verdict).collect()
}

/// Runs a scenario on both sides. After a failure Python's process may be of no use, and the next scenario gets
/// another.
fn run(scenario: &Scenario, kept: &mut Option<Process>) -> Verdict {
    let observations = catch_unwind(AssertUnwindSafe(|| {
        let there = kept.take().or_else(|| python(PYTHON, &[FOLDER]));
        let mut process = there.expect("it was there before");
        let python = observe(scenario, Side::Python(&mut process));
        *kept = Some(process);
        (python, observe(scenario, Side::Ours))
    }));
    match observations {
        Ok((python, ours)) => verdict::judge(&scenario.name, &python, &ours),
        Err(payload) => Verdict::Failed(panic_message(payload)),
    }
}

fn observe(scenario: &Scenario, side: Side<'_>) -> Vec<String> {
    let mut session = Session::open(scenario, side);
    (scenario.client)(&mut session);
    session.observation()
}
