//! Servers of this workspace beside what a user would pick instead, in one run on one machine.
//!
//! ```text
//! cargo bench -p tests --bench versus                  # all, seven rounds, about 15 minutes
//! cargo bench -p tests --bench versus -- --quick       # a part of it, under a minute
//! cargo bench -p tests --bench versus -- --list
//! cargo bench -p tests --bench versus -- --scenario udp --server green,tokio --rounds 9
//! ```
//!
//! Each server is a process, and so are its clients, which are the same program for every server. The servers of a scenario take short turns within a round, so that the machine's other
//! work affects all of them equally, and each round begins with fresh processes. Ratios are taken
//! within a round. All traffic stays on this machine.
//!
//! * A scenario is an entry of a list in `scenario/`: its clients, its cores, its reference.
//! * A contestant is a constant in `contestant/`, and a word in the list of `contestant/mod.rs`. It
//!   says what it can do, which decides about its scenarios. It sends each message of 64 bytes
//!   back, and does first what the message's first letter asks for (`job.rs`). Its sockets have
//!   `TCP_NODELAY` and a backlog of 4,096, and it runs on the cores of its process.
//! * A bar, the limit of a figure or of a ratio, is a line in `scenario/bars.rs`.
//!
//! Processes, clients, rounds and tables are those of `benches/rounds/`, as in the benchmark of HTTP.
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
