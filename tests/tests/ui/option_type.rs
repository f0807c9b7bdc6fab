use socketserver::{SocketReader, SocketWriter, StreamRequestHandler};

const LIMIT: f64 = 0.5;

#[derive(StreamRequestHandler)]
#[handler(rbufsize = 4096usize, wbufsize = "large", timeout = LIMIT, disable_nagle_algorithm = 1)]
struct Upper {
    rfile: SocketReader,
    wfile: SocketWriter,
}

impl Upper {
    fn handle(&self) {}
}

fn main() {}
