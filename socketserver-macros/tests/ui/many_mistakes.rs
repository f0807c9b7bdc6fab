// Each mistake is reported once and where it is, and the uses of the struct add no errors. (What is
// said about each mistake is tested in `socketserver-macros`.)

use socketserver::{
    Address, BaseServer, RequestHandler, Socket, SocketWriter, StreamRequestHandler,
    ThreadingTCPServer,
};

#[derive(StreamRequestHandler)]
#[handler(rbufsize = -1, timeot = 30, timeout = -1)]
#[handler(wbufsize, timeout = 60)]
#[handler(disable_nagle_algorithm(true))]
struct Upper<T> {
    #[handler(default = 1024)]
    request: Socket,
    #[handler(timeout = 30)]
    client_address: Address,
    packet: T,
    wfile: SocketWriter,
    #[handler = 1024]
    most: usize,
    #[handler(default = 1 +)]
    number: u8,
    #[handler(default = self.most)]
    least: usize,
}

struct State;

impl BaseServer for State {}

fn is_handler<H: RequestHandler<Socket, State>>() {}

fn main() {
    is_handler::<Upper<u8>>();
    let _ = ThreadingTCPServer::<Upper<u8>, State>::with(State).bind("127.0.0.1:0");
}
