//! Families of addresses, and kinds of sockets.

use socket2::{Domain, Type};

/// The family of a socket's addresses.
///
/// Python: `socket.AddressFamily`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AddressFamily {
    /// IPv4. Python: `AF_INET`
    Inet,
    /// IPv6. Python: `AF_INET6`
    Inet6,
    /// Unix sockets. Python: `AF_UNIX`
    Unix,
}

/// A stream or datagrams.
///
/// Python: `socket.SocketKind`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SocketKind {
    /// A stream of bytes without boundaries, reliable and in order. Python: `SOCK_STREAM`
    Stream,
    /// Messages with boundaries, each by itself. An empty message is one, too. Python:
    /// `SOCK_DGRAM`
    Datagram,
}

impl From<AddressFamily> for Domain {
    fn from(family: AddressFamily) -> Self {
        match family {
            AddressFamily::Inet => Domain::IPV4,
            AddressFamily::Inet6 => Domain::IPV6,
            AddressFamily::Unix => Domain::UNIX,
        }
    }
}

impl From<SocketKind> for Type {
    fn from(kind: SocketKind) -> Self {
        match kind {
            SocketKind::Stream => Type::STREAM,
            SocketKind::Datagram => Type::DGRAM,
        }
    }
}
