use socketserver::BaseRequestHandler;

#[derive(BaseRequestHandler)]
#[handler(daemon_threads = true)]
struct Upper;

impl Upper {
    fn handle(&self) {}
}

fn main() {}
