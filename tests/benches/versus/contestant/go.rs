//! Go with its standard library: a goroutine per connection, or per datagram.

use tests::prelude::*;

use super::{Contestant, Network, Program, beside, succeeds};

pub(super) const GO: Contestant = Contestant {
    name: "go",
    about: "Go's `net`: a goroutine for each connection or datagram",
    ours: false,
    networks: &[Network::Tcp, Network::Udp, Network::Unix],
    most_connections: usize::MAX,
    sleeps: true,
    stops: false,
    program: Program::Other { find, command },
};

/// The program that Go's compiler makes.
const BUILT: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/versus-go");

fn find() -> Result<(), String> {
    succeeds("go", &["build", "-o", BUILT, &beside("echo.go")])
}

fn command() -> Command {
    Command::new(BUILT)
}
