//! May with its default settings: a coroutine per connection.

use may::coroutine;
use may::net::TcpListener;
use tests::prelude::*;

use super::{BUFFER, Contestant, Place, Program, Service};
use crate::job::work;
use crate::rounds::{BACKLOG, announce};

pub(super) const MAY: Contestant = Contestant {
    name: "may",
    about: "may: a coroutine for each connection",
    ours: false,
    services: &[Service::Tcp],
    most_connections: usize::MAX,
    sleeps: true,
    stops: false,
    program: Program::Here(serve),
};

// A coroutine of `may` can move to another thread, so starting one is unsafe. All values that the
// coroutines here keep across a wait may be moved.
#[allow(unsafe_code)]
fn serve(_: &Place) -> io::Result<()> {
    let listener = TcpListener::bind(LOCAL)?;
    // Its own backlog is 1,024.
    SockRef::from(listener.inner()).listen(BACKLOG)?;
    announce(listener.local_addr()?);
    let acceptor = may::go!(move || {
        for stream in listener.incoming().flatten() {
            let _ = stream.set_nodelay(true);
            may::go!(move || echo(stream));
        }
    });
    acceptor.join().map_err(|_| io::Error::other("the acceptor has panicked"))
}

fn echo(mut stream: may::net::TcpStream) -> io::Result<()> {
    let mut buffer = [0; BUFFER];
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        work(&buffer[..count], coroutine::sleep);
        stream.write_all(&buffer[..count])?;
    }
}
