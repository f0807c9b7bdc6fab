// An expression in an attribute cannot see the variables of the generated code.

use socketserver::{Address, BaseRequestHandler};

#[derive(BaseRequestHandler)]
struct Upper {
    client_address: Address,
    #[handler(default = Some(client_address.clone()))]
    copy: Option<Address>,
}

impl Upper {
    fn handle(&self) {}
}

fn main() {}
