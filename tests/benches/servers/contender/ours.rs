//! The servers of this workspace.

use tests::prelude::*;

use super::BUFFER;

#[derive(BaseRequestHandler)]
struct UpperStream<const ROOM: usize> {
    request: Socket,
}

impl<const ROOM: usize> UpperStream<ROOM> {
    fn handle(&mut self) -> io::Result<()> {
        let mut buffer = [0; ROOM];
        loop {
            match self.request.recv_into(&mut buffer)? {
                0 => return Ok(()),
                count => self.request.sendall(&buffer[..count].to_ascii_uppercase())?,
            }
        }
    }
}

/// Serves for ever, on a thread.
fn serves<T, C, H>(server: io::Result<Server<T, C, H, ()>>) -> io::Result<SocketAddr>
where
    T: Transport,
    C: Concurrency,
    H: RequestHandler<T::Request, ()>,
{
    let server = server?;
    let address = inet(server.server_address());
    thread::spawn(move || server.serve_forever());
    Ok(address)
}

pub(super) fn threading_tcp() -> io::Result<SocketAddr> {
    serves(ThreadingTCPServer::<UpperStream<BUFFER>>::bind(LOCAL))
}

pub(super) fn green_tcp<const ROOM: usize>() -> io::Result<SocketAddr> {
    serves(GreenTCPServer::<UpperStream<ROOM>>::bind(LOCAL))
}

#[derive(BaseRequestHandler)]
struct UpperDatagram {
    request: Datagram,
    client_address: Address,
}

impl UpperDatagram {
    fn handle(&mut self) -> io::Result<()> {
        let Datagram { data, socket, .. } = &self.request;
        socket.sendto(&data.to_ascii_uppercase(), &self.client_address)?;
        Ok(())
    }
}

pub(super) fn threading_udp() -> io::Result<SocketAddr> {
    serves(ThreadingUDPServer::<UpperDatagram>::bind(LOCAL))
}
