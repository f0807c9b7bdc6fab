//! Kinds of sockets.

use socket2::{Domain, Type};

use crate::address::AddressFamily;

/// How a socket carries data: as a stream, or as messages.
///
/// Python: `socket.SocketKind`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SocketKind {
    /// A stream of bytes without boundaries, reliable and in order. Python: `SOCK_STREAM`
    Stream,
    /// Messages with boundaries. An empty message is one, too. Python: `SOCK_DGRAM`
    Datagram,
    /// A kind without a name here, by the system's number: 5 is `SOCK_SEQPACKET` on Linux, messages
    /// over a connection. [`From<i32>`] finds the right variant for any number. Python: the other
    /// `SOCK_…`
    Other(i32),
}

impl SocketKind {
    /// Whether messages arrive without a connection. No handshake has then shown that the sender
    /// is at the address that a message came from.
    pub fn is_connectionless(self) -> bool {
        let kind = i32::from(self);
        [libc::SOCK_DGRAM, libc::SOCK_RAW, libc::SOCK_RDM].contains(&kind)
    }
}

/// From the system's number.
impl From<i32> for SocketKind {
    fn from(number: i32) -> Self {
        match number {
            libc::SOCK_STREAM => SocketKind::Stream,
            libc::SOCK_DGRAM => SocketKind::Datagram,
            other => SocketKind::Other(other),
        }
    }
}

/// The system's number.
impl From<SocketKind> for i32 {
    fn from(kind: SocketKind) -> Self {
        match kind {
            SocketKind::Stream => libc::SOCK_STREAM,
            SocketKind::Datagram => libc::SOCK_DGRAM,
            SocketKind::Other(number) => number,
        }
    }
}

/// For making a socket.
pub(super) fn domain_and_type(family: AddressFamily, kind: SocketKind) -> (Domain, Type) {
    (i32::from(family).into(), i32::from(kind).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_variants_and_numbers_again() {
        for number in 0..50 {
            assert_eq!(i32::from(SocketKind::from(number)), number);
        }
        assert_eq!(SocketKind::from(libc::SOCK_DGRAM), SocketKind::Datagram);
    }

    #[test]
    fn datagrams_alone_are_connectionless() {
        assert!(SocketKind::Datagram.is_connectionless());
        assert!(SocketKind::Other(libc::SOCK_RAW).is_connectionless());
        assert!(!SocketKind::Stream.is_connectionless());
        assert!(!SocketKind::Other(libc::SOCK_SEQPACKET).is_connectionless());
    }
}
