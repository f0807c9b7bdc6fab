//! The processes of a server and of its clients. They are separate, so that their costs are
//! measured apart and each has enough descriptors.

use tests::prelude::*;

use crate::contender::Contender;
use crate::load::{Load, Traffic};
use crate::machine;

/// The argument that makes this program a server.
pub(crate) const SERVE: &str = "serve";

/// The argument that makes this program a server's clients.
pub(crate) const TALK: &str = "talk";

/// A running server. Dropping this kills it.
pub(crate) struct Server {
    process: Process,
    address: SocketAddr,
}

impl Server {
    pub(crate) fn start(server: Contender) -> io::Result<Self> {
        let process =
            Process::start(Command::new(std::env::current_exe()?).arg(SERVE).arg(server.name()));
        let address = process.line().parse().map_err(io::Error::other)?;
        Ok(Server { process, address })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The processor time that it has used.
    pub(crate) fn cpu_time(&self) -> io::Result<Duration> {
        machine::cpu_time_of(self.process.id())
    }

    /// Its resident memory, in bytes.
    pub(crate) fn resident(&self) -> io::Result<u64> {
        tests::memory_of(self.process.id(), "VmRSS")
    }
}

/// The clients of a server, which are silent until their turn. Dropping this kills them.
pub(crate) struct Clients(Process);

impl Clients {
    pub(crate) fn start(traffic: Traffic, clients: usize, server: SocketAddr) -> io::Result<Self> {
        let process = Process::start(
            Command::new(std::env::current_exe()?)
                .arg(TALK)
                .arg(traffic.name())
                .arg(clients.to_string())
                .arg(server.to_string()),
        );
        process.line();
        Ok(Clients(process))
    }

    /// As [`Load::turn`].
    ///
    /// # Panics
    /// If the clients have failed.
    pub(crate) fn turn(&mut self, time: Duration) -> io::Result<u64> {
        self.0.write(format!("{}\n", time.as_millis()));
        self.0.line().parse().map_err(io::Error::other)
    }
}

/// The program of the clients: for each line a turn of that many milliseconds.
pub(crate) fn talk(traffic: &str, clients: &str, server: &str) -> io::Result<()> {
    let traffic = Traffic::named(traffic).ok_or(io::ErrorKind::InvalidInput)?;
    let clients = clients.parse().map_err(io::Error::other)?;
    let mut load = Load::open(traffic, clients, server.parse().map_err(io::Error::other)?)?;
    println!("ready");
    for time in io::stdin().lock().lines() {
        let time = time?.parse().map_err(io::Error::other)?;
        println!("{}", load.turn(Duration::from_millis(time))?);
    }
    Ok(())
}
