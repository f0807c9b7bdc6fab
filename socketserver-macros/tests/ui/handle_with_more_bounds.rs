// The struct needs the bound too, because the derive sees only the struct.

use std::fmt::Display;

use socketserver::BaseRequestHandler;

#[derive(BaseRequestHandler)]
struct Upper<T> {
    case: Option<T>,
}

impl<T: Display> Upper<T> {
    fn setup(&self) {}

    fn handle(&self) {}
}

fn main() {}
