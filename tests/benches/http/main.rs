//! HTTP servers of this workspace beside what a user would pick instead, in one run on one machine.
//!
//! ```text
//! cargo bench -p tests --bench http                  # all, seven rounds, about 10 minutes
//! cargo bench -p tests --bench http -- --quick       # a part of it, under a minute
//! cargo bench -p tests --bench http -- --list
//! cargo bench -p tests --bench http -- --scenario hello --server green,hyper --rounds 9
//! ```
//!
//! It runs in rounds of short turns, as the benchmark `versus` does (`benches/rounds/`).
//!
//! * A client sends a head as short as `wrk` does, and reads the reply up to its Content-Length. It
//!   fails if the status is not 200, or the length not the expected one.
//! * A contestant is a file in `contestant/`. It has no log, and runs on the cores of its process.
//!   Its replies carry `Content-Type`, `Content-Length` and `Date`.
//! * The contestants `echo-threads` and `echo-green` send a fixed reply without looking at the
//!   request: what they cost is not HTTP's.
//! * A bar is a line in `scenario/bars.rs`.
//!
//! A run without `--scenario`, `--server` and `--quick` writes all figures and plots to
//! `socketserver/docs/bench/`. With `--docs` the tables of the documentation are made from them.

mod bench;
mod client;
mod contestant;
mod job;
#[path = "../rounds/mod.rs"]
mod rounds;
mod scenario;

use std::process::ExitCode;

fn main() -> std::io::Result<ExitCode> {
    rounds::main()
}
