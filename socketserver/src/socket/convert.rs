//! Sockets from descriptors and from the standard library's sockets, and their descriptors.

use std::io;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};

use super::descriptor::Descriptor;
use super::handle::Socket;
use crate::wait::{Awaited, Selectable};

/// For system calls that have no method here. `SO_RCVTIMEO`, `SO_SNDTIMEO` and `O_NONBLOCK` have no
/// effect if they are set through the descriptor. Call [`settimeout`](Socket::settimeout), or set
/// [`SendTimeout`](crate::SocketOption::SendTimeout) for one direction. A timeout of zero makes the
/// socket non-blocking.
impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.descriptor.fd.as_fd()
    }
}

impl AsRawFd for Socket {
    fn as_raw_fd(&self) -> RawFd {
        self.0.descriptor.fd.as_raw_fd()
    }
}

impl Selectable for Socket {
    fn awaited(&self) -> io::Result<Option<Awaited<'_>>> {
        Ok(Some(self.0.descriptor.open()?.awaited()))
    }

    fn has_pending(&self) -> bool {
        self.layer_has_pending()
    }
}

/// Any socket of the system, whatever its family and kind.
///
/// Python: `socket.socket(fileno=fd)`
impl From<OwnedFd> for Socket {
    fn from(fd: OwnedFd) -> Self {
        Descriptor::new(fd).into()
    }
}

macro_rules! from_std {
    ($($kind:ty),*) => {$(
        impl From<$kind> for Socket {
            fn from(socket: $kind) -> Self {
                OwnedFd::from(socket).into()
            }
        }
    )*};
}
from_std!(TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream);
