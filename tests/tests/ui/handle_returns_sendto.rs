// The last call of a datagram handler is often `sendto`, which returns the number of bytes.

use std::io;

use socketserver::{Address, BaseRequestHandler, Datagram};

#[derive(BaseRequestHandler)]
struct Upper {
    request: Datagram,
    client_address: Address,
}

impl Upper {
    fn handle(&self) -> io::Result<usize> {
        let Datagram { data, socket, .. } = &self.request;
        socket.sendto(&data.to_ascii_uppercase(), &self.client_address)
    }
}

fn main() {}
