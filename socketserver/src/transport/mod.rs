//! Where requests come from.
//!
//! | transport | request | address | blocks of [options](crate::options) |
//! | --- | --- | --- | --- |
//! | [`Tcp`] | [`Socket`], a stream | IPv4, IPv6 | `Streams`, `Inet`, `TcpOnly` |
//! | [`Udp`] | [`Datagram`](crate::Datagram) | IPv4, IPv6 | `Packets`, `Inet` |
//! | [`UnixStream`] | [`Socket`], a stream | path, abstract name | `Streams`, `File` |
//! | [`UnixDatagram`] | [`Datagram`](crate::Datagram) | path, abstract name | `Packets`, `File` |
//!
//! A transport knows sockets, and nothing of concurrencies or handlers. Your own usually wraps one
//! of these, with [`TransportHooks`]: for a handshake in [`prepare`](Transport::prepare), or an
//! option that must be set before `bind`.

mod datagram;
mod hooks;
mod inet;
pub(crate) mod options;
mod own_datagrams;
mod place;
mod socket_file;
mod stream;
mod tcp;
mod udp;
mod unheard;
mod unix;

use std::fmt;
use std::io;
use std::time::Duration;

pub use hooks::{Prepared, TransportHooks, WithSocket};
pub use tcp::Tcp;
pub use udp::Udp;
pub use unix::{UnixDatagram, UnixStream};

use crate::address::Address;
use crate::socket::{Socket, SocketKind};

/// Where this folder's log lines go.
const TARGET: &str = "socketserver::transport";

/// Which side of a fresh connection sends first, before the handler does anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Speaker {
    /// Perhaps the server: a handshake may send before it has received anything.
    Server,
    /// Nothing is sent before the handler runs.
    Handler,
    /// The client, which has this long for its first bytes. Until they have come the connection has
    /// no worker: no thread, no process, no green thread.
    Client(Duration),
}

/// Where requests come from.
///
/// When a server is made, it calls [`socket`](Self::socket) and [`server_bind`](Self::server_bind),
/// or [`adopt`](Self::adopt) instead, and then [`server_activate`](Self::server_activate). Its loop
/// calls [`get_request`](Self::get_request) for every request; where the handler runs,
/// [`prepare`](Self::prepare) and [`shutdown_request`](Self::shutdown_request) run before and after
/// it.
///
/// To change one method of an existing transport, write [`TransportHooks`].
pub trait Transport: Send + Sync + 'static {
    /// One request: a [`Socket`] for streams, a [`Datagram`](crate::Datagram) otherwise. Its clone
    /// is another name for the same request. Other threads abort it by reference, so it is `Sync`.
    type Request: Clone + Send + Sync + 'static;

    /// A fresh socket of the address's family. An option that must be set before `bind` is set
    /// between this call and `server_bind`.
    ///
    /// # Errors
    /// `InvalidInput` for an address that is not this transport's; the system's.
    fn socket(&self, address: &Address) -> io::Result<Socket>;

    /// Binds the socket.
    ///
    /// # Errors
    /// `AddrInUse` and the rest of the system's.
    ///
    /// Python: `BaseServer.server_bind`
    fn server_bind(&self, socket: &Socket, address: &Address) -> io::Result<()>;

    /// Takes over a socket that exists already and is bound or connected, instead of `socket` and
    /// `server_bind`: from a service manager, or a parent process.
    ///
    /// # Errors
    /// `InvalidInput` for a socket that is not this transport's.
    fn adopt(&self, socket: &Socket) -> io::Result<()>;

    /// Makes the socket ready for requests: a stream socket listens from here on.
    ///
    /// # Errors
    /// The system's.
    ///
    /// Python: `BaseServer.server_activate`
    fn server_activate(&self, socket: &Socket) -> io::Result<()>;

    /// Accepts a request that is there already. Called on the loop's thread, on that of a worker
    /// that receives, or on that of a caller that drains without a loop. Never blocks: a transport
    /// of your own calls `settimeout` with zero on its listener, which connections do not inherit.
    ///
    /// # Errors
    /// `WouldBlock` when there is none; an error of one connection; an error of the listener
    /// itself, which ends the loop.
    ///
    /// Python: `BaseServer.get_request`
    fn get_request(&self, socket: &Socket) -> io::Result<(Self::Request, Address)>;

    /// The connection and its client, if a server was given a connection instead of a listener:
    /// such a server serves this one client and ends. `None` if the socket is not a connection, and
    /// always unless overridden.
    fn given_request(&self, _socket: &Socket) -> Option<(Self::Request, Address)> {
        None
    }

    /// Which side of a connection sends first. Asked once, by `bind`. [`Speaker::Server`] unless
    /// overridden, which is always right.
    fn speaks_first(&self) -> Speaker {
        Speaker::Server
    }

    /// Whether a connection from `peer` waits for its client's first byte, where the client speaks
    /// first. It does not if it is refused in any case, or is spared the handshake. Must not block.
    /// True unless overridden.
    fn awaits_first_byte(&self, _peer: &Address) -> bool {
        true
    }

    /// Whether a client that speaks first, and has sent something, must send more before it gets a
    /// worker: the rest of a header. Called on the loop's thread when bytes have come; must not
    /// block, and takes none of them. False unless overridden.
    fn awaits_more(&self, _request: &Self::Request) -> bool {
        false
    }

    /// Why a request is refused whose client speaks first, and has not sent its first bytes within
    /// `patience`. Called on the loop's thread, instead of `prepare`; must not block.
    fn silence(&self, _request: &Self::Request, patience: Duration) -> io::Error {
        let text = format!("expected a first byte within {patience:?}, got none");
        io::Error::new(io::ErrorKind::TimedOut, text)
    }

    /// Whether the bytes of a request say which client it is from, as behind a proxy. Then
    /// [`learn_client`](Self::learn_client) runs first, and the limits per client and
    /// `verify_request` follow it, on the thread of the handler instead of the loop's. Asked once,
    /// by `bind`. False unless overridden.
    fn learns_client(&self) -> bool {
        false
    }

    /// Learns which client a request is from, where its handler will run, before `prepare`. `None`
    /// if it is from `peer`, the address that `get_request` has returned. May block, so it needs
    /// its own deadline: until it returns, no limit per client holds. Called only if
    /// [`learns_client`](Self::learns_client).
    ///
    /// # Errors
    /// Why the request is refused, as for [`prepare`](Self::prepare).
    fn learn_client(
        &self,
        _request: &Self::Request,
        _peer: &Address,
    ) -> io::Result<Option<Address>> {
        Ok(None)
    }

    /// Prepares a request where its handler will run: the place for handshakes. May block.
    ///
    /// # Errors
    /// Why the request is refused. The error goes to `handle_error`, with
    /// [`is_handshake`](crate::HandlerError::is_handshake), and the handler does not run.
    fn prepare(&self, _request: &Self::Request) -> io::Result<()> {
        Ok(())
    }

    /// Whether a client can read what it gets before `prepare` has run. If not, as under TLS, then
    /// `refuse_request` is not called. True unless overridden.
    fn speaks_before_prepare(&self) -> bool {
        true
    }

    /// Ends a request gracefully, where its handler ran. May block until the peer has read all
    /// bytes, but never longer than `patience`.
    ///
    /// Python: `BaseServer.shutdown_request`
    fn shutdown_request(&self, request: &Self::Request, patience: Duration);

    /// Ends a request by force, from another thread: wakes the thread that is blocked on it, and
    /// does not block. A datagram's socket is the server's and must live on.
    fn abort(&self, request: &Self::Request);

    /// Keeps new clients out of the backlog. Those in it can still be accepted.
    ///
    /// # Errors
    /// The system's. The drain then continues without a fence, and a client that connects in its
    /// last moments may be reset.
    fn fence(&self, _socket: &Socket) -> io::Result<()> {
        Ok(())
    }

    /// Whether the server must bind another socket at the same address, because clients cannot find
    /// this one any more. Called on the loop's thread every second while it serves, and only for
    /// the path of a Unix socket that the server has bound. Must not block. False unless
    /// overridden.
    fn is_lost(&self, _socket: &Socket) -> bool {
        false
    }

    /// Whether a client can send requests in another's name, so that requests that are the server's
    /// [own](Self::is_own), or come from port 0, are refused. True for datagrams, unless
    /// overridden.
    fn is_spoofable(&self, socket: &Socket) -> bool {
        socket.kind().is_ok_and(SocketKind::is_connectionless)
    }

    /// Whether the server itself has sent this request, so that an answer would be the next one: to
    /// be refused. Called on the loop's thread, once per request, if the transport is spoofable.
    ///
    /// The default compares the addresses. If the server is bound to every address of the machine,
    /// it compares clients with the loopback addresses only, because it does not know the others.
    /// [`Udp`] knows where a datagram has arrived.
    fn is_own(&self, _request: &Self::Request, client: &Address, server: &Address) -> bool {
        is_at_address_of(client, server)
    }

    /// Removes what `server_bind` has made elsewhere, such as a socket's file: after the last
    /// request was accepted, or after `server_bind` has failed, and before the socket closes.
    ///
    /// Python: `BaseServer.server_close`
    fn server_close(&self, _socket: &Socket) {}
}

/// A new socket at this address.
pub(crate) fn bound(transport: &impl Transport, address: &Address) -> io::Result<Socket> {
    let socket = transport.socket(address)?;
    // A hook may have failed after the file was made.
    transport.server_bind(&socket, address).inspect_err(|_| transport.server_close(&socket))?;
    Ok(socket)
}

/// Whether the first bytes of a connection are for this transport, and not for hooks around it: the
/// header of a proxy, or a handshake.
#[cfg(any(feature = "proxy", feature = "tls"))]
pub(crate) fn reads_first(transport: &impl Transport) -> bool {
    matches!(transport.speaks_first(), Speaker::Client(_))
        && (transport.learns_client() || !transport.speaks_before_prepare())
}

/// Whether a client's address is the server's, as far as the two of them show.
fn is_at_address_of(client: &Address, server: &Address) -> bool {
    match (client, server) {
        (Address::Unnamed, _) => false,
        (Address::Inet(client), Address::Inet(server)) => {
            // Most clients have another port.
            client.port() == server.port() && {
                let (client, server) = (client.ip().to_canonical(), server.ip().to_canonical());
                client == server || server.is_unspecified() && client.is_loopback()
            }
        }
        _ => client == server,
    }
}

/// The error for an address or a socket of another kind.
fn unexpected(expected: &str, got: impl fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("expected {expected}, got {got}"))
}

/// The error for a socket to which no client can send.
fn unbound(socket: &Socket) -> io::Error {
    unexpected("a socket that is bound", format_args!("{socket:?}, which is not"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::ToAddress;

    fn same(client: &str, server: &str) -> bool {
        is_at_address_of(&client.to_address().unwrap(), &server.to_address().unwrap())
    }

    #[test]
    fn addresses_of_the_server() {
        assert!(same("10.0.0.1:99", "10.0.0.1:99"));
        assert!(same("[::ffff:10.0.0.1]:99", "10.0.0.1:99"));
        assert!(same("127.0.0.1:99", "0.0.0.0:99"));
        assert!(same("[::1]:99", "[::]:99"));
        assert!(same("[::ffff:127.0.0.1]:99", "[::]:99"));
        assert!(same("/run/own", "/run/own"));
        assert!(same("@own", "@own"));
    }

    #[test]
    fn addresses_of_clients() {
        assert!(!same("10.0.0.1:98", "10.0.0.1:99"));
        assert!(!same("10.0.0.2:99", "10.0.0.1:99"));
        // Another machine, with a server like this one.
        assert!(!same("192.0.2.1:99", "0.0.0.0:99"));
        assert!(!same("[2001:db8::1]:99", "[::]:99"));
        assert!(!same("/run/other", "/run/own"));
        assert!(!is_at_address_of(&Address::Unnamed, &Address::Unnamed));
    }
}
