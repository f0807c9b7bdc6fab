use socketserver::BaseRequestHandler;

#[derive(BaseRequestHandler)]
union Upper {
    case: u8,
}

fn main() {}
