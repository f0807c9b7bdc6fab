use socketserver::StreamRequestHandler;

#[derive(StreamRequestHandler)]
struct Upper<'a> {
    name: &'a str,
}

impl Upper<'_> {
    fn handle(&self) {}
}

fn main() {}
