use std::sync::Arc;

use socketserver::{
    Address, BaseRequestHandler, DatagramRequestHandler, Socket, SocketReader, SocketWriter,
    StreamRequestHandler,
};

#[derive(DatagramRequestHandler)]
struct Misspelt {
    packt: Arc<[u8]>,
    wfle: Vec<u8>,
}

#[derive(BaseRequestHandler)]
struct MisspeltToo {
    requst: Socket,
    client_adress: Address,
}

#[derive(BaseRequestHandler)]
struct OfAnotherDerive {
    rfile: SocketReader,
    wfile: SocketWriter,
}

#[derive(StreamRequestHandler)]
struct OfDatagrams {
    packet: Arc<[u8]>,
    socket: Socket,
}

#[derive(DatagramRequestHandler)]
struct OfStreams {
    connection: Socket,
}

fn main() {}
