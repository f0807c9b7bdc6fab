//! Connecting, and sockets that are made connected.

use std::io;
use std::time::Duration;

use rustix::io::Errno;
use socket2::SockAddr;

use super::descriptor::Descriptor;
use super::handle::Socket;
use super::kind::{SocketKind, domain_and_type};
use crate::address::Address;
use crate::address::AddressFamily;
use crate::address::ToAddress;
use crate::address::about_address;
use crate::green;
use crate::wait::{self, Interest, Patience};

impl Socket {
    /// Connects a stream to its peer. From then on a datagram socket sends to this address, and
    /// receives only from it.
    ///
    /// The socket's timeout covers the look-up of a host's name and the connection together.
    ///
    /// # Errors
    /// `ConnectionRefused` when there is no listener, `InvalidInput` for the empty host, which is
    /// no peer's, `TimedOut`, and the system's. The error names the address; the system's error,
    /// with its number, is its `source`.
    ///
    /// Python: `socket.connect`, whose timeout does not cover the look-up
    pub fn connect(&self, address: impl ToAddress) -> io::Result<()> {
        let descriptor = self.0.descriptor.open()?;
        let (timeout, patience) =
            (descriptor.timeout(Interest::Write), descriptor.patience(Interest::Write));
        self.connect_within(&address.to_peer(timeout)?, patience)
    }

    pub(crate) fn connect_within(&self, address: &Address, patience: Patience) -> io::Result<()> {
        let descriptor = self.0.descriptor.open()?;
        wait::consume_budget(green::may_park(), patience);
        let result = address.to_sock_addr().and_then(|to| match address.family() {
            AddressFamily::Unix => connect_unix(descriptor, &to, patience),
            _ => connect(descriptor, &to, patience),
        });
        result.map_err(about_address("cannot connect to", address))
    }
}

/// Begins to connect, and waits until the connection is there or has failed.
fn connect(descriptor: &Descriptor, to: &SockAddr, patience: Patience) -> io::Result<()> {
    let socket = descriptor.socket();
    socket.set_nonblocking(true)?;
    let result = match socket.connect(to) {
        Err(error) if is_in_progress(&error) => {
            let connected = wait::until_polled(descriptor.awaited(), Interest::Write, patience)
                .and_then(|()| conclude(descriptor, to));
            descriptor.unless_aborted(connected)
        }
        result => result,
    };
    socket.set_nonblocking(false)?;
    result
}

fn is_in_progress(error: &io::Error) -> bool {
    let errno = error.raw_os_error().map(Errno::from_raw_os_error);
    matches!(errno, Some(Errno::INPROGRESS | Errno::ALREADY | Errno::INTR))
}

/// Takes the result of an attempt that has ended. For a socket of the internet a second call does
/// so. Until then the attempt goes on for the system, so the next `connect` would return its end.
fn conclude(descriptor: &Descriptor, to: &SockAddr) -> io::Result<()> {
    if !(to.is_ipv4() || to.is_ipv6()) {
        return descriptor.socket().take_error()?.map_or(Ok(()), Err);
    }
    // A socket that was closed meanwhile must not begin anew.
    match descriptor.open()?.socket().connect(to) {
        Err(error) if is_in_progress(&error) => {
            let _ = rustix::net::connect_unspec(&descriptor.fd);
            Err(io::ErrorKind::ConnectionAborted.into())
        }
        result => result,
    }
}

/// Connects to a Unix socket, whose backlog may be full. There is no event for room in it: only the
/// call itself waits, as long as the send timeout allows. A call that must not block is repeated.
fn connect_unix(descriptor: &Descriptor, to: &SockAddr, patience: Patience) -> io::Result<()> {
    const PAUSE: Duration = Duration::from_millis(1);
    let socket = descriptor.socket();
    // In a request it must not block, because an abort could not end the call.
    let blocks = green::may_park().is_none()
        && patience != Patience::Nonblocking
        && green::enclosing_request().is_none();
    loop {
        descriptor.open()?;
        if !blocks {
            socket.set_nonblocking(true)?;
        }
        let result = socket.connect(to);
        if !blocks {
            socket.set_nonblocking(false)?;
        }
        match result {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => match patience {
                Patience::Nonblocking => return Err(error),
                Patience::Until(_) if blocks => return Err(wait::timed_out()),
                _ => {
                    green::sleep(PAUSE);
                    if patience.is_over() {
                        return Err(wait::timed_out());
                    }
                }
            },
            result => return result,
        }
    }
}

/// Two Unix sockets that are connected to each other.
///
/// # Errors
/// The system's: no descriptors left.
///
/// Python: `socket.socketpair(type=kind)`
pub fn socketpair(kind: SocketKind) -> io::Result<(Socket, Socket)> {
    let (domain, r#type) = domain_and_type(AddressFamily::Unix, kind);
    let (one, other) = socket2::Socket::pair(domain, r#type, None)?;
    Ok((Socket::in_request(Descriptor::new(one)), Socket::in_request(Descriptor::new(other))))
}
