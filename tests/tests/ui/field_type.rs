use std::io::{BufReader, Cursor};
use std::net::{SocketAddr, TcpStream};

use socketserver::{DatagramRequestHandler, Request, StreamRequestHandler};

#[derive(StreamRequestHandler)]
struct Upper {
    request: TcpStream,
    client_address: SocketAddr,
    rfile: BufReader<TcpStream>,
}

impl Upper {
    fn handle(&self) {}
}

#[derive(DatagramRequestHandler)]
struct Lower {
    request: Request,
    packet: Vec<u8>,
    rfile: Cursor<Vec<u8>>,
}

impl Lower {
    fn handle(&self) {}
}

fn main() {}
