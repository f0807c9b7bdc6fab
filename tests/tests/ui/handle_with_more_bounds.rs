// The bound belongs on the struct as well: the derive sees nothing else.

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
