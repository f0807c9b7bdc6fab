use socketserver::StreamRequestHandler;

#[derive(StreamRequestHandler)]
struct Upper<#[handler(timeout = 30)] T> {
    case: Option<T>,
}

impl<T> Upper<T> {
    fn handle(&self) {}
}

fn main() {}
