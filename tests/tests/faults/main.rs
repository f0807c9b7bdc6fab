//! Nothing brings a server down: faults, floods and ends, each with a bar and the figure that was
//! measured, for every kind of concurrency that it can meet.
//!
//! The server runs in a child process of its own, and this one is its clients and looks at it from
//! outside. `cargo test --test faults` takes small numbers; the numbers that count take
//!
//! ```text
//! cargo test --release -p tests --test faults -- --full [NAME] [--table]
//! ```
//!
//! A fault is one file: what the server runs, what its clients do, and the bars. To add one, write
//! the file and put it into `FAULTS`.

mod accept_errors;
mod address_flood;
mod chaos;
mod child;
mod column;
mod datagrams;
mod fault;
mod figure;
mod harness;
mod idle_crowd;
mod inherited;
mod load;
mod memory;
mod no_descriptors;
mod no_threads;
mod overflow;
mod panics;
mod reflection;
mod resets;
mod serve;
mod shutdown_anywhere;
mod signal_storm;
mod slow_clients;
mod slow_reader;
mod stops;
mod stuck;
mod trial;
mod unix_files;
mod unread_input;

use fault::Fault;

const FAULTS: &[Fault] = &[
    // The longest first, as some run at a time.
    slow_reader::FAULT,
    no_descriptors::FAULT,
    accept_errors::FAULT,
    panics::FAULT,
    resets::FAULT,
    unread_input::FAULT,
    stops::FAULT,
    stuck::FAULT,
    shutdown_anywhere::FAULT,
    signal_storm::FAULT,
    idle_crowd::FAULT,
    no_threads::FAULT,
    inherited::FAULT,
    slow_clients::FAULT,
    overflow::FAULT,
    address_flood::FAULT,
    datagrams::FAULT,
    reflection::FAULT,
    unix_files::FAULT,
    chaos::FAULT,
    memory::FAULT,
];

fn main() -> std::process::ExitCode {
    harness::main(FAULTS)
}
