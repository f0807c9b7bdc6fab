use socketserver::StreamRequestHandler;

#[derive(StreamRequestHandler)]
#[handler(timeout = 0)]
struct Zero;

#[derive(StreamRequestHandler)]
#[handler(timeout = -1)]
struct Negative;

#[derive(StreamRequestHandler)]
#[handler(timeout = 500ms)]
struct WithUnit;

#[derive(StreamRequestHandler)]
#[handler(timeout = "30")]
struct Text;

#[derive(StreamRequestHandler)]
#[handler(timeout = None)]
struct Endless;

#[derive(StreamRequestHandler)]
#[handler(timeout = 1e30)]
struct TooLong;

fn main() {}
