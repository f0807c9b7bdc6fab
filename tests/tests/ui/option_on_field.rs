use socketserver::{SocketWriter, StreamRequestHandler};

#[derive(StreamRequestHandler)]
struct Upper {
    #[handler(wbufsize = -1)]
    wfile: SocketWriter,
}

impl Upper {
    fn handle(&self) {}
}

fn main() {}
