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
                count => self
                    .request
                    .sendall(&buffer[..count].to_ascii_uppercase())?,
            }
        }
    }
}

pub(super) fn threading_tcp() -> io::Result<SocketAddr> {
    let server = ThreadingTCPServer::<UpperStream<BUFFER>>::bind(LOCAL)?;
    let address = inet(server.server_address());
    thread::spawn(move || server.serve_forever());
    Ok(address)
}

pub(super) fn green_tcp<const ROOM: usize>() -> io::Result<SocketAddr> {
    let server = GreenTCPServer::<UpperStream<ROOM>>::bind(LOCAL)?;
    let address = inet(server.server_address());
    thread::spawn(move || server.serve_forever());
    Ok(address)
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
    let server = ThreadingUDPServer::<UpperDatagram>::bind(LOCAL)?;
    let address = inet(server.server_address());
    thread::spawn(move || server.serve_forever());
    Ok(address)
}
