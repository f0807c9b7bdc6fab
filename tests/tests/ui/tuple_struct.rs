use socketserver::{BaseRequestHandler, Socket};

#[derive(BaseRequestHandler)]
struct Upper(Socket);

fn main() {}
