//! A crate that knows the library under another name, or only through another crate that
//! exports it, says where the library is.

#![allow(dead_code, unreachable_pub)]

use std::io;

mod framework {
    pub use socketserver::*;
}

use framework::{
    PacketReader, Request, ServerRef, Socket, SocketReader, SocketWriter, TCPServer, UDPServer,
};

#[derive(framework::BaseRequestHandler)]
#[handler(crate = framework)]
struct Base {
    request: Request,
    server: ServerRef<()>,
}

impl Base {
    fn setup(&self) {}
    fn handle(&self) {}
}

#[derive(framework::StreamRequestHandler)]
#[handler(crate = crate::framework, timeout = 3, disable_nagle_algorithm)]
struct Stream {
    connection: Socket,
    rfile: SocketReader,
    wfile: SocketWriter,
}

impl Stream {
    fn handle(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(framework::DatagramRequestHandler)]
#[handler(crate = framework)]
struct Datagram {
    rfile: PacketReader,
    wfile: Vec<u8>,
}

impl Datagram {
    fn handle(&mut self) {}
    fn finish(&self) {}
}

macro_rules! handler {
    ($library:path, $name:ident) => {
        #[derive(framework::BaseRequestHandler)]
        #[handler(crate = $library)]
        struct $name;

        impl $name {
            fn handle(&self) {}
        }
    };
}

handler!(crate::framework, FromMacro);

fn main() {
    let _ = TCPServer::<Base>::bind("127.0.0.1:0");
    let _ = TCPServer::<Stream>::bind("127.0.0.1:0");
    let _ = UDPServer::<Datagram>::bind("127.0.0.1:0");
    let _ = TCPServer::<FromMacro>::bind("127.0.0.1:0");
}
