//! tiny_http with one answering thread per core, beside the threads of its pool.

use tests::prelude::{Arc, io, thread};
use tiny_http::{Header, Response, Server};

use super::{Contestant, Place, Program, Service};
use crate::job::HELLO;
use crate::rounds::tcp_listener;

pub(super) const TINY_HTTP: Contestant = Contestant {
    name: "tiny-http",
    about: "tiny_http: a thread per connection, and one per core that answers",
    services: &[Service::Hello],
    most_connections: 1_000,
    sleeps: false,
    program: Program::Here(serve),
    ..Contestant::USUAL
};

fn serve(_: &Place) -> io::Result<()> {
    let server = Server::from_listener(tcp_listener()?, None).map_err(io::Error::other)?;
    let server = Arc::new(server);
    let threads: Vec<_> = (0..thread::available_parallelism()?.get())
        .map(|_| {
            thread::spawn({
                let server = server.clone();
                move || answer(&server)
            })
        })
        .collect();
    threads.into_iter().try_for_each(|thread| thread.join().expect("no panic"))
}

fn answer(server: &Server) -> io::Result<()> {
    let plain = Header::from_bytes("Content-Type", "text/plain").expect("a field");
    loop {
        let request = server.recv()?;
        // A client that has gone is an error.
        let _ = request.respond(Response::from_string(HELLO).with_header(plain.clone()));
    }
}
