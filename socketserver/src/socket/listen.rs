//! Listeners: binding, listening and accepting.

use std::io;

use rustix::io::Errno;

use super::descriptor::{Descriptor, errno};
use super::handle::Socket;
use crate::address::Address;
use crate::address::ToAddress;
use crate::address::{about, about_address};
use crate::wait::Interest;

impl Socket {
    /// Binds the socket to an address of this machine.
    ///
    /// # Errors
    /// `AddrInUse`, `PermissionDenied` for low ports, and the system's. The error names the
    /// address; the system's error, with its number, is its `source`.
    ///
    /// Python: `socket.bind`
    pub fn bind(&self, address: impl ToAddress) -> io::Result<()> {
        let (socket, address) = (self.raw_open()?, address.to_address()?);
        let bound = address.to_sock_addr().and_then(|to| socket.bind(&to));
        bound.map_err(about_address("cannot bind", &address))
    }

    /// Starts to listen for connections. `backlog` bounds the connections that have not been
    /// accepted yet, not the clients that are served. The system lowers it to its own maximum.
    ///
    /// # Errors
    /// The system's.
    ///
    /// Python: `socket.listen`
    pub fn listen(&self, backlog: u32) -> io::Result<()> {
        let backlog = i32::try_from(backlog).unwrap_or(i32::MAX);
        let listening = self.raw_open()?.listen(backlog);
        listening.and_then(|()| self.start_listening()).map_err(|error| match self.getsockname() {
            Ok(own) => about(format_args!("cannot listen on {own}"))(error),
            Err(_) => error,
        })
    }

    /// Makes a socket that listens already ready for `accept`.
    pub(crate) fn start_listening(&self) -> io::Result<()> {
        self.0.descriptor.open()?.start_listening()
    }

    /// Whether this process has made the socket a listener, or taken it over as one.
    pub(crate) fn is_listening(&self) -> bool {
        self.0.descriptor.is_listening()
    }

    /// Accepts the next connection of the backlog, waiting for one as long as the timeout allows.
    /// Returns the connection and its client's address.
    ///
    /// # Errors
    /// `TimedOut`, and the system's.
    ///
    /// Python: `socket.accept`
    pub fn accept(&self) -> io::Result<(Socket, Address)> {
        let listener = self.0.descriptor.open()?;
        if !listener.is_listening() {
            // Another owner of the descriptor has called `listen`, or it is none.
            if !listener.socket().is_listener()? {
                return Err(Errno::INVAL.into());
            }
            listener.start_listening()?;
        }
        let accepted = listener.until_ready(Interest::Read, |_| {
            listener.socket().accept().map_err(|error| errno(&error))
        })?;
        let (connection, address) = listener.connection(accepted);
        Ok((Socket::in_request(connection), address))
    }

    /// Takes the next connection from the backlog, if there is one.
    ///
    /// # Errors
    /// `WouldBlock` if there is none; the system's.
    pub(crate) fn try_accept(&self) -> io::Result<(Socket, Address)> {
        let listener = self.0.descriptor.open()?;
        let accepted = listener.socket().accept()?;
        let (connection, address) = listener.connection(accepted);
        Ok((connection.into(), address))
    }
}

impl Descriptor {
    fn connection(
        &self,
        (socket, address): (socket2::Socket, socket2::SockAddr),
    ) -> (Descriptor, Address) {
        (self.accepted(socket), address.into())
    }
}
