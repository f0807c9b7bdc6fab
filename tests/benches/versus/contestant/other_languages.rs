//! Servers in other languages, whose programs are beside this file.

use super::{Contestant, Program};

const PYTHON: &[&str] = &["python3", "--version"];

/// CPython's own `socketserver`, in its three forms.
pub(super) const CPYTHON_INLINE: Contestant = Contestant {
    name: "cpython-inline",
    about: "CPython: `TCPServer`, `UDPServer`",
    most_connections: 1,
    sleeps: false,
    stops: true,
    program: Program::Other { check: PYTHON, run: &["python3", "-B", "cpython.py", "inline"] },
    ..Contestant::USUAL
};

pub(super) const CPYTHON_THREADS: Contestant = Contestant {
    name: "cpython-threads",
    about: "CPython: `ThreadingTCPServer`, `ThreadingUDPServer`",
    most_connections: 1_000,
    stops: true,
    program: Program::Other { check: PYTHON, run: &["python3", "-B", "cpython.py", "threads"] },
    ..Contestant::USUAL
};

pub(super) const CPYTHON_FORKING: Contestant = Contestant {
    name: "cpython-forking",
    about: "CPython: `ForkingTCPServer`, `ForkingUDPServer`",
    most_connections: 100,
    stops: true,
    program: Program::Other { check: PYTHON, run: &["python3", "-B", "cpython.py", "forking"] },
    ..Contestant::USUAL
};

pub(super) const ASYNCIO: Contestant = Contestant {
    name: "asyncio",
    about: "CPython's `asyncio`, with streams",
    program: Program::Other {
        check: PYTHON,
        run: &["python3", "-B", "asyncio_echo.py", "asyncio"],
    },
    ..Contestant::USUAL
};

pub(super) const UVLOOP: Contestant = Contestant {
    name: "uvloop",
    about: "`asyncio` on the loop of uvloop",
    program: Program::Other {
        check: &["python3", "-c", "import uvloop"],
        run: &["python3", "-B", "asyncio_echo.py", "uvloop"],
    },
    ..Contestant::USUAL
};

pub(super) const GEVENT: Contestant = Contestant {
    name: "gevent",
    about: "gevent's `StreamServer`, `DatagramServer`",
    program: Program::Other {
        check: &["python3", "-c", "import gevent"],
        run: &["python3", "-B", "gevent_echo.py"],
    },
    ..Contestant::USUAL
};

pub(super) const NODE: Contestant = Contestant {
    name: "node",
    about: "Node.js: `net.createServer`, `dgram.createSocket`",
    program: Program::Other { check: &["node", "--version"], run: &["node", "echo.js"] },
    ..Contestant::USUAL
};

/// The program that Go's compiler makes.
const BUILT: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/versus-go");

pub(super) const GO: Contestant = Contestant {
    name: "go",
    about: "Go's `net`: a goroutine for each connection or datagram",
    program: Program::Other { check: &["go", "build", "-o", BUILT, "echo.go"], run: &[BUILT] },
    ..Contestant::USUAL
};
