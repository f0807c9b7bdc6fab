use socketserver::{SocketReader, SocketWriter, StreamRequestHandler};

#[derive(StreamRequestHandler)]
#[handler(rbufsize, wbufsize, timeout, disable_nagle_algorithm)]
struct Upper {
    rfile: SocketReader,
    wfile: SocketWriter,
    #[handler(default)]
    most: usize,
}

impl Upper {
    fn handle(&self) {}
}

fn main() {}
