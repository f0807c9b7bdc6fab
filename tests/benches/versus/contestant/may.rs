//! May with its default settings: a coroutine per connection.

use may::coroutine;
use may::net::TcpListener;
use tests::prelude::*;

use super::{Contestant, Place, Program, Service, echo};
use crate::rounds::{BACKLOG, announce};

pub(super) const MAY: Contestant = Contestant {
    name: "may",
    about: "may: a coroutine for each connection",
    services: &[Service::Tcp],
    program: Program::Here(serve),
    ..Contestant::USUAL
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
            may::go!(move || echo(stream, coroutine::sleep));
        }
    });
    acceptor.join().map_err(|_| io::Error::other("the acceptor has panicked"))
}
