//! Go with its standard library: a goroutine per connection, or per datagram.

use tests::prelude::*;

use super::{Contestant, Program, Service, beside, succeeds};

pub(super) const GO: Contestant = Contestant {
    name: "go",
    about: "Go's `net`: a goroutine for each connection or datagram",
    ours: false,
    services: &[Service::Tcp, Service::Udp, Service::Unix],
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
