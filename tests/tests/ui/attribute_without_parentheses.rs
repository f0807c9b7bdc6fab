use socketserver::StreamRequestHandler;

#[derive(StreamRequestHandler)]
#[handler]
struct Upper {
    #[handler = 1024]
    most: usize,
}

impl Upper {
    fn handle(&self) {}
}

fn main() {}
