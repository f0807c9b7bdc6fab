use socketserver::{BaseRequestHandler, BaseServer, ServerRef, TCPServer};

struct Chat;

impl<R> BaseServer<R> for Chat {}

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
    let _ = TCPServer::<Upper>::bind("127.0.0.1:0");
}
