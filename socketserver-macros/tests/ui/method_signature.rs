use std::io;

use socketserver::{Address, BaseRequestHandler, Datagram, Socket};

#[derive(BaseRequestHandler)]
struct ByValue {
    request: Socket,
}

impl ByValue {
    fn handle(self) {
        let _ = self.request;
    }
}

#[derive(BaseRequestHandler)]
struct Async;

impl Async {
    async fn handle(&self) {}
}

// The last call of a datagram handler is often `sendto`, which returns the number of bytes.
#[derive(BaseRequestHandler)]
struct ReturnsSendto {
    request: Datagram,
    client_address: Address,
}

impl ReturnsSendto {
    fn handle(&self) -> io::Result<usize> {
        let Datagram { data, socket, .. } = &self.request;
        socket.sendto(&data.to_ascii_uppercase(), &self.client_address)
    }
}

#[derive(BaseRequestHandler)]
struct WithArgument;

impl WithArgument {
    fn handle(&self, _request: Socket) {}
}

#[derive(BaseRequestHandler)]
struct SetupReturnsBool;

impl SetupReturnsBool {
    fn setup(&self) -> bool {
        true
    }

    fn handle(&self) {}
}

fn main() {}
