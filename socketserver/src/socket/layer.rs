//! A protocol under a socket, such as TLS, and the wire below it.

use std::any::Any;
use std::fmt;
use std::io;
use std::os::fd::OwnedFd;

use rustix::buffer::spare_capacity;
use rustix::net::RecvFlags;

use super::descriptor::{Descriptor, receive_flags, send_flags};
#[cfg(feature = "http")]
use super::pace::Pace;
use crate::wait::{Interest, Part, Patience};
#[cfg(feature = "tls")]
use crate::wait::{Turn, Turns};

/// A protocol between the handler's bytes and the wire's, such as TLS. Once it is set, every
/// handle, `rfile` and `wfile` of the socket speaks through it.
///
/// A layer must not hold its locks while it reads or writes the wire, because another
/// thread may be waiting in the other direction. At a deadline the wire is shut down, and its
/// `recv` returns the end of the stream.
///
/// Python: what `ssl.SSLSocket` does for a socket
pub trait Layer: Any + Send + Sync {
    /// Fills `buffer` with the peer's next bytes and returns how many; 0 at the end of its stream.
    ///
    /// # Errors
    /// The wire's, and `InvalidData` for input that is not of this protocol.
    fn recv(&self, wire: &Wire<'_>, buffer: &mut [u8]) -> io::Result<usize>;

    /// Sends some of `data`, at least one byte of it, and returns how many bytes.
    ///
    /// # Errors
    /// The wire's.
    fn send(&self, wire: &Wire<'_>, data: &[u8]) -> io::Result<usize>;

    /// Whether it holds bytes of its peer that `recv` would return without the wire:
    /// [`select`](crate::select()) and [`next_request`](crate::ServerRef::next_request) then do not
    /// wait.
    ///
    /// Python: `SSLSocket.pending`, which `select.select` does not ask
    fn pending(&self) -> bool {
        false
    }

    /// Tells the peer that no more will come. Called once, before the wire's own end.
    ///
    /// # Errors
    /// The wire's. They are ignored, as nothing can be done about them.
    fn end(&self, wire: &Wire<'_>) -> io::Result<()>;
}

/// Sends through a layer. One that sends nothing would keep its caller in a loop for ever.
pub(super) fn send_through(layer: &dyn Layer, wire: &Wire<'_>, data: &[u8]) -> io::Result<usize> {
    match layer.send(wire, data)? {
        0 if !data.is_empty() => Err(io::ErrorKind::WriteZero.into()),
        sent => Ok(sent),
    }
}

/// The socket below a [`Layer`]: its bytes, and the time that the operation above still has.
pub struct Wire<'a> {
    descriptor: &'a Descriptor,
    patience: Patience,
    part: Part,
    /// What the patience of each part follows from.
    #[cfg(feature = "http")]
    pace: Option<&'a Pace>,
}

impl<'a> Wire<'a> {
    /// A wire for one operation, which begins now.
    #[inline]
    pub(super) fn new(descriptor: &'a Descriptor, patience: Patience) -> Self {
        Wire {
            descriptor,
            patience,
            part: Part::First,
            #[cfg(feature = "http")]
            pace: None,
        }
    }

    /// The same wire, on which the time of each part depends on those before it.
    #[cfg(feature = "http")]
    pub(super) fn at(self, pace: &'a Pace) -> Self {
        Wire { pace: Some(pace), ..self }
    }

    /// The same wire for operations that are made of several calls and share its time.
    #[inline]
    pub(super) fn in_parts(self) -> Self {
        Wire { part: Part::Later, ..self }
    }

    /// Receives the bytes that are there, waiting for the first of them as long as the socket's
    /// timeout allows. Returns how many; 0 at the end of the stream.
    ///
    /// # Errors
    /// `TimedOut`, and the system's.
    #[inline]
    pub fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = buffer.len();
        self.recv_with(room, |fd, flags| {
            rustix::net::recv(fd, &mut *buffer, flags).map(|(received, _)| received)
        })
    }

    /// The same into a new vector of at most `room` bytes.
    #[inline]
    pub(super) fn recv_new(&self, room: usize) -> io::Result<Vec<u8>> {
        let mut data = Vec::with_capacity(room);
        self.recv_with(room, |fd, flags| {
            data.clear();
            rustix::net::recv(fd, spare_capacity(&mut data), flags).map(|_| data.len())
        })?;
        Ok(data)
    }

    /// The same with memory only while bytes come: a green thread that waits here holds none.
    #[cfg(feature = "tls")]
    pub(crate) fn recv_chunk(&self, room: usize) -> io::Result<Vec<u8>> {
        let mut chunk = Vec::new();
        self.recv_with(room, |fd, flags| {
            let mut data = Vec::with_capacity(room);
            rustix::net::recv(fd, spare_capacity(&mut data), flags)?;
            chunk = data;
            Ok(chunk.len())
        })?;
        Ok(chunk)
    }

    /// The same wire for operations that do not wait.
    #[cfg(feature = "tls")]
    pub(crate) fn without_waiting(&self) -> Self {
        Wire::new(self.descriptor, Patience::Nonblocking).in_parts()
    }

    /// Takes a turn of the layer's own, in the time of this operation.
    ///
    /// # Errors
    /// `TimedOut`, `WouldBlock`, `ConnectionAborted`.
    #[cfg(feature = "tls")]
    #[inline]
    pub(crate) fn take_turn<'t>(&self, turns: &'t Turns) -> io::Result<Turn<'t>> {
        self.descriptor.take_turn_of(turns, self.patience)
    }

    #[inline]
    fn recv_with(
        &self,
        room: usize,
        recv: impl FnMut(&OwnedFd, RecvFlags) -> rustix::io::Result<usize>,
    ) -> io::Result<usize> {
        #[cfg(feature = "http")]
        if let Some(pace) = self.pace {
            let part = Wire { patience: pace.patience()?, pace: None, ..*self };
            return part.recv_part(room, recv).inspect(|received| pace.pass(*received));
        }
        self.recv_part(room, recv)
    }

    #[inline]
    fn recv_part(
        &self,
        room: usize,
        mut recv: impl FnMut(&OwnedFd, RecvFlags) -> rustix::io::Result<usize>,
    ) -> io::Result<usize> {
        let received = self.until_ready(Interest::Read, |may_block| {
            recv(&self.descriptor.fd, receive_flags(may_block))
        })?;
        self.descriptor.note_received(received, room);
        if received == 0 {
            self.descriptor.check_empty()?;
        }
        Ok(received)
    }

    /// Sends some of `data` and returns how many bytes.
    ///
    /// # Errors
    /// `TimedOut`, and the system's.
    #[inline]
    pub fn send(&self, data: &[u8]) -> io::Result<usize> {
        #[cfg(feature = "http")]
        if let Some(pace) = self.pace {
            let part = Wire { patience: pace.patience()?, pace: None, ..*self };
            return part.send(data).inspect(|sent| pace.pass(*sent));
        }
        self.until_ready(Interest::Write, |may_block| {
            rustix::net::send(&self.descriptor.fd, data, send_flags(may_block))
        })
    }

    /// Sends all of `data`. The timeout covers the whole.
    ///
    /// # Errors
    /// `TimedOut`, and the system's. How much was sent is then unknown.
    #[inline]
    pub fn sendall(&self, data: &[u8]) -> io::Result<()> {
        let mut left = data;
        let mut part = self.part;
        while !left.is_empty() {
            let sent = Wire { part, ..*self }.send(left)?;
            left = &left[sent..];
            part = Part::Later;
        }
        Ok(())
    }

    #[inline]
    fn until_ready<T>(
        &self,
        interest: Interest,
        operation: impl FnMut(bool) -> rustix::io::Result<T>,
    ) -> io::Result<T> {
        let time = (self.patience, self.part);
        self.descriptor.until_ready_within(time, interest, operation)
    }
}

impl fmt::Debug for Wire<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").field("fileno", &self.descriptor.fileno()).finish()
    }
}
