//! A listener of the standard library, and a new thread per connection.

use std::os::unix::net::UnixListener;

use tests::prelude::*;

use super::place::unix_listener;
use super::{BUFFER, Contestant, Place, Program, Service};
use crate::job::work;
use crate::rounds::tcp_listener;

pub(super) const STD_THREADS: Contestant = Contestant {
    name: "std-threads",
    about: "written by hand: `std::thread::spawn` for each connection",
    ours: false,
    services: &[Service::Tcp, Service::Unix],
    most_connections: 10_000,
    sleeps: true,
    stops: false,
    program: Program::Here(serve),
};

fn serve(place: &Place) -> io::Result<()> {
    match place {
        Place::Unix(path) => {
            for stream in UnixListener::from(unix_listener(path)?).incoming().flatten() {
                thread::spawn(move || echo(stream));
            }
        }
        _ => {
            for stream in tcp_listener()?.incoming().flatten() {
                stream.set_nodelay(true)?;
                thread::spawn(move || echo(stream));
            }
        }
    }
    Ok(())
}

fn echo(mut stream: impl Read + Write) -> io::Result<()> {
    let mut buffer = [0; BUFFER];
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        work(&buffer[..count], thread::sleep);
        stream.write_all(&buffer[..count])?;
    }
}
