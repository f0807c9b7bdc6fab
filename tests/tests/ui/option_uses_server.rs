// Options and defaults are evaluated before the handler exists: `setup` can use what fills it.

use std::time::Duration;

use socketserver::{Address, ServerRef, StreamRequestHandler};

struct Chat {
    idle: Duration,
}

#[derive(StreamRequestHandler)]
#[handler(timeout = server.idle)]
struct Member {
    client_address: Address,
    server: ServerRef<Chat>,
    #[handler(default = client_address.to_string())]
    name: String,
    #[handler(default = self.name.len())]
    width: usize,
}

impl Member {
    fn handle(&self) {}
}

fn main() {}
