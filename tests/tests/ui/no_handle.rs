use socketserver::{SocketReader, StreamRequestHandler, TCPServer};

#[derive(StreamRequestHandler)]
struct Upper {
    rfile: SocketReader,
}

impl Upper {
    fn setup(&self) {}
}

fn main() {
    let _ = TCPServer::<Upper>::bind("127.0.0.1:0");
}
