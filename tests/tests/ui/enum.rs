use socketserver::BaseRequestHandler;

#[derive(BaseRequestHandler)]
enum Upper {
    Case,
}

fn main() {}
