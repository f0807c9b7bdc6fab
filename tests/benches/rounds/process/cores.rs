//! Which cores a server and its clients have.

use rustix::process::set_parent_process_death_signal;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use serde::{Deserialize, Serialize};
use tests::prelude::*;

/// On the command line.
const ALL: &str = "all";

/// The cores of a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Cores {
    /// The server has the first core, the clients have the second.
    Apart,
    /// The server has the first two cores, the clients have all.
    Two,
    /// Both have all cores.
    Shared,
}

impl Cores {
    /// In a table.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Cores::Apart => "server on one core, clients on another",
            Cores::Two => "server on two cores, clients on all",
            Cores::Shared => "not pinned",
        }
    }

    /// Number of threads of the clients: few, so that the servers have processors to run on.
    pub(crate) fn threads(self) -> usize {
        if self == Cores::Apart { 1 } else { 2 }
    }

    pub(super) fn of_server(self) -> String {
        match self {
            Cores::Apart => "0",
            Cores::Two => "0,1",
            Cores::Shared => ALL,
        }
        .to_owned()
    }

    pub(super) fn of_load(self) -> String {
        if self == Cores::Apart { "1" } else { ALL }.to_owned()
    }
}

/// Begins the process of a server or of its clients: on these cores, with enough descriptors, and
/// not longer than the benchmark. No thread waits for its end, because a forking server has one.
pub(crate) fn begin(cores: &str) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    raise_descriptor_limit()?;
    if cores == ALL {
        return Ok(());
    }
    // Those that this process may have: with a single one, server and clients share it.
    let allowed = sched_getaffinity(None)?;
    let allowed: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core)).collect();
    let mut set = CpuSet::new();
    for number in cores.split(',') {
        let number: usize = number.parse().map_err(io::Error::other)?;
        set.set(allowed[number % allowed.len()]);
    }
    Ok(sched_setaffinity(None, &set)?)
}
