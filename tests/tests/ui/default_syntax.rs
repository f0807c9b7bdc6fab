use socketserver::BaseRequestHandler;

#[derive(BaseRequestHandler)]
struct Upper {
    #[handler(default = 1 +)]
    number: u8,
}

impl Upper {
    fn handle(&self) {}
}

fn main() {}
