// A `server` is a `ServerRef` of the state, never the state itself.

use socketserver::BaseRequestHandler;

struct Chat;

#[derive(BaseRequestHandler)]
struct Upper {
    server: Chat,
}

impl Upper {
    fn handle(&self) {}
}

fn main() {}
