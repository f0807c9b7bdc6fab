//! The shared part of the benchmarks beside this folder: servers and their clients as processes,
//! which take turns in rounds, and the tables of their figures.
//!
//! A benchmark is a folder: `bench.rs` has its name, `contestant/` its servers, `scenario/` its
//! scenarios and bars, `job.rs` the messages of its clients, and `client.rs` a client.

mod bar;
mod contestant;
pub(crate) mod listen;
pub(crate) mod load;
mod measure;
mod options;
pub(crate) mod process;
pub(crate) mod results;
mod run;
mod runtime;
mod scenario;

pub(crate) use bar::{Bar, Limit, bar};
pub(crate) use contestant::{Contestant, Program};
pub(crate) use listen::{BACKLOG, announce, tcp_listener};
pub(crate) use run::main;
pub(crate) use runtime::{run_on_tokio, serve_tcp_on_tokio};
pub(crate) use scenario::{Measure, Ratio, Scenario, busy};
