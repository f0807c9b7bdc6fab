// Each mistake is reported once, and the uses of the struct add no errors.

use socketserver::{
    Address, BaseServer, RequestHandler, Socket, StreamRequestHandler, ThreadingTCPServer,
};

#[derive(StreamRequestHandler)]
#[handler(rbufsize = -1, timeot = 30)]
struct Upper<T> {
    #[handler(default = 1024)]
    request: Socket,
    #[handler(timeout = 30)]
    client_address: Address,
    packet: T,
}

struct State;

impl BaseServer for State {}

fn is_handler<H: RequestHandler<Socket, State>>() {}

fn main() {
    is_handler::<Upper<u8>>();
    let _ = ThreadingTCPServer::<Upper<u8>, State>::with(State).bind("127.0.0.1:0");
}
