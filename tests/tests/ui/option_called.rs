use socketserver::StreamRequestHandler;

#[derive(StreamRequestHandler)]
#[handler(timeout(30))]
struct Upper;

impl Upper {
    fn handle(&self) {}
}

fn main() {}
