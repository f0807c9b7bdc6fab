//! This workspace.

use socketserver::http::{
    BaseHTTPRequestHandler, Files, GreenHTTPServer, ReplyWriter, SimpleHTTPRequestHandler,
    ThreadingHTTPServer,
};
use tests::prelude::*;

use super::service::FOLDER;
use super::{Contestant, Place, Program};
use crate::job::HELLO;
use crate::rounds::announce;

const OURS: Contestant = Contestant { ours: true, stops: true, ..Contestant::USUAL };

pub(super) const THREADS: Contestant = Contestant {
    name: "threads",
    about: "ours: `ThreadingHTTPServer`",
    most_connections: 10_000,
    program: Program::Here(threads),
    ..OURS
};

pub(super) const GREEN: Contestant = Contestant {
    name: "green",
    about: "ours: `GreenHTTPServer`",
    program: Program::Here(green),
    ..OURS
};

#[derive(BaseHTTPRequestHandler)]
#[handler(protocol_version = "HTTP/1.1")]
struct Hello {
    wfile: ReplyWriter,
}

#[allow(non_snake_case)]
impl Hello {
    fn do_GET(&mut self) -> io::Result<()> {
        self.reply(200, "text/plain", HELLO)
    }
}

fn threads(place: &Place) -> io::Result<()> {
    match place {
        Place::Hello => serve(ThreadingHTTPServer::<Hello>::bind(LOCAL)),
        Place::Files | Place::Listing => serve(
            ThreadingHTTPServer::<SimpleHTTPRequestHandler, Files>::with(Files::new(FOLDER)?)
                .bind(LOCAL),
        ),
    }
}

fn green(place: &Place) -> io::Result<()> {
    match place {
        Place::Hello => serve(GreenHTTPServer::<Hello>::bind(LOCAL)),
        Place::Files | Place::Listing => serve(
            GreenHTTPServer::<SimpleHTTPRequestHandler, Files>::with(Files::new(FOLDER)?)
                .bind(LOCAL),
        ),
    }
}

pub(super) fn serve<T, C, H, S>(server: io::Result<Server<T, C, H, S>>) -> io::Result<()>
where
    T: Transport,
    C: Concurrency,
    H: RequestHandler<T::Request, S>,
    S: BaseServer<T::Request>,
{
    let server = server?;
    server.drain_on_signals(Duration::from_secs(5))?;
    announce(server.server_address());
    server.serve_forever()
}
