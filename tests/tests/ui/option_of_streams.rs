// A datagram has no connection, and a base handler sets the options of its own socket.

use socketserver::{BaseRequestHandler, DatagramRequestHandler};

#[derive(BaseRequestHandler)]
#[handler(timeout = 30)]
struct Upper;

impl Upper {
    fn handle(&self) {}
}

#[derive(DatagramRequestHandler)]
#[handler(rbufsize = -1, wbufsize = -1, disable_nagle_algorithm)]
struct Lower;

impl Lower {
    fn handle(&self) {}
}

fn main() {}
