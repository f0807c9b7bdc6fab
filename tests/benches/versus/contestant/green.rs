//! This workspace: a green thread per request, on a scheduler per core.

use tests::prelude::*;

use super::ours::{self, Echo, EchoDatagram};
use super::{Contestant, Place, Program, Service};

pub(super) const GREEN: Contestant = Contestant {
    name: "green",
    about: "ours: `GreenTCPServer`, `GreenUDPServer`",
    ours: true,
    services: &[Service::Tcp, Service::Udp, Service::Unix],
    most_connections: usize::MAX,
    sleeps: true,
    stops: true,
    program: Program::Here(serve),
};

fn serve(place: &Place) -> io::Result<()> {
    match place {
        Place::Tcp => {
            ours::serve(GreenTCPServer::<Echo>::builder().disable_nagle_algorithm(true).bind(LOCAL))
        }
        Place::Udp => ours::serve(GreenUDPServer::<EchoDatagram>::bind(LOCAL)),
        Place::Unix(path) => ours::serve(GreenUnixStreamServer::<Echo>::bind(path)),
    }
}
