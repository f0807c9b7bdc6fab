use socketserver::StreamRequestHandler;

#[derive(StreamRequestHandler)]
#[handler(default = 1024)]
struct Upper {
    most: usize,
}

impl Upper {
    fn handle(&self) {}
}

fn main() {}
