//! This workspace: a child process per request.

use tests::prelude::*;

use super::ours::{self, Echo, EchoDatagram};
use super::{Contestant, Place, Program, Service};

pub(super) const FORKING: Contestant = Contestant {
    name: "forking",
    about: "ours: `ForkingTCPServer`, `ForkingUDPServer`",
    ours: true,
    services: &[Service::Tcp, Service::Udp, Service::Unix],
    most_connections: 1_000,
    sleeps: true,
    stops: true,
    program: Program::Here(serve),
};

/// More than any scenario has at the same time.
const CHILDREN: usize = 2_000;

fn serve(place: &Place) -> io::Result<()> {
    match place {
        Place::Tcp => ours::serve(
            ForkingTCPServer::<Echo>::builder()
                .disable_nagle_algorithm(true)
                .max_children(CHILDREN)
                .bind(LOCAL),
        ),
        Place::Udp => ours::serve(
            ForkingUDPServer::<EchoDatagram>::builder().max_children(CHILDREN).bind(LOCAL),
        ),
        Place::Unix(path) => ours::serve(
            ForkingUnixStreamServer::<Echo>::builder().max_children(CHILDREN).bind(path),
        ),
    }
}
