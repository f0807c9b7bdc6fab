//! This workspace: a thread per request, from a pool.

use tests::prelude::*;

use super::ours::{self, Echo, EchoDatagram};
use super::{Contestant, Place, Program, Service};

pub(super) const THREADS: Contestant = Contestant {
    name: "threads",
    about: "ours: `ThreadingTCPServer`, `ThreadingUDPServer`",
    ours: true,
    services: &[Service::Tcp, Service::Udp, Service::Unix],
    most_connections: 10_000,
    sleeps: true,
    stops: true,
    program: Program::Here(serve),
};

fn serve(place: &Place) -> io::Result<()> {
    match place {
        Place::Tcp => ours::serve(
            ThreadingTCPServer::<Echo>::builder().disable_nagle_algorithm(true).bind(LOCAL),
        ),
        Place::Udp => ours::serve(ThreadingUDPServer::<EchoDatagram>::bind(LOCAL)),
        Place::Unix(path) => ours::serve(ThreadingUnixStreamServer::<Echo>::bind(path)),
    }
}
