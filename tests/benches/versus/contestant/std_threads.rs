//! A listener of the standard library, and a new thread per connection.

use std::os::unix::net::UnixListener;

use tests::prelude::*;

use super::place::unix_listener;
use super::{Contestant, Place, Program, Service, echo};
use crate::rounds::tcp_listener;

pub(super) const STD_THREADS: Contestant = Contestant {
    name: "std-threads",
    about: "written by hand: `std::thread::spawn` for each connection",
    services: &[Service::Tcp, Service::Unix],
    most_connections: 10_000,
    program: Program::Here(serve),
    ..Contestant::USUAL
};

fn serve(place: &Place) -> io::Result<()> {
    match place {
        Place::Unix(path) => {
            for stream in UnixListener::from(unix_listener(path)?).incoming().flatten() {
                thread::spawn(move || echo(stream, thread::sleep));
            }
        }
        _ => {
            for stream in tcp_listener()?.incoming().flatten() {
                stream.set_nodelay(true)?;
                thread::spawn(move || echo(stream, thread::sleep));
            }
        }
    }
    Ok(())
}
