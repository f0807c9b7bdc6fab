use std::sync::Arc;

use socketserver::{
    BaseRequestHandler, DatagramRequestHandler, Socket, SocketReader, SocketWriter,
    StreamRequestHandler,
};

#[derive(BaseRequestHandler)]
struct Base {
    rfile: SocketReader,
    wfile: SocketWriter,
}

#[derive(StreamRequestHandler)]
struct Stream {
    packet: Arc<[u8]>,
    socket: Socket,
}

#[derive(DatagramRequestHandler)]
struct Datagram {
    connection: Socket,
}

fn main() {}
