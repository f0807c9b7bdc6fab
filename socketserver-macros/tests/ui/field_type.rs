use std::io::BufReader;
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use socketserver::{
    BaseRequestHandler, DatagramRequestHandler, SocketReader, SocketWriter, StreamRequestHandler,
};

#[derive(StreamRequestHandler)]
struct OfStreams {
    request: TcpStream,
    client_address: SocketAddr,
    rfile: BufReader<TcpStream>,
}

#[derive(DatagramRequestHandler)]
struct OfDatagrams {
    packet: Vec<u8>,
}

struct Chat;

// A `server` is a `ServerRef` of the state, never the state itself.
#[derive(BaseRequestHandler)]
struct OfServer {
    server: Chat,
}

#[derive(BaseRequestHandler)]
struct OfDefault {
    #[handler(default = "upper")]
    name: String,
}

#[derive(BaseRequestHandler)]
struct WithoutDefault {
    since: Instant,
}

const LIMIT: f64 = 0.5;

#[derive(StreamRequestHandler)]
#[handler(rbufsize = 4096usize, wbufsize = "large", timeout = LIMIT, disable_nagle_algorithm = 1)]
struct OfOptions {
    rfile: SocketReader,
    wfile: SocketWriter,
}

macro_rules! handle {
    ($($handler:ident)+) => { $(impl $handler { fn handle(&self) {} })+ };
}

handle!(OfStreams OfDatagrams OfServer OfDefault WithoutDefault OfOptions);

fn main() {}
