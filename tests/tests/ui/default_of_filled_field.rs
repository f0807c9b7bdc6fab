use socketserver::{SocketWriter, StreamRequestHandler};

#[derive(StreamRequestHandler)]
struct Upper {
    #[handler(default = None)]
    wfile: Option<SocketWriter>,
}

impl Upper {
    fn handle(&self) {}
}

fn main() {}
