//! Event loops of Python, with coroutines of the language or of gevent.

use tests::prelude::*;

use super::{Contestant, Program, Service, beside, succeeds};

const LOOP: Contestant = Contestant {
    name: "",
    about: "",
    ours: false,
    services: &[Service::Tcp, Service::Udp, Service::Unix],
    most_connections: usize::MAX,
    sleeps: true,
    stops: false,
    program: Program::Other { find: find_asyncio, command: asyncio },
};

pub(super) const ASYNCIO: Contestant =
    Contestant { name: "asyncio", about: "CPython's `asyncio`, with streams", ..LOOP };

pub(super) const UVLOOP: Contestant = Contestant {
    name: "uvloop",
    about: "`asyncio` on the loop of uvloop",
    program: Program::Other { find: find_uvloop, command: uvloop },
    ..LOOP
};

pub(super) const GEVENT: Contestant = Contestant {
    name: "gevent",
    about: "gevent's `StreamServer`, `DatagramServer`",
    program: Program::Other { find: find_gevent, command: gevent },
    ..LOOP
};

fn find_asyncio() -> Result<(), String> {
    succeeds("python3", &["--version"])
}

fn find_uvloop() -> Result<(), String> {
    succeeds("python3", &["-c", "import uvloop"])
}

fn find_gevent() -> Result<(), String> {
    succeeds("python3", &["-c", "import gevent"])
}

fn asyncio() -> Command {
    command(&[&beside("asyncio_echo.py"), "asyncio"])
}

fn uvloop() -> Command {
    command(&[&beside("asyncio_echo.py"), "uvloop"])
}

fn gevent() -> Command {
    command(&[&beside("gevent_echo.py")])
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new("python3");
    command.args(arguments);
    command
}
