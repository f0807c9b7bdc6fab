use socketserver::StreamRequestHandler;

#[derive(StreamRequestHandler)]
#[handler(timeot = 30)]
struct Upper {
    #[handler(defualt = 1024)]
    most: usize,
}

impl Upper {
    fn handle(&self) {}
}

fn main() {}
