//! This workspace: one request after the other, on one thread.

use tests::prelude::*;

use super::ours::{self, Echo, EchoDatagram};
use super::{Contestant, Place, Program, Service};

pub(super) const INLINE: Contestant = Contestant {
    name: "inline",
    about: "ours: `TCPServer`, `UDPServer`, one request after the other",
    ours: true,
    services: &[Service::Tcp, Service::Udp, Service::Unix],
    most_connections: 1,
    sleeps: false,
    stops: true,
    program: Program::Here(serve),
};

fn serve(place: &Place) -> io::Result<()> {
    match place {
        Place::Tcp => {
            ours::serve(TCPServer::<Echo>::builder().disable_nagle_algorithm(true).bind(LOCAL))
        }
        Place::Udp => ours::serve(UDPServer::<EchoDatagram>::bind(LOCAL)),
        Place::Unix(path) => ours::serve(UnixStreamServer::<Echo>::bind(path)),
    }
}
