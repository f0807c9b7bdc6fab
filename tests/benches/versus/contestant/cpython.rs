//! CPython's own `socketserver`, in its three forms.

use tests::prelude::*;

use super::{Contestant, Program, Service, beside, succeeds};

const FORMS: Contestant = Contestant {
    name: "",
    about: "",
    ours: false,
    services: &[Service::Tcp, Service::Udp, Service::Unix],
    most_connections: 1,
    sleeps: false,
    stops: true,
    program: Program::Other { find, command: inline },
};

pub(super) const INLINE: Contestant =
    Contestant { name: "cpython-inline", about: "CPython: `TCPServer`, `UDPServer`", ..FORMS };

pub(super) const THREADS: Contestant = Contestant {
    name: "cpython-threads",
    about: "CPython: `ThreadingTCPServer`, `ThreadingUDPServer`",
    most_connections: 1_000,
    sleeps: true,
    program: Program::Other { find, command: threads },
    ..FORMS
};

pub(super) const FORKING: Contestant = Contestant {
    name: "cpython-forking",
    about: "CPython: `ForkingTCPServer`, `ForkingUDPServer`",
    most_connections: 100,
    sleeps: true,
    program: Program::Other { find, command: forking },
    ..FORMS
};

fn find() -> Result<(), String> {
    succeeds("python3", &["--version"])
}

fn inline() -> Command {
    command("inline")
}

fn threads() -> Command {
    command("threads")
}

fn forking() -> Command {
    command("forking")
}

fn command(form: &str) -> Command {
    let mut command = Command::new("python3");
    command.args([&beside("cpython.py"), form]);
    command
}
