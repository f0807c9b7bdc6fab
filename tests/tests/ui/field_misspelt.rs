use std::sync::Arc;

use socketserver::{Address, BaseRequestHandler, DatagramRequestHandler, Socket};

#[derive(DatagramRequestHandler)]
struct Datagram {
    packt: Arc<[u8]>,
    wfle: Vec<u8>,
}

impl Datagram {
    fn handle(&self) {}
}

#[derive(BaseRequestHandler)]
struct Base {
    requst: Socket,
    client_adress: Address,
}

impl Base {
    fn handle(&self) {}
}

fn main() {}
