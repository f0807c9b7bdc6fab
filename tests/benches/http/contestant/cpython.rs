//! CPython's own `http.server`.

use tests::prelude::*;

use super::{Contestant, Program, Service, beside, succeeds};

pub(super) const CPYTHON: Contestant = Contestant {
    name: "cpython",
    about: "CPython: `ThreadingHTTPServer`",
    ours: false,
    services: &[Service::Hello, Service::Files, Service::Listing],
    most_connections: 1_000,
    sleeps: true,
    stops: false,
    program: Program::Other { find, command },
};

fn find() -> Result<(), String> {
    succeeds("python3", &["--version"])
}

fn command() -> Command {
    let mut command = Command::new("python3");
    command.arg(beside("cpython.py"));
    command
}
