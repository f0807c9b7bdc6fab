//! Where requests come from.
//!
//! | transport | request | address | attributes |
//! | --- | --- | --- | --- |
//! | [`Tcp`] | [`Socket`], a stream | IPv4, IPv6 | `request_queue_size`, `allow_reuse_address`, `allow_reuse_port`, `dual_stack`, `linger`, `wait_for_input` |
//! | [`Udp`] | [`Datagram`] | IPv4, IPv6 | `max_packet_size`, `allow_reuse_address`, `allow_reuse_port`, `dual_stack`, `send_timeout` |
//! | [`UnixStream`] | [`Socket`], a stream | path, abstract name | `request_queue_size`, `mode`, `linger` |
//! | [`UnixDatagram`] | [`Datagram`] | path, abstract name | `max_packet_size`, `mode`, `send_timeout` |
//!
//! A transport knows sockets and nothing of who runs the handlers. One of your own usually wraps
//! one of these: to shake hands in [`prepare`](Transport::prepare), or to set an option before
//! `bind`.

mod datagram;
mod socket_file;
mod stream;
mod tcp;
mod udp;
mod unix;

use std::io;
use std::time::Duration;

pub use datagram::Datagram;
pub use tcp::Tcp;
pub use udp::Udp;
pub use unix::{UnixDatagram, UnixStream};

use crate::socket::{Address, AddressFamily, Socket, SocketKind, SocketOption};

/// Where requests come from.
///
/// One that wraps another passes on every method, also those with a default: without `fence` a drain
/// may lose its last clients, without `leave_to_parent` a forked child keeps the port, without
/// `server_close` a socket's file stays.
///
/// The loop calls these in the order in which they stand here: the first four once, then
/// [`get_request`](Self::get_request) for every request, and where the handler runs
/// [`prepare`](Self::prepare) and [`shutdown_request`](Self::shutdown_request) around it.
pub trait Transport: Send + Sync + 'static {
    /// One request: a [`Socket`] for streams, a [`Datagram`] otherwise. Cloning it is another name
    /// for the same request.
    type Request: Clone + Send + 'static;

    /// A fresh socket of the address's family: what must be set before `bind` is set between this
    /// and the next.
    ///
    /// # Errors
    /// `InvalidInput` for an address that is not this transport's; the system's.
    fn socket(&self, address: &Address) -> io::Result<Socket>;

    /// Binds it.
    ///
    /// # Errors
    /// `AddrInUse` and the rest of the system's.
    ///
    /// Python: `BaseServer.server_bind`
    fn server_bind(&self, socket: &Socket, address: &Address) -> io::Result<()>;

    /// Takes a socket that exists already and is bound, instead of the two above: from a service
    /// manager, or a parent.
    ///
    /// # Errors
    /// `InvalidInput` for a socket that is not this transport's.
    fn adopt(&self, socket: &Socket) -> io::Result<()>;

    /// Begins to take requests.
    ///
    /// # Errors
    /// The system's.
    ///
    /// Python: `BaseServer.server_activate`
    fn server_activate(&self, socket: &Socket) -> io::Result<()>;

    /// Takes a request that already waits, on the loop's thread. Never waits itself.
    ///
    /// # Errors
    /// `WouldBlock` when there is none; what happened to one connection; what is wrong with the
    /// listener.
    ///
    /// Python: `BaseServer.get_request`
    fn get_request(&self, socket: &Socket) -> io::Result<(Self::Request, Address)>;

    /// Before the handler, where the handler runs: handshakes.
    ///
    /// # Errors
    /// This request's, not the listener's: it goes to `handle_error`.
    fn prepare(&self, _request: &Self::Request) -> io::Result<()> {
        Ok(())
    }

    /// The orderly end of a request, where its handler ran. May wait for the other side to read
    /// what was sent, but never longer than `patience`.
    ///
    /// Python: `BaseServer.shutdown_request`
    fn shutdown_request(&self, request: &Self::Request, patience: Duration);

    /// The abrupt end at a deadline, from another thread: wakes whoever waits on the request, and
    /// waits for nothing. A datagram's socket is the server's and must live on.
    fn abort(&self, request: &Self::Request);

    /// From here on nobody new gets into the queue; those in it can still be taken.
    ///
    /// # Errors
    /// The system's. The end goes on without a fence then: who connects in its last moments may be
    /// reset.
    fn fence(&self, _socket: &Socket) -> io::Result<()> {
        Ok(())
    }

    /// In a process that was forked for one request, before its handler: lets go of the listener,
    /// or clients would connect to it for as long as the child lives. A datagram's socket is what
    /// it is answered with, and stays.
    fn leave_to_parent(&self, _socket: &Socket) {}

    /// After the last request was taken and before the socket closes: removes what `server_bind`
    /// left elsewhere.
    ///
    /// Python: `BaseServer.server_close`
    fn server_close(&self, _socket: &Socket) {}
}

/// The error for an address or a socket of another kind.
fn not_ours(what: &str, wanted: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        format!("{what}: {wanted} is wanted"),
    )
}

/// Checks a socket that was handed over.
fn check(socket: &Socket, kind: SocketKind, unix: bool, wanted: &str) -> io::Result<()> {
    let address = socket.getsockname()?;
    let is_unix = !matches!(address, Address::Inet(_));
    if is_unix == unix && socket.kind().is_ok_and(|its| its == kind) {
        return Ok(());
    }
    Err(not_ours(&format!("a socket at {address}"), wanted))
}

/// Binds an internet socket, with the options that must be set before.
fn bind_inet(
    socket: &Socket,
    address: &Address,
    reuse_port: bool,
    dual_stack: Option<bool>,
) -> io::Result<()> {
    if reuse_port {
        socket.setsockopt(SocketOption::ReusePort(true))?;
    }
    if let (Some(both), AddressFamily::Inet6) = (dual_stack, address.family()) {
        socket.setsockopt(SocketOption::OnlyV6(!both))?;
    }
    socket.bind(address)
}
