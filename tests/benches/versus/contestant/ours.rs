//! This workspace: the four concurrencies, with the same transports and handlers.

use tests::prelude::*;

use super::{BUFFER, Contestant, Place, Program};
use crate::job::work;
use crate::rounds::announce;

const OURS: Contestant = Contestant { ours: true, stops: true, ..Contestant::USUAL };

pub(super) const INLINE: Contestant = Contestant {
    name: "inline",
    about: "ours: `TCPServer`, `UDPServer`, one request after the other",
    most_connections: 1,
    sleeps: false,
    program: Program::Here(|place| serve(Inline, place)),
    ..OURS
};

pub(super) const THREADS: Contestant = Contestant {
    name: "threads",
    about: "ours: `ThreadingTCPServer`, `ThreadingUDPServer`",
    most_connections: 10_000,
    program: Program::Here(|place| serve(Threading::new(), place)),
    ..OURS
};

/// More than any scenario has at the same time.
const CHILDREN: usize = 2_000;

pub(super) const FORKING: Contestant = Contestant {
    name: "forking",
    about: "ours: `ForkingTCPServer`, `ForkingUDPServer`",
    most_connections: 1_000,
    program: Program::Here(|place| serve(Forking::new().max_children(CHILDREN), place)),
    ..OURS
};

pub(super) const GREEN: Contestant = Contestant {
    name: "green",
    about: "ours: `GreenTCPServer`, `GreenUDPServer`",
    program: Program::Here(|place| serve(Green::new(), place)),
    ..OURS
};

#[derive(BaseRequestHandler)]
struct Echo {
    request: Socket,
}

impl Echo {
    fn handle(&mut self) -> io::Result<()> {
        let mut buffer = [0; BUFFER];
        loop {
            let count = self.request.recv_into(&mut buffer)?;
            if count == 0 {
                return Ok(());
            }
            work(&buffer[..count], green::sleep);
            self.request.sendall(&buffer[..count])?;
        }
    }
}

#[derive(BaseRequestHandler)]
struct EchoDatagram {
    request: Datagram,
    client_address: Address,
}

impl EchoDatagram {
    fn handle(&mut self) -> io::Result<()> {
        let Datagram { data, socket, .. } = &self.request;
        work(data, green::sleep);
        socket.sendto(data, &self.client_address)?;
        Ok(())
    }
}

fn serve<C: Concurrency>(concurrency: C, place: &Place) -> io::Result<()> {
    match place {
        Place::Tcp => {
            let transport = Tcp::new().disable_nagle_algorithm(true);
            serve_at::<_, _, Echo>(transport, concurrency, LOCAL)
        }
        Place::Udp => serve_at::<_, _, EchoDatagram>(Udp::new(), concurrency, LOCAL),
        Place::Unix(path) => serve_at::<_, _, Echo>(UnixStream::new(), concurrency, &**path),
    }
}

fn serve_at<T, C, H>(transport: T, concurrency: C, address: impl ToAddress) -> io::Result<()>
where
    T: Transport,
    C: Concurrency,
    H: RequestHandler<T::Request, ()>,
{
    let server = Builder::<T, C, H, ()>::new(transport, concurrency, ()).bind(address)?;
    server.drain_on_signals(Duration::ZERO)?;
    announce(server.server_address());
    server.serve_forever()
}
