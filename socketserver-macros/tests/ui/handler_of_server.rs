use socketserver::{
    BaseRequestHandler, BaseServer, ServerRef, SocketReader, StreamRequestHandler, TCPServer,
    UDPServer,
};

#[derive(StreamRequestHandler)]
struct WithoutHandle {
    rfile: SocketReader,
}

impl WithoutHandle {
    fn setup(&self) {}
}

struct Chat;

impl<R> BaseServer<R> for Chat {}

#[derive(BaseRequestHandler)]
struct ForAnotherState {
    server: ServerRef<Chat>,
}

#[derive(StreamRequestHandler)]
struct ForStreams;

#[derive(Default)]
struct NoState;

#[derive(BaseRequestHandler)]
struct ForNoState {
    server: ServerRef<NoState>,
}

macro_rules! handle {
    ($($handler:ident)+) => { $(impl $handler { fn handle(&self) {} })+ };
}

handle!(ForAnotherState ForStreams ForNoState);

fn main() {
    let _ = TCPServer::<WithoutHandle>::bind("127.0.0.1:0");
    let _ = TCPServer::<ForAnotherState>::bind("127.0.0.1:0");
    let _ = UDPServer::<ForStreams>::bind("127.0.0.1:0");
    let _ = TCPServer::<ForNoState, NoState>::bind("127.0.0.1:0");
}
