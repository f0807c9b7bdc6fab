use socketserver::BaseRequestHandler;

#[derive(BaseRequestHandler)]
struct Upper {
    #[handler(default = "upper")]
    name: String,
}

impl Upper {
    fn handle(&self) {}
}

fn main() {}
