//! The same scenarios against a server of Python's `socketserver` and against ours: the order of
//! the hooks, the thread or process of each, and the client's view.
//!
//! ```text
//! cargo test --test side_by_side
//! cargo test --test side_by_side -- handle_raises::tcp
//! ```
//!
//! Each server runs in its own process, and the same words tell both what to do (`python/server.py`
//! and `server.rs`). The client is the same program. `differences.rs` lists all intended
//! differences: a scenario fails if it sees an unlisted one, or misses a listed one.

mod addresses;
mod clients;
mod datagrams;
mod differences;
mod handlers;
mod hooks;
mod life_cycle;
mod lives;
mod scenario;
mod server;
mod session;
mod streams;
mod trace;
mod verdict;
mod words;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use tests::prelude::*;

use differences::DIFFERENCES;
use scenario::Scenario;
use session::Session;

/// Runs `server.py` from a folder, and leaves no compiled files there.
const PYTHON: &str =
    "import sys; sys.dont_write_bytecode = True; sys.path.insert(0, sys.argv[1]); import server";
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/side_by_side/python");

/// How many scenarios run at the same time: they mostly wait.
const THREADS: usize = 8;

/// What the scenarios share.
#[derive(Default)]
struct Shared {
    /// Python processes between two scenarios.
    idle: Mutex<Vec<Process>>,
    equal: AtomicUsize,
    different: AtomicUsize,
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).peekable();
    if arguments.next_if(|first| first == session::SERVE).is_some() {
        server::main(arguments);
        return ExitCode::SUCCESS;
    }
    let scenarios = [
        life_cycle::scenarios(),
        streams::scenarios(),
        datagrams::scenarios(),
        addresses::scenarios(),
        lives::scenarios(),
    ]
    .concat();
    let mut options = Arguments::from_args();
    options.test_threads.get_or_insert(THREADS);
    let ipv6 = UdpSocket::bind("[::1]:0").is_ok();
    let shared = Arc::new(Shared::default());
    let all = scenarios.clone();
    let mut trials = vec![Trial::test("every_difference_has_a_scenario", move || {
        verdict::every_difference_has_a_scenario(&all)
    })];
    trials.extend(scenarios.into_iter().map(|scenario| {
        let shared = shared.clone();
        Trial::ignorable_test(scenario.name.clone(), move || {
            if !ipv6 && scenario.needs_ipv6() {
                return Ok(Completion::ignored_with("IPv6 is missing"));
            }
            compare(&scenario, &shared)
        })
    }));
    let conclusion = libtest_mimic::run(&options, trials);
    if !options.list {
        println!(
            "side by side: {} equal, {} different as listed in {} differences\n",
            shared.equal.load(Relaxed),
            shared.different.load(Relaxed),
            DIFFERENCES.len(),
        );
    }
    conclusion.exit_code()
}

/// Runs a scenario on both sides. A Python process that has seen a failure is not used again.
fn compare(scenario: &Scenario, shared: &Shared) -> Result<Completion, Failed> {
    let idle = shared.idle.lock().pop();
    let Some(mut process) = idle.or_else(|| python(PYTHON, &[FOLDER])) else {
        return Ok(Completion::ignored_with("python3 is missing"));
    };
    let observed = catch_unwind(AssertUnwindSafe(|| {
        let python = observe(scenario, Some(&mut process));
        shared.idle.lock().push(process);
        (python, observe(scenario, None))
    }));
    let (python, ours) = observed.map_err(panic_message)?;
    let equal = verdict::judge(&scenario.name, &python, &ours)?;
    let count = if equal { &shared.equal } else { &shared.different };
    count.fetch_add(1, Relaxed);
    Ok(Completion::Completed)
}

fn observe(scenario: &Scenario, python: Option<&mut Process>) -> Vec<String> {
    let mut session = Session::open(scenario, python);
    (scenario.client)(&mut session);
    session.observation()
}
