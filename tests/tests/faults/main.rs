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
//! and list it in `faults!`.

mod accept_errors;
mod address_flood;
mod child;
mod column;
mod datagrams;
mod figure;
mod hostile_input;
mod idle_crowd;
mod idle_sessions;
mod inherited;
mod inline_stop;
mod late;
mod late_handshakes;
mod late_headers;
mod load;
mod memory;
mod no_descriptors;
mod no_threads;
mod overflow;
mod panics;
mod prelude;
mod reflection;
mod renewals;
mod resets;
mod serve;
mod shutdown_anywhere;
mod signal_storm;
mod silent_upstreams;
mod slow_clients;
mod slow_reader;
mod stops;
mod stuck;
mod tls;
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

/// Each row is the file of a fault, the concurrencies that it applies to, and a sentence for the
/// table.
macro_rules! faults {
    ($($name:ident: $columns:expr, $title:expr;)+) => {
        const FAULTS: &[Fault] = &[$(Fault {
            name: stringify!($name),
            title: $title,
            columns: $columns,
            server: $name::server,
            clients: $name::clients,
        }),+];
    };
}

// The longest first, because several run at the same time.
faults! {
    // A room needs one process with several clients.
    slow_reader: &[Column::Threading, Column::Green],
        "A chat member does not read while another one sends 1 KiB lines";
    no_descriptors: Column::ALL, "No descriptors are left to accept with";
    accept_errors: Column::ALL, "`accept` fails";
    panics: Column::ALL,
        "Every second request panics: in setup, handle, finish, verify_request, handle_error, or \
         in the drop of a panic's payload";
    resets: Column::ALL, "Clients reset their connections while the server sends them 1 MiB";
    unread_input: Column::ALL,
        "A handler replies with 400 KB, leaves 5 KB of input unread, and the client's buffer has \
         32 KB";
    silent_upstreams: &[Column::Threading, Column::Green],
        "Upstreams are silent, and 100 keep-alive clients idle as the server drains";
    stops: Column::ALL, "The server drains and restarts while 8 clients keep sending requests";
    // The loop of an inline server is stuck too. It ends at the second signal.
    stuck: Column::CONCURRENT,
        "4 handlers never return, and the server drains with a timeout of 1 s";
    inline_stop: &[Column::Inline],
        "SIGTERM arrives while the handler of an inline server waits for an idle client";
    shutdown_anywhere: Column::ALL,
        "Shutdown and drain are called from a handler, from a hook, before serving, twice, and by \
         4 threads at once";
    signal_storm: Column::ALL, "10,000 signals arrive within a second, under load";
    // The other two never have 18,000: their clients wait in the backlog, which is shorter.
    idle_crowd: &[Column::Threading, Column::Green],
        "18,000 idle clients connect to a server with default options";
    no_threads: &[Column::Threading, Column::Forking],
        "The system refuses to start threads and processes";
    inherited: Column::ALL, "A handler starts a program while other clients are connected";
    slow_clients: Column::ALL,
        "Clients keep their connections open and send a byte now and then, or nothing";
    late_headers: Column::ALL,
        "100 connections of a proxy bring no header, or a byte of it now and then; strangers \
         bring one";
    late_handshakes: Column::ALL,
        "100 connections bring no handshake of TLS, or a byte of it now and then";
    renewals: Column::CONCURRENT,
        "A certificate is renewed while 8 clients shake hands and ask";
    idle_sessions: &[Column::Green], "Clients with TLS are idle";
    overflow: Column::CONCURRENT, "64 clients at a time connect to a server that serves 4";
    // An inline server has one connection at a time.
    address_flood: Column::CONCURRENT,
        "One address opens 1,000 connections where 32 are allowed, and thousands of addresses \
         connect once";
    datagrams: Column::ALL, "Datagrams are empty, too long, or from senders that no longer exist";
    udp_flood: Column::CONCURRENT, "Datagrams of 60,000 bytes flood a server of 4 slow handlers";
    reflection: Column::ALL,
        "A datagram claims to come from another server, or from the server itself";
    hostile_input: Column::ALL, "Clients promise up to 2^62 bytes, and send 127 levels of JSON";
    unix_files: Column::ALL,
        "A Unix socket's file is watched while it is created, claimed by many servers at once, \
         and left behind by a killed server";
    memory: Column::ALL, "Very many short connections and datagrams arrive, one after the other";
}

/// How many trials run at the same time: they mostly wait. A full trial has the machine to itself.
const THREADS: usize = 8;

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
    figures.into_iter().map(|figure| figure.to_string()).collect::<Vec<_>>().join("\n")
}
