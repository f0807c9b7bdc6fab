use socketserver::BaseRequestHandler;

#[derive(BaseRequestHandler)]
struct Upper;

impl Upper {
    fn setup(&self) -> bool {
        true
    }

    fn handle(&self) {}
}

fn main() {}
