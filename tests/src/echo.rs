//! The handler that most tests need.

use std::io;

use socketserver::{Address, BaseRequestHandler, Request};

/// Sends back what it receives: a stream until its end, a datagram at once.
#[derive(BaseRequestHandler, Debug)]
pub struct Echo {
    request: Request,
    client_address: Address,
}

impl Echo {
    fn handle(&self) -> io::Result<()> {
        match &self.request {
            Request::Stream(socket) => loop {
                let data = socket.recv(65_536)?;
                if data.is_empty() {
                    return Ok(());
                }
                socket.sendall(&data)?;
            },
            Request::Datagram(datagram) => {
                let socket = &datagram.socket;
                socket.sendto(&datagram.data, &self.client_address)?;
                Ok(())
            }
        }
    }
}
