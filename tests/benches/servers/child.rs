//! A server's process, as seen from outside.

use std::io;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use tests::Process;

use crate::contender::Contender;
use crate::machine;

/// The argument that makes this program a server.
pub(crate) const SERVE: &str = "serve";

/// A server that runs. It is killed when this is dropped.
pub(crate) struct Child {
    process: Process,
    address: SocketAddr,
}

impl Child {
    pub(crate) fn start(server: Contender) -> io::Result<Self> {
        let process = Process::start(
            Command::new(std::env::current_exe()?)
                .arg(SERVE)
                .arg(server.name()),
        );
        let address = process.line().parse().map_err(io::Error::other)?;
        Ok(Child { process, address })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The processor time that it has used so far.
    pub(crate) fn cpu_time(&self) -> io::Result<Duration> {
        machine::cpu_time_of(self.process.id())
    }

    /// The bytes of its memory that are really there.
    pub(crate) fn resident(&self) -> io::Result<u64> {
        tests::memory_of(self.process.id(), "VmRSS")
    }
}
