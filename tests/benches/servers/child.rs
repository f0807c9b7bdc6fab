//! A server's process, as seen from outside.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use tests::Process;

use crate::contender::Contender;

/// The argument that makes this program a server.
pub(crate) const SERVE: &str = "serve";

/// How long one tick of the times in `/proc` is, whatever the kernel's own clock does.
const TICK: Duration = Duration::from_millis(10);

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

    /// The processor time that it has used so far, its ended threads' included.
    pub(crate) fn cpu_time(&self) -> io::Result<Duration> {
        let stat = self.proc("stat")?;
        // The name in parentheses may have spaces in it. After it come the state and ten more, then
        // the two times.
        let ticks: Option<u32> = stat.rsplit_once(')').and_then(|(_, fields)| {
            let times = fields.split_whitespace().skip(11).take(2);
            times.map(|ticks| ticks.parse::<u32>().ok()).sum()
        });
        ticks
            .map(|ticks| TICK * ticks)
            .ok_or_else(|| io::Error::other("no times in /proc"))
    }

    /// The bytes of its memory that are really there.
    pub(crate) fn resident(&self) -> io::Result<u64> {
        let status = self.proc("status")?;
        let kibibytes = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next());
        kibibytes
            .and_then(|number| number.parse::<u64>().ok())
            .map(|number| number * 1024)
            .ok_or_else(|| io::Error::other("no VmRSS in /proc"))
    }

    fn proc(&self, file: &str) -> io::Result<String> {
        fs::read_to_string(format!("/proc/{}/{file}", self.process.id()))
    }
}
