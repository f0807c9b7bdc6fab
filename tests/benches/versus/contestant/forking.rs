//! This workspace: a child process per request.

use tests::prelude::*;

use super::ours::{self, Echo, EchoDatagram};
use super::{Contestant, Network, Place, Program};

pub(super) const FORKING: Contestant = Contestant {
    name: "forking",
    about: "ours: `ForkingTCPServer`, `ForkingUDPServer`",
    networks: &[Network::Tcp, Network::Udp, Network::Unix],
    most_connections: 1_000,
    sleeps: true,
    stops: true,
    program: Program::Here(serve),
};

fn serve(place: &Place) -> io::Result<()> {
    match place {
        Place::Tcp => ours::serve(
            ForkingTCPServer::<Echo>::builder()
                .disable_nagle_algorithm(true)
                .max_children(2_000)
                .bind(LOCAL),
        ),
        Place::Udp => ours::serve(ForkingUDPServer::<EchoDatagram>::bind(LOCAL)),
        Place::Unix(path) => ours::serve(ForkingUnixStreamServer::<Echo>::bind(path)),
    }
}
