//! The expansions of the derives cause no warnings, even in a crate with strict lints.

#![deny(
    warnings,
    deprecated,
    elided_lifetimes_in_paths,
    explicit_outlives_requirements,
    missing_copy_implementations,
    missing_debug_implementations,
    missing_docs,
    redundant_lifetimes,
    rust_2018_idioms,
    single_use_lifetimes,
    trivial_casts,
    trivial_numeric_casts,
    unnameable_types,
    unreachable_pub,
    unsafe_code,
    unused,
    unused_import_braces,
    unused_lifetimes,
    unused_qualifications,
    unused_results,
    variant_size_differences
)]

use std::fmt::Display;
use std::io::{self, Write};
use std::sync::Arc;

use socketserver::{
    Address, BaseRequestHandler, Datagram, DatagramRequestHandler, PacketReader, ReplySocket,
    Request, ServerRef, Socket, SocketReader, SocketWriter, StreamRequestHandler,
};

/// No field, so every argument is unused.
#[derive(Debug, Clone, Copy, BaseRequestHandler)]
pub struct Nothing;

impl Nothing {
    fn handle(&self) {}
}

/// Both hooks, so the optional ones are unused.
#[derive(Debug, Clone, Copy, BaseRequestHandler)]
pub struct Hooks {}

impl Hooks {
    fn setup(&self) {}
    fn handle(&self) {}
    fn finish(&self) {}
}

/// Options without files.
#[derive(Debug, Clone, Copy, StreamRequestHandler)]
#[handler(disable_nagle_algorithm)]
pub struct Options;

impl Options {
    fn handle(&self) {}
}

/// Every option.
#[derive(Debug, StreamRequestHandler)]
#[handler(rbufsize = -1, wbufsize = 0, timeout = 1.5, disable_nagle_algorithm = true)]
pub struct Stream {
    /// A public field.
    pub request: Socket,
    client_address: Address,
    server: ServerRef<String>,
    connection: Socket,
    rfile: SocketReader,
    wfile: SocketWriter,
}

impl Stream {
    fn handle(&mut self) -> io::Result<()> {
        let Stream { request, client_address, server, connection, rfile, wfile } = self;
        write!(wfile, "{request:?} {client_address} {server:?} {connection:?} {rfile:?}")
    }
}

/// Every field of a datagram.
#[derive(Debug, DatagramRequestHandler)]
pub struct Packet {
    request: Datagram,
    packet: Arc<[u8]>,
    socket: ReplySocket,
    rfile: PacketReader,
    wfile: Vec<u8>,
}

impl Packet {
    fn handle(&mut self) -> io::Result<()> {
        let Packet { request, packet, socket, rfile, wfile } = self;
        write!(wfile, "{request:?} {packet:?} {socket:?} {rfile:?}")
    }
}

/// Generic, for both kinds.
#[derive(Debug, BaseRequestHandler)]
pub struct Generic<T, const N: usize = 3>
where
    T: Default + Display,
{
    request: Request,
    r#type: T,
    #[handler(default = [(); N])]
    units: [(); N],
}

impl<T: Default + Display, const N: usize> Generic<T, N> {
    fn handle(&mut self) -> Result<(), String> {
        Err(format!("{:?} {} {:?}", self.request, self.r#type, self.units))
    }
}

/// An `allow` on a field covers its type in the expansion too.
#[deprecated]
#[derive(Debug, Default, Clone, Copy)]
pub struct Old;

/// A deprecated struct.
#[deprecated]
#[derive(Debug, StreamRequestHandler)]
pub struct Older {
    #[allow(deprecated)]
    old: Option<Old>,
    #[allow(unused_qualifications)]
    cursor: std::io::Cursor<Vec<u8>>,
    #[allow(unused_qualifications)]
    server: socketserver::ServerRef<std::io::Cursor<Vec<u8>>>,
    /// A deprecated field.
    #[deprecated]
    pub number: u8,
}

#[allow(deprecated)]
impl Older {
    fn handle(&self) -> Result<(), String> {
        Err(format!("{:?} {:?} {:?} {}", self.old, self.cursor, self.server, self.number))
    }
}

fn main() {}
