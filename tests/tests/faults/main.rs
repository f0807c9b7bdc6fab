//! Nothing brings a server down: faults, floods and shutdowns, each with bars and the figures
//! measured against them, for every concurrency that the fault applies to.
//!
//! ```text
//! cargo test --test faults                                                   quick, small numbers
//! cargo test --release -p tests --test faults -- [NAME]... --full --table    as `.ci/stress.sh`
//! ```
//!
//! The server runs in a child process; this process is its clients, and observes it from outside.
//!
//! A fault is one file: the server's program, the clients, and the bars. To add one, write the file
//! and list it in `FAULTS`.

mod accept_errors;
mod address_flood;
mod child;
mod column;
mod datagrams;
mod figure;
mod hostile_input;
mod idle_crowd;
mod inherited;
mod inline_stop;
mod late_headers;
mod load;
mod memory;
mod no_descriptors;
mod no_threads;
mod overflow;
mod panics;
mod prelude;
mod reflection;
mod resets;
mod serve;
mod shutdown_anywhere;
mod signal_storm;
mod silent_upstreams;
mod slow_clients;
mod slow_reader;
mod stops;
mod stuck;
mod trial;
mod udp_flood;
mod unix_files;
mod unread_input;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Failed};
use tests::prelude::*;

use column::Column;
use figure::{Figure, tables};
use trial::{Fault, Trial};

const FAULTS: &[Fault] = &[
    // The longest first, because several run at the same time.
    slow_reader::FAULT,
    no_descriptors::FAULT,
    accept_errors::FAULT,
    panics::FAULT,
    resets::FAULT,
    unread_input::FAULT,
    silent_upstreams::FAULT,
    stops::FAULT,
    stuck::FAULT,
    inline_stop::FAULT,
    shutdown_anywhere::FAULT,
    signal_storm::FAULT,
    idle_crowd::FAULT,
    no_threads::FAULT,
    inherited::FAULT,
    slow_clients::FAULT,
    late_headers::FAULT,
    overflow::FAULT,
    address_flood::FAULT,
    datagrams::FAULT,
    udp_flood::FAULT,
    reflection::FAULT,
    hostile_input::FAULT,
    unix_files::FAULT,
    memory::FAULT,
];

/// How many trials run at the same time: they mostly wait. A full trial has the machine to itself.
const THREADS: usize = 4;

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().collect();
    if let [_, word, name, column, rest @ ..] = &arguments[..]
        && word == serve::SERVE
    {
        let fault = FAULTS.iter().find(|fault| fault.name == name);
        serve::prepare();
        (fault.expect("the name of a fault").server)(Column::named(column), rest);
        return ExitCode::SUCCESS;
    }
    raise_descriptor_limit().expect("setrlimit");
    let [full, table] = ["--full", "--table"].map(|flag| take_flag(flag, &mut arguments));
    let names = take_names(&mut arguments);
    let mut options = Arguments::from_iter(arguments);
    let threads = options.test_threads.get_or_insert(if full { 1 } else { THREADS });
    // With one thread, the cursor stands behind the name of the trial.
    let break_line = if *threads == 1 { "\n" } else { "" };

    let figures = Arc::new(Mutex::new(Vec::new()));
    let all = FAULTS.iter().flat_map(|fault| {
        let columns = fault.columns.iter();
        columns.map(move |&column| (format!("{}::{column}", fault.name), fault, column))
    });
    let chosen = all.filter(|(name, ..)| {
        names.is_empty() || names.iter().any(|part| name.contains(part.as_str()))
    });
    let trials = chosen.enumerate().map(|(place, (name, fault, column))| {
        let figures = Arc::clone(&figures);
        libtest_mimic::Trial::ignorable_test(name, move || {
            let measured = run(Trial::new(fault, column, full));
            println!("{break_line}{}", lines(&measured));
            let result = result(&measured);
            figures.lock().push((place, measured));
            result
        })
    });
    let conclusion = libtest_mimic::run(&options, trials.collect());
    if table && !options.list {
        let mut figures: Vec<(usize, Vec<Figure>)> = std::mem::take(&mut figures.lock());
        figures.sort_by_key(|(place, _)| *place);
        let figures: Vec<Figure> = figures.into_iter().flat_map(|(_, one)| one).collect();
        println!("{}", tables(&figures));
    }
    conclusion.exit_code()
}

/// Removes a flag of this program alone, and returns whether it was there.
fn take_flag(flag: &str, arguments: &mut Vec<String>) -> bool {
    let count = arguments.len();
    arguments.retain(|argument| argument != flag);
    arguments.len() < count
}

/// Removes several names at the beginning: `libtest-mimic` takes one filter, the standard harness
/// takes any number.
fn take_names(arguments: &mut Vec<String>) -> Vec<String> {
    let names = arguments.iter().skip(1);
    match names.take_while(|name| !name.starts_with('-')).count() {
        0 | 1 => Vec::new(),
        count => arguments.drain(1..=count).collect(),
    }
}

fn run(mut trial: Trial) -> Vec<Figure> {
    let clients = trial.fault().clients;
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| clients(&mut trial))) {
        trial.check("the trial runs to its end", panic_message(payload), false);
    }
    trial.into_figures()
}

fn result(figures: &[Figure]) -> Result<Completion, Failed> {
    let with = |holds| figures.iter().filter(move |figure| figure.holds == holds);
    let failed: Vec<&Figure> = with(Some(false)).collect();
    if !failed.is_empty() {
        return Err(lines(failed).into());
    }
    Ok(match with(None).next() {
        Some(skipped) => Completion::ignored_with(&skipped.measured),
        None => Completion::Completed,
    })
}

fn lines(figures: impl IntoIterator<Item = impl Display>) -> String {
    let lines = figures.into_iter().map(|figure| figure.to_string());
    lines.collect::<Vec<_>>().join("\n")
}
