//! Node.js with its standard library.

use tests::prelude::*;

use super::{Contestant, Program, Service, beside, succeeds};

pub(super) const NODE: Contestant = Contestant {
    name: "node",
    about: "Node.js: `net.createServer`, `dgram.createSocket`",
    ours: false,
    services: &[Service::Tcp, Service::Udp, Service::Unix],
    most_connections: usize::MAX,
    sleeps: true,
    stops: false,
    program: Program::Other { find, command },
};

fn find() -> Result<(), String> {
    succeeds("node", &["--version"])
}

fn command() -> Command {
    let mut command = Command::new("node");
    command.arg(beside("echo.js"));
    command
}
