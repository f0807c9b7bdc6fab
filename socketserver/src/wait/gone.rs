//! Peers that have gone without an end of their stream, since a datagram socket has none.

use std::error::Error;
use std::fmt;
use std::io;

use rustix::io::Errno;

/// What is inside the error of a connected datagram socket whose peer has gone, beside the system's
/// number.
#[derive(Debug)]
pub(crate) struct PeerGone;

impl fmt::Display for PeerGone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&io::Error::from(Errno::CONNREFUSED), f)
    }
}

impl Error for PeerGone {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&Errno::CONNREFUSED)
    }
}

/// The error of an operation. Connecting is none: from any other call, a refusal says that the peer
/// of a datagram socket has gone.
#[cold]
pub(super) fn failed(error: Errno) -> io::Error {
    match error {
        Errno::CONNREFUSED => io::Error::new(io::ErrorKind::ConnectionRefused, PeerGone),
        error => error.into(),
    }
}

/// The error of a datagram to an address, where perhaps no peer has ever been.
#[cold]
pub(crate) fn without_peer(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Errno::CONNREFUSED.into(),
        _ => error,
    }
}
