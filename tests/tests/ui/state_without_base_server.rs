use socketserver::{BaseRequestHandler, ServerRef, TCPServer};

#[derive(Default)]
struct Chat;

#[derive(BaseRequestHandler)]
struct Upper {
    server: ServerRef<Chat>,
}

impl Upper {
    fn handle(&self) {
        let _ = &self.server;
    }
}

fn main() {
    let _ = TCPServer::<Upper, Chat>::bind("127.0.0.1:0");
}
