use socketserver::BaseRequestHandler;

#[derive(BaseRequestHandler)]
struct Upper;

impl Upper {
    async fn handle(&self) {}
}

fn main() {}
