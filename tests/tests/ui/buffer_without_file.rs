use socketserver::{Socket, StreamRequestHandler};

#[derive(StreamRequestHandler)]
#[handler(rbufsize = 0, wbufsize = -1)]
struct Upper {
    request: Socket,
}

impl Upper {
    fn handle(&self) {}
}

fn main() {}
