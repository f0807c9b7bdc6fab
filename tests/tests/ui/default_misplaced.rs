use socketserver::{BaseRequestHandler, SocketWriter, StreamRequestHandler};

#[derive(StreamRequestHandler)]
struct OfFilledField {
    #[handler(default = None)]
    wfile: Option<SocketWriter>,
}

#[derive(StreamRequestHandler)]
#[handler(default = 1024)]
struct OnStruct {
    most: usize,
}

#[derive(BaseRequestHandler)]
struct Syntax {
    #[handler(default = 1 +)]
    number: u8,
}

#[derive(StreamRequestHandler)]
#[handler]
struct WithoutParentheses {
    #[handler = 1024]
    most: usize,
}

fn main() {}
