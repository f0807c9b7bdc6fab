use std::io::{BufReader, Cursor};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use socketserver::{
    BaseRequestHandler, DatagramRequestHandler, Request, SocketReader, SocketWriter,
    StreamRequestHandler,
};

#[derive(StreamRequestHandler)]
struct OfStreams {
    request: TcpStream,
    client_address: SocketAddr,
    rfile: BufReader<TcpStream>,
}

impl OfStreams {
    fn handle(&self) {}
}

#[derive(DatagramRequestHandler)]
struct OfDatagrams {
    request: Request,
    packet: Vec<u8>,
    rfile: Cursor<Vec<u8>>,
}

impl OfDatagrams {
    fn handle(&self) {}
}

struct Chat;

// A `server` is a `ServerRef` of the state, never the state itself.
#[derive(BaseRequestHandler)]
struct OfServer {
    server: Chat,
}

impl OfServer {
    fn handle(&self) {}
}

#[derive(BaseRequestHandler)]
struct OfDefault {
    #[handler(default = "upper")]
    name: String,
}

impl OfDefault {
    fn handle(&self) {}
}

#[derive(BaseRequestHandler)]
struct WithoutDefault {
    since: Instant,
}

impl WithoutDefault {
    fn handle(&self) {}
}

const LIMIT: f64 = 0.5;

#[derive(StreamRequestHandler)]
#[handler(rbufsize = 4096usize, wbufsize = "large", timeout = LIMIT, disable_nagle_algorithm = 1)]
struct OfOptions {
    rfile: SocketReader,
    wfile: SocketWriter,
}

impl OfOptions {
    fn handle(&self) {}
}

fn main() {}
