use socketserver::{BaseRequestHandler, Datagram, StreamRequestHandler, TCPServer, UDPServer};

#[derive(StreamRequestHandler)]
struct Upper;

impl Upper {
    fn handle(&self) {}
}

#[derive(BaseRequestHandler)]
struct Lower {
    request: Datagram,
}

impl Lower {
    fn handle(&self) {
        let _ = &self.request;
    }
}

fn main() {
    let _ = UDPServer::<Upper>::bind("127.0.0.1:0");
    let _ = TCPServer::<Lower>::bind("127.0.0.1:0");
}
