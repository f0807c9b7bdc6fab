//! This workspace without HTTP: the same bytes, without a parser.

use tests::prelude::*;

use super::{Contestant, Place, Program, Service, ours};

const ECHO: Contestant = Contestant { services: &[Service::Hello], ..Contestant::USUAL };

pub(super) const THREADS: Contestant = Contestant {
    name: "echo-threads",
    about: "ours: `ThreadingTCPServer` that sends the bytes of a reply, whatever it reads",
    most_connections: 10_000,
    program: Program::Here(threads),
    ..ECHO
};

pub(super) const GREEN: Contestant = Contestant {
    name: "echo-green",
    about: "ours: `GreenTCPServer` that does so",
    program: Program::Here(green),
    ..ECHO
};

/// As long as the reply of the HTTP servers of this workspace.
const REPLY: &[u8] = b"HTTP/1.1 200 OK\r\n\
    Server: socketserver/0.1.0\r\n\
    Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
    Content-Type: text/plain\r\n\
    Content-Length: 14\r\n\
    \r\n\
    Hello, world!\n";

#[derive(BaseRequestHandler)]
struct Echo {
    request: Socket,
}

impl Echo {
    fn handle(&mut self) -> io::Result<()> {
        let mut buffer = [0; 1024];
        while self.request.recv_into(&mut buffer)? > 0 {
            self.request.sendall(REPLY)?;
        }
        Ok(())
    }
}

fn threads(_: &Place) -> io::Result<()> {
    ours::serve(ThreadingTCPServer::<Echo>::bind(LOCAL))
}

fn green(_: &Place) -> io::Result<()> {
    ours::serve(GreenTCPServer::<Echo>::bind(LOCAL))
}
