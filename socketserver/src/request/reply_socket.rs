//! The server's socket in the hands of a datagram handler.

use std::fmt;
use std::io;
use std::os::fd::RawFd;
use std::time::Duration;

use crate::address::{Address, AddressFamily, ToAddress};
use crate::control::Arrival;
use crate::socket::{OptionValue, Socket, SocketKind, SocketOption};

/// The socket of a datagram server, as its handlers hold it: for answers, and for nothing else.
///
/// All clients are served through this one socket. So one handler must not be able to end the
/// server, make it deaf, or receive datagrams for other handlers. Therefore this socket has no
/// `close`, `connect`, `shutdown`, `detach`, `recv` or `settimeout`, and does not lend its
/// descriptor. A handler that needs these makes a separate [`Socket`].
///
/// A clone is another handle of the same socket, and may be kept for later answers, as long as the
/// server lives. After its end they fail with `ConnectionAborted`, and the port is free.
///
/// Python: the second part of `self.request` of a datagram server, and `self.socket`
#[derive(Clone)]
pub struct ReplySocket {
    socket: Socket,
    client: Option<Address>,
    arrival: Option<Arrival>,
}

impl ReplySocket {
    pub(crate) fn new(socket: Socket, client: Option<Address>, arrival: Option<Arrival>) -> Self {
        ReplySocket { socket, client, arrival }
    }

    pub(super) fn set_client(&mut self, client: Address) {
        self.client = Some(client);
    }

    pub(super) fn arrival(&self) -> Option<&Arrival> {
        self.arrival.as_ref()
    }

    /// Sends `data` as one datagram to `address`, and returns how many bytes. What goes to the host
    /// of the client leaves from the address that the client has asked.
    ///
    /// # Errors
    /// `TimedOut` when there is no room within `send_timeout`; `ConnectionReset` when a client on a
    /// Unix socket has gone; "message too long" for more than one datagram holds;
    /// `AddrNotAvailable` for [`Address::Unnamed`]; the system's.
    ///
    /// Python: `socket.sendto`
    pub fn sendto(&self, data: &[u8], address: impl ToAddress) -> io::Result<usize> {
        self.send(data, address.to_peer(self.socket.gettimeout())?)
    }

    pub(super) fn reply(&self, data: &[u8]) -> io::Result<()> {
        let client = self.client.clone().ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::AddrNotAvailable,
                "expected a datagram with the address of its client, got one without",
            )
        })?;
        self.send(data, client).map(drop)
    }

    fn send(&self, data: &[u8], to: Address) -> io::Result<usize> {
        match &to {
            Address::Inet(address) => {
                let arrival = self.arrival.as_ref().filter(|_| self.is_client(&to));
                self.socket.sendto_from(data, *address, arrival)
            }
            _ => {
                let is_client = self.client.as_ref() == Some(&to);
                let sent = self.socket.sendto(data, to);
                sent.map_err(|error| if is_client { as_disconnect(error) } else { error })
            }
        }
    }

    /// Whether this is an address of the client's host, whatever the port.
    fn is_client(&self, address: &Address) -> bool {
        let client = self.client.as_ref();
        client.is_some_and(|client| client.ip() == address.ip())
    }

    pub(super) fn local_address(&self) -> io::Result<Address> {
        let own = self.socket.getsockname()?;
        Ok(match (&self.arrival, own.port()) {
            (Some(arrival), Some(port)) => arrival.destination(port),
            _ => own,
        })
    }

    /// The address that the server is bound to. The one that the client has asked is
    /// [`Datagram::local_address`](crate::Datagram::local_address).
    ///
    /// # Errors
    /// The system's.
    ///
    /// Python: `socket.getsockname`
    pub fn getsockname(&self) -> io::Result<Address> {
        self.socket.getsockname()
    }

    /// How long [`sendto`](Self::sendto) may take: the server's `send_timeout`.
    ///
    /// Python: `socket.gettimeout`
    pub fn gettimeout(&self) -> Option<Duration> {
        self.socket.gettimeout()
    }

    /// The value of an option, as [`Socket::getsockopt`] returns it.
    ///
    /// # Errors
    /// As [`Socket::getsockopt`].
    ///
    /// Python: `socket.getsockopt`
    pub fn getsockopt<V: OptionValue>(&self, option: fn(V) -> SocketOption) -> io::Result<V> {
        self.socket.getsockopt(option)
    }

    /// The family of the socket's addresses.
    ///
    /// # Errors
    /// The system's.
    ///
    /// Python: `socket.family`
    pub fn family(&self) -> io::Result<AddressFamily> {
        self.socket.family()
    }

    /// The kind of the socket.
    ///
    /// # Errors
    /// The system's.
    ///
    /// Python: `socket.type`
    pub fn kind(&self) -> io::Result<SocketKind> {
        self.socket.kind()
    }

    /// The number of the socket's descriptor, which says which server this is.
    ///
    /// Python: `socket.fileno`
    pub fn fileno(&self) -> RawFd {
        self.socket.fileno()
    }
}

/// The error of a send to a client on this machine. A client that has closed its socket, or removed
/// its file, has disconnected.
fn as_disconnect(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => {
            io::Error::new(io::ErrorKind::ConnectionReset, error)
        }
        _ => error,
    }
}

impl fmt::Debug for ReplySocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("ReplySocket");
        debug.field("fd", &self.fileno());
        if let Ok(address) = self.local_address() {
            debug.field("laddr", &format_args!("{address}"));
        }
        if let Some(client) = &self.client {
            debug.field("client", &format_args!("{client}"));
        }
        debug.finish()
    }
}
