use socketserver::{BaseRequestHandler, Socket};

#[derive(BaseRequestHandler)]
struct Upper {
    request: Socket,
}

impl Upper {
    fn handle(self) {
        let _ = self.request;
    }
}

fn main() {}
