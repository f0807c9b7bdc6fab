// What the handler is given is not in sight of its defaults: `setup` is the place to use it.

use socketserver::{Address, BaseRequestHandler};

#[derive(BaseRequestHandler)]
struct Upper {
    client_address: Address,
    #[handler(default = client_address.clone())]
    copy: Address,
}

impl Upper {
    fn handle(&self) {}
}

fn main() {}
