use std::time::Instant;

use socketserver::BaseRequestHandler;

#[derive(BaseRequestHandler)]
struct Upper {
    since: Instant,
}

impl Upper {
    fn handle(&self) {}
}

fn main() {}
