// A default cannot use the handler's other fields: `setup` can.

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
