use socketserver::{
    BaseRequestHandler, DatagramRequestHandler, Socket, SocketReader, SocketWriter,
    StreamRequestHandler,
};

#[derive(StreamRequestHandler)]
#[handler(rbufsize = 0, wbufsize = -1)]
struct BufferWithoutFile {
    request: Socket,
}

#[derive(StreamRequestHandler)]
#[handler(timeout(30))]
struct Called;

#[derive(StreamRequestHandler)]
#[handler(timeot = 30)]
struct Misspelt {
    #[handler(defualt = 1024)]
    most: usize,
}

// A datagram has no connection, and a base handler sets the options of its own socket.
#[derive(BaseRequestHandler)]
#[handler(timeout = 30)]
struct OfStreams;

#[derive(DatagramRequestHandler)]
#[handler(rbufsize = -1, wbufsize = -1, disable_nagle_algorithm)]
struct OfStreamsToo;

#[derive(StreamRequestHandler)]
struct OnField {
    #[handler(wbufsize = -1)]
    wfile: SocketWriter,
}

#[derive(StreamRequestHandler)]
#[handler(timeout = 30, timeout = 60)]
#[handler(timeout = 90)]
struct Twice {
    #[handler(default = 1024, default = 2048)]
    most: usize,
}

#[derive(BaseRequestHandler)]
#[handler(daemon_threads = true)]
struct Unknown;

#[derive(StreamRequestHandler)]
#[handler(rbufsize, wbufsize, timeout, disable_nagle_algorithm)]
struct WithoutValue {
    rfile: SocketReader,
    wfile: SocketWriter,
    #[handler(default)]
    most: usize,
}

fn main() {}
