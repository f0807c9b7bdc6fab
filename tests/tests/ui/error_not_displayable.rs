use socketserver::BaseRequestHandler;

struct Failure;

#[derive(BaseRequestHandler)]
struct Upper;

impl Upper {
    fn handle(&self) -> Result<(), Failure> {
        Err(Failure)
    }
}

fn main() {}
