// A datagram has no connection, and the socket of a base handler is its own affair.

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
