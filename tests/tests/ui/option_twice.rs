use socketserver::StreamRequestHandler;

#[derive(StreamRequestHandler)]
#[handler(timeout = 30, timeout = 60)]
#[handler(timeout = 90)]
struct Upper {
    #[handler(default = 1024, default = 2048)]
    most: usize,
}

impl Upper {
    fn handle(&self) {}
}

fn main() {}
