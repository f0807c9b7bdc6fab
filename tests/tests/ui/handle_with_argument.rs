use socketserver::{BaseRequestHandler, Socket};

#[derive(BaseRequestHandler)]
struct Upper;

impl Upper {
    fn handle(&self, _request: Socket) {}
}

fn main() {}
