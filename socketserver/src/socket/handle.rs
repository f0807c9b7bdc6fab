//! The handle of a socket: how one is made, named, shared, shut down and given away.

use std::fmt;
use std::io;
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use rustix::io::Errno;
use socket2::SockRef;

use super::descriptor::Descriptor;
use super::kind::{SocketKind, domain_and_type};
use super::layer::{Layer, Wire};
use crate::aborts::Abortable;
use crate::address::Address;
use crate::address::AddressFamily;
use crate::green;
use crate::wait::{self, Awaited, Interest, Patience};

/// A socket with Python's method names and one timeout for every operation. A clone is another
/// handle of the same socket.
///
/// The descriptor closes with the last handle. Sending to a closed connection is an error, never a
/// signal.
///
/// Python: `socket.socket`
#[derive(Clone)]
pub struct Socket(pub(super) Arc<Shared>);

/// What all handles of a socket share.
///
/// It is no larger than a cache line, because of many thousands of sockets few are cached when
/// their turn comes. It need not begin with one: an allocator takes several times as long for a
/// place that does, and exchanges on 10,000 connections take no less.
pub(super) struct Shared {
    /// What few sockets have.
    pub(super) extras: OnceLock<Box<Extras>>,
    /// Bytes that an `rfile` holds and that have not been read yet.
    pub(super) unread: AtomicUsize,
    pub(super) descriptor: Descriptor,
}

#[derive(Default)]
pub(super) struct Extras {
    pub(super) layer: OnceLock<Box<dyn Layer>>,
    /// What its transport has learnt about the connection.
    #[cfg(feature = "proxy")]
    pub(super) learnt: OnceLock<Box<dyn std::any::Any + Send + Sync>>,
}

impl Socket {
    /// A new socket that is neither bound nor connected.
    ///
    /// # Errors
    /// The system's: no descriptors left, or a family or kind that it does not have.
    ///
    /// Python: `socket.socket(family, type)`
    pub fn new(family: AddressFamily, kind: SocketKind) -> io::Result<Self> {
        let (domain, r#type) = domain_and_type(family, kind);
        let socket = socket2::Socket::new(domain, r#type, None)?;
        Ok(Socket::in_request(Descriptor::new(socket)))
    }

    /// A socket that was made just now. If a handler has made it, it belongs to its request: an
    /// abort of that ends the waits for it. (A descriptor from elsewhere may have other owners.)
    pub(super) fn in_request(descriptor: Descriptor) -> Self {
        let socket = Socket::from(descriptor);
        if let Some(request) = green::enclosing_request() {
            request.aborts().add(socket.abortable());
        }
        socket
    }

    /// The shared part, unless `close` was called.
    #[inline]
    pub(super) fn open(&self) -> io::Result<&Shared> {
        self.0.descriptor.open()?;
        Ok(&self.0)
    }

    /// The descriptor of a socket that has no layer. Bytes that pass below a layer would reach a
    /// reader that does not expect them.
    pub(super) fn without_layer(&self) -> io::Result<&Descriptor> {
        let shared = self.open()?;
        if shared.layer().is_some() {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "not supported on a socket with a layer: \
                 only `recv`, `send` and what builds on them are",
            ));
        }
        Ok(&shared.descriptor)
    }

    /// How long an operation may take before it fails with `TimedOut`. `None` waits for ever. With
    /// zero an operation that is not ready fails at once, with `WouldBlock`. The timeout holds for
    /// all handles of the socket, and for a whole `sendall`.
    ///
    /// # Errors
    /// The system's.
    ///
    /// Python: `socket.settimeout`, in seconds
    pub fn settimeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.0.descriptor.open()?.set_timeout(timeout)
    }

    /// `true` is [`settimeout(None)`](Self::settimeout), `false` a timeout of zero.
    ///
    /// # Errors
    /// As [`settimeout`](Self::settimeout).
    ///
    /// Python: `socket.setblocking`
    pub fn setblocking(&self, blocking: bool) -> io::Result<()> {
        self.settimeout((!blocking).then_some(Duration::ZERO))
    }

    /// The timeout that [`settimeout`](Self::settimeout) has set; `None` at first. If
    /// [`SendTimeout`](crate::SocketOption::SendTimeout) has set another one for sending, this is
    /// the one for receiving.
    ///
    /// Python: `socket.gettimeout`
    pub fn gettimeout(&self) -> Option<Duration> {
        self.0.descriptor.timeout(Interest::Read)
    }

    /// Ends one direction of the connection, or both, for all handles. The peer receives all bytes
    /// that were sent, then the end of the stream.
    ///
    /// # Errors
    /// `NotConnected`, and the system's.
    ///
    /// Python: `socket.shutdown`
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        let shared = self.open()?;
        if how != Shutdown::Read {
            shared.end_layer(|| shared.descriptor.patience(Interest::Write));
        }
        shared.descriptor.socket().shutdown(how)
    }

    /// Ends this side of a stream. A layer may take at most `time` to say so.
    pub(crate) fn end_within(&self, time: Duration) -> io::Result<()> {
        let shared = self.open()?;
        shared.end_layer(|| Patience::from_timeout(Some(time)));
        shared.descriptor.socket().shutdown(Shutdown::Write)
    }

    /// Ends both directions of the connection. Every later call on any handle fails with "bad file
    /// descriptor". The descriptor itself closes with the last handle. Calls that wait return, except
    /// `accept`: other processes may have the listener too. Give it a timeout.
    ///
    /// Python: `socket.close`
    pub fn close(&self) {
        let descriptor = &self.0.descriptor;
        if descriptor.close() && !descriptor.is_listening() {
            // It fails on a socket that was never connected, which has nothing to end.
            let _ = descriptor.socket().shutdown(Shutdown::Both);
        }
    }

    /// Ends both directions below any layer, even on a closed handle. Waits on the socket end.
    pub(crate) fn abort(&self) {
        if !self.is_detached() {
            let _ = self.0.descriptor.socket().shutdown(Shutdown::Both);
        }
    }

    /// Hands the connection over. The result is a duplicate of the descriptor, blocking and without
    /// a timeout. All handles of the socket are closed, and the server leaves the connection alone
    /// from then on. A green thread that waits on another handle fails with "bad file descriptor".
    /// (An ordinary thread cannot be woken: it takes the next bytes from the new owner.)
    ///
    /// # Errors
    /// `Unsupported` with a [`Layer`], whose protocol a bare descriptor does not speak;
    /// `InvalidInput` if an `rfile` holds unread bytes, which would be lost: hand over from an
    /// unbuffered one; the system's.
    ///
    /// Python: `socket.detach`
    pub fn detach(&self) -> io::Result<OwnedFd> {
        let descriptor = self.without_layer()?;
        self.expect_nothing_unread("a connection that is handed over")?;
        // What may fail comes first, so that after an error the socket works as before.
        let fd = descriptor.fd.try_clone()?;
        descriptor.set_timeout(None)?;
        descriptor.socket().set_nonblocking(false)?;
        // An abort at the same time comes before this or after it.
        if !descriptor.close() {
            return Err(descriptor.open().err().unwrap_or(Errno::BADF.into()));
        }
        descriptor.detached.store(true, Relaxed);
        descriptor.source.release(descriptor.fd.as_fd());
        Ok(fd)
    }

    /// An `rfile` holds this many more bytes that have not been read.
    pub(crate) fn add_unread(&self, bytes: usize) {
        self.0.unread.fetch_add(bytes, Relaxed);
    }

    /// This many of them were read.
    pub(crate) fn take_unread(&self, bytes: usize) {
        self.0.unread.fetch_sub(bytes, Relaxed);
    }

    pub(crate) fn expect_nothing_unread(&self, of: &str) -> io::Result<()> {
        match self.0.unread.load(Relaxed) {
            0 => Ok(()),
            unread => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("expected no unread bytes of {of}, got {unread} in an rfile"),
            )),
        }
    }

    /// Whether `detach` has handed the connection over.
    pub(crate) fn is_detached(&self) -> bool {
        self.0.descriptor.detached.load(Relaxed)
    }

    /// Whether the connection is to be reset at its end.
    pub(crate) fn resets(&self) -> bool {
        self.0.descriptor.resets.load(Relaxed)
    }

    /// The descriptor's number; -1 once closed.
    ///
    /// Python: `socket.fileno`
    pub fn fileno(&self) -> RawFd {
        self.0.descriptor.fileno()
    }

    /// The address of this end.
    ///
    /// # Errors
    /// The system's.
    ///
    /// Python: `socket.getsockname`
    pub fn getsockname(&self) -> io::Result<Address> {
        Ok(self.raw_open()?.local_addr()?.into())
    }

    /// The peer's address.
    ///
    /// # Errors
    /// `NotConnected`.
    ///
    /// Python: `socket.getpeername`
    pub fn getpeername(&self) -> io::Result<Address> {
        Ok(self.raw_open()?.peer_addr()?.into())
    }

    /// The family of the socket's addresses.
    ///
    /// # Errors
    /// The system's.
    ///
    /// Python: `socket.family`
    pub fn family(&self) -> io::Result<AddressFamily> {
        Ok(i32::from(self.raw_open()?.local_addr()?.domain()).into())
    }

    /// Stream, datagram, or another kind.
    ///
    /// # Errors
    /// The system's.
    ///
    /// Python: `socket.type`
    pub fn kind(&self) -> io::Result<SocketKind> {
        Ok(i32::from(self.raw_open()?.r#type()?).into())
    }

    /// The patience of a read that may take `most` at the longest.
    pub(crate) fn patience_within(&self, most: Duration) -> Patience {
        let timeout = self.0.descriptor.timeout(Interest::Read);
        let timeout = timeout.unwrap_or(Duration::MAX).min(most);
        Patience::of_socket(Some(timeout))
    }

    /// Whether the peer's end of stream has been received.
    pub(crate) fn has_ended(&self) -> bool {
        self.0.descriptor.has_ended()
    }

    /// The descriptor, whose waits an abort or a drain ends.
    pub(crate) fn abortable(&self) -> Weak<dyn Abortable> {
        Arc::<Shared>::downgrade(&self.0)
    }

    /// The descriptor to wait for, even on a closed handle.
    pub(crate) fn awaited(&self) -> Awaited<'_> {
        self.0.descriptor.awaited()
    }

    /// Waits until there may be something to read, or the patience is over.
    pub(crate) fn wait_readable(&self, patience: Patience) -> io::Result<()> {
        wait::wait(self.0.descriptor.awaited(), Interest::Read, patience)
    }

    /// The system's socket, for calls that have no method here; even on a closed handle.
    pub(crate) fn raw(&self) -> SockRef<'_> {
        self.0.descriptor.socket()
    }

    /// The system's socket, unless `close` was called.
    pub(crate) fn raw_open(&self) -> io::Result<SockRef<'_>> {
        Ok(self.0.descriptor.open()?.socket())
    }
}

impl Shared {
    #[inline]
    pub(super) fn layer(&self) -> Option<&dyn Layer> {
        Some(&**self.extras.get()?.layer.get()?)
    }

    pub(super) fn extras(&self) -> &Extras {
        self.extras.get_or_init(Box::default)
    }

    /// The wire for one operation of this socket's layer.
    pub(super) fn wire_for_layer(&self, patience: Patience) -> Wire<'_> {
        Wire::new(&self.descriptor, patience).in_parts()
    }

    /// Lets the layer say that no more will come. If it fails, the wire ends nevertheless.
    fn end_layer(&self, patience: impl FnOnce() -> Patience) {
        if let Some(layer) = self.layer() {
            let _ = layer.end(&self.wire_for_layer(patience()));
        }
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Socket");
        debug.field("fd", &self.fileno());
        if let Ok(address) = self.getsockname() {
            debug.field("laddr", &format_args!("{address}"));
        }
        if let Ok(address) = self.getpeername() {
            debug.field("raddr", &format_args!("{address}"));
        }
        debug.finish()
    }
}

impl From<Descriptor> for Socket {
    fn from(descriptor: Descriptor) -> Self {
        Socket(Arc::new(Shared {
            extras: OnceLock::new(),
            unread: AtomicUsize::new(0),
            descriptor,
        }))
    }
}

impl Abortable for Shared {
    fn abort(&self) {
        self.descriptor.abort();
    }

    fn descriptor(&self) -> Option<RawFd> {
        Some(self.descriptor.fd.as_raw_fd())
    }
}

#[cfg(all(test, target_pointer_width = "64"))]
mod tests {
    use super::*;

    #[test]
    fn shared_part_fits_a_cache_line() {
        assert!(size_of::<Shared>() <= 64);
    }
}
