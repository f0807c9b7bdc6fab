//! CPython's own `http.server`.

use super::{Contestant, Program};

pub(super) const CPYTHON: Contestant = Contestant {
    name: "cpython",
    about: "CPython: `ThreadingHTTPServer`",
    most_connections: 1_000,
    program: Program::Other { check: &["python3", "--version"], run: &["python3", "cpython.py"] },
    ..Contestant::USUAL
};
