//! What the servers of this workspace share: their handlers, which are the same in every column.

use tests::prelude::*;

use super::BUFFER;
use crate::job::work;
use crate::rounds::announce;

#[derive(BaseRequestHandler)]
pub(super) struct Echo {
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
pub(super) struct EchoDatagram {
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

pub(super) fn serve<T, C, H>(server: io::Result<Server<T, C, H, ()>>) -> io::Result<()>
where
    T: Transport,
    C: Concurrency,
    H: RequestHandler<T::Request, ()>,
{
    let server = server?;
    server.drain_on_signals(Duration::ZERO)?;
    announce(server.server_address());
    server.serve_forever()
}
