//! Python's socket object: [`Socket`], its [`Address`], and the files made from it.

mod address;
mod data;
mod file;
mod layer;
mod option;
pub(crate) mod wait;

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustix::io::Errno;
use socket2::SockRef;

pub use address::{Address, ToAddress, ToHost};
pub use file::{SocketReader, SocketWriter};
pub use layer::{Layer, Wire};
pub use option::{OptionValue, SocketOption};

use crate::green::Source;
use wait::{Interest, Patience};

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
    /// Messages with boundaries, each for itself; even an empty one is one. Python: `SOCK_DGRAM`
    Datagram,
}

impl From<SocketKind> for socket2::Type {
    fn from(kind: SocketKind) -> Self {
        match kind {
            SocketKind::Stream => socket2::Type::STREAM,
            SocketKind::Datagram => socket2::Type::DGRAM,
        }
    }
}

/// Who is at the other end of a Unix stream.
///
/// Python: `struct.unpack("3i", socket.getsockopt(SOL_SOCKET, SO_PEERCRED, 12))`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PeerCred {
    /// The process that connected.
    pub pid: i32,
    /// Its user.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
}

/// A socket, as handlers and clients use it: Python's names, one timeout for every operation, and
/// `Clone`, which is another name for the same socket.
///
/// The descriptor closes with the last handle. Sending to a closed connection is an error, never a
/// signal.
///
/// Python: `socket.socket`
#[derive(Clone)]
pub struct Socket(Arc<Inner>);

/// What all handles of a socket share. Of many thousands few are in a cache when their turn comes,
/// so it is one line of it; the count of the handles lies before that.
#[repr(align(64))]
struct Inner {
    /// In nanoseconds; `u64::MAX` is none. It stands here because `MSG_DONTWAIT` does not look at
    /// the socket's option.
    timeout: AtomicU64,
    /// `close` was called: every later call is refused, though the descriptor lives on with the
    /// other handles.
    closed: AtomicBool,
    /// `detach` was called: the conversation is somebody else's now.
    detached: AtomicBool,
    /// A listener keeps its timeout to itself, since the sockets it accepts would inherit the
    /// option.
    listening: AtomicBool,
    /// The end of the stream has been received.
    ended: AtomicBool,
    /// A read that has come back short has taken all there was; asked of the system once, where it
    /// is not known from the start.
    short_is_all: OnceLock<bool>,
    /// Bytes that a reader holds and nobody has read yet.
    unread: AtomicUsize,
    layer: OnceLock<Box<dyn Layer>>,
    /// Dropped before the descriptor that it stands for.
    source: Source,
    /// Blocking, but for listeners and while it connects: the mode belongs to the open file, which
    /// others may share.
    fd: OwnedFd,
}

impl Socket {
    /// A new socket that is not yet bound or connected.
    ///
    /// # Errors
    /// The system's: no descriptors left, or a family it does not have.
    ///
    /// Python: `socket.socket(family, type)`
    pub fn new(family: AddressFamily, kind: SocketKind) -> io::Result<Self> {
        let domain = match family {
            AddressFamily::Inet => socket2::Domain::IPV4,
            AddressFamily::Inet6 => socket2::Domain::IPV6,
            AddressFamily::Unix => socket2::Domain::UNIX,
        };
        let socket = socket2::Socket::new(domain, kind.into(), None)?;
        Ok(Self::from_fd(socket))
    }

    fn from_fd(fd: impl Into<OwnedFd>) -> Self {
        Socket(Arc::new(Inner {
            fd: fd.into(),
            timeout: AtomicU64::new(u64::MAX),
            closed: AtomicBool::new(false),
            detached: AtomicBool::new(false),
            listening: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            short_is_all: OnceLock::new(),
            unread: AtomicUsize::new(0),
            layer: OnceLock::new(),
            source: Source::default(),
        }))
    }

    /// A connection that a listener has accepted.
    fn accepted(fd: socket2::Socket, address: socket2::SockAddr) -> (Self, Address) {
        let (socket, address) = (Self::from_fd(fd), address.into());
        let tcp = matches!(address, Address::Inet(_));
        let _ = socket.0.short_is_all.set(tcp);
        (socket, address)
    }

    /// The shared part of a socket that has no layer: what passes under one would be seen by
    /// whom it is not for.
    fn without_layer(&self) -> io::Result<&Inner> {
        let inner = self.open()?;
        if inner.layer.get().is_some() {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "a socket under a layer only knows `recv`, `send` and what is made of them",
            ));
        }
        Ok(inner)
    }

    /// The shared part, unless `close` was called.
    fn open(&self) -> io::Result<&Inner> {
        if self.0.closed.load(Relaxed) {
            return Err(Errno::BADF.into());
        }
        Ok(&self.0)
    }

    /// Gives the socket an address of its own.
    ///
    /// # Errors
    /// `AddrInUse`, `PermissionDenied` for low ports, and the rest of the system's.
    ///
    /// Python: `socket.bind`
    pub fn bind(&self, address: impl ToAddress) -> io::Result<()> {
        self.open()?
            .socket()
            .bind(&address.to_address()?.to_sock_addr()?)
    }

    /// Starts to take connections. `backlog` bounds those that nobody has accepted yet, not the
    /// clients served; the system lowers it to its own maximum.
    ///
    /// # Errors
    /// The system's.
    ///
    /// Python: `socket.listen`
    pub fn listen(&self, backlog: u32) -> io::Result<()> {
        let inner = self.open()?;
        inner
            .socket()
            .listen(i32::try_from(backlog).unwrap_or(i32::MAX))?;
        inner.start_listening()
    }

    /// Makes a socket that listens already ready for `accept`.
    pub(crate) fn start_listening(&self) -> io::Result<()> {
        self.open()?.start_listening()
    }

    /// Takes the next connection, waiting for it as long as the timeout says.
    ///
    /// # Errors
    /// `TimedOut`, and the system's.
    ///
    /// Python: `socket.accept`
    pub fn accept(&self) -> io::Result<(Socket, Address)> {
        let inner = self.open()?;
        if !inner.listening.load(Relaxed) {
            // It began to listen elsewhere.
            inner.start_listening()?;
        }
        let accept = |_| inner.socket().accept().map_err(errno);
        let (fd, address) = inner.waiting(Interest::Read, inner.patience(), accept)?;
        Ok(Self::accepted(fd, address))
    }

    /// Takes a connection that already waits.
    ///
    /// # Errors
    /// `WouldBlock` when there is none, and the system's.
    pub(crate) fn accept_waiting(&self) -> io::Result<(Socket, Address)> {
        let (fd, address) = self.open()?.socket().accept()?;
        Ok(Self::accepted(fd, address))
    }

    /// Connects a stream, or fixes where datagrams go to and come from.
    ///
    /// # Errors
    /// `ConnectionRefused` when nobody listens there, `TimedOut`, and the rest of the system's.
    ///
    /// Python: `socket.connect`
    pub fn connect(&self, address: impl ToAddress) -> io::Result<()> {
        let address = address.to_address()?;
        let inner = self.open()?;
        inner.connect(&address)
    }

    /// How long an operation may take before it fails with `TimedOut`: for ever with `None`; not at
    /// all with zero, where what is not ready fails with `WouldBlock`. It holds for all handles of
    /// the socket, and for a whole `sendall`.
    ///
    /// # Errors
    /// The system's.
    ///
    /// Python: `socket.settimeout`, in seconds
    pub fn settimeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.open()?.set_timeout(timeout)
    }

    /// Whether operations wait: for ever, or not at all. Short for two values of
    /// [`settimeout`](Self::settimeout).
    ///
    /// # Errors
    /// As there.
    ///
    /// Python: `socket.setblocking`
    pub fn setblocking(&self, blocking: bool) -> io::Result<()> {
        self.settimeout((!blocking).then_some(Duration::ZERO))
    }

    /// What `settimeout` set.
    ///
    /// Python: `socket.gettimeout`
    pub fn gettimeout(&self) -> Option<Duration> {
        self.0.timeout()
    }

    /// Ends one direction of the conversation, or both, for all handles. The other side sees the
    /// end of the stream after what was sent.
    ///
    /// # Errors
    /// `NotConnected`, and the rest of the system's.
    ///
    /// Python: `socket.shutdown`
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        let inner = self.open()?;
        if how != Shutdown::Read {
            inner.say_good_bye(inner.patience());
        }
        inner.socket().shutdown(how)
    }

    /// Ends our side of a stream, and waits for a layer's good-bye no longer than that.
    pub(crate) fn end_within(&self, time: Duration) -> io::Result<()> {
        let inner = self.open()?;
        inner.say_good_bye(Patience::from_timeout(Some(time)));
        inner.socket().shutdown(Shutdown::Write)
    }

    /// Ends the conversation both ways. Every later call on any handle fails with "bad file
    /// descriptor"; the descriptor itself closes with the last handle.
    ///
    /// Python: `socket.close`
    pub fn close(&self) {
        if !self.0.closed.swap(true, Relaxed) && !self.0.listening.load(Relaxed) {
            // A socket that never was connected has nothing to end.
            let _ = self.0.socket().shutdown(Shutdown::Both);
        }
    }

    /// Hands the connection over: the descriptor returned is a duplicate that is the caller's from
    /// then on, blocking and without a timeout. The handles left are closed, and the server leaves
    /// the conversation alone.
    ///
    /// # Errors
    /// `Unsupported` under a [`Layer`], whose bytes a bare descriptor cannot speak; the system's.
    ///
    /// Python: `socket.detach`
    pub fn detach(&self) -> io::Result<OwnedFd> {
        let inner = self.without_layer()?;
        inner.set_timeout(None)?;
        inner.socket().set_nonblocking(false)?;
        inner.source.release(inner.fd.as_fd());
        let fd = inner.fd.try_clone()?;
        inner.detached.store(true, Relaxed);
        inner.closed.store(true, Relaxed);
        Ok(fd)
    }

    /// The descriptor's number; -1 once closed.
    ///
    /// Python: `socket.fileno`
    pub fn fileno(&self) -> RawFd {
        self.0.fileno()
    }

    /// This end's address.
    ///
    /// # Errors
    /// The system's.
    ///
    /// Python: `socket.getsockname`
    pub fn getsockname(&self) -> io::Result<Address> {
        Ok(self.open()?.socket().local_addr()?.into())
    }

    /// The other end's address.
    ///
    /// # Errors
    /// `NotConnected`.
    ///
    /// Python: `socket.getpeername`
    pub fn getpeername(&self) -> io::Result<Address> {
        Ok(self.open()?.socket().peer_addr()?.into())
    }

    /// Stream or datagrams.
    ///
    /// # Errors
    /// `Unsupported` for a socket that is neither.
    ///
    /// Python: `socket.type`
    pub fn kind(&self) -> io::Result<SocketKind> {
        match self.open()?.socket().r#type()? {
            socket2::Type::STREAM => Ok(SocketKind::Stream),
            socket2::Type::DGRAM => Ok(SocketKind::Datagram),
            other => Err(io::Error::new(
                io::ErrorKind::Unsupported,
                format!("{other:?} is neither a stream nor datagrams"),
            )),
        }
    }

    /// Which process is at the other end of a Unix stream, as of when it connected.
    ///
    /// # Errors
    /// The system's, for a socket of another family.
    #[cfg(target_os = "linux")]
    pub fn peer_cred(&self) -> io::Result<PeerCred> {
        let inner = self.open()?;
        if !inner.socket().peer_addr()?.is_unix() {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "only a Unix socket knows who is at its other end",
            ));
        }
        let cred = rustix::net::sockopt::socket_peercred(&inner.fd)?;
        Ok(PeerCred {
            pid: cred.pid.as_raw_pid(),
            uid: cred.uid.as_raw(),
            gid: cred.gid.as_raw(),
        })
    }

    /// Two files, for reading and for writing: what `rfile` and `wfile` are in a stream handler. A
    /// size of -1 is the usual buffer (8 KiB), 0 none, anything else so many bytes.
    ///
    /// Python: `socket.makefile("rb", rbufsize)` and `socket.makefile("wb", wbufsize)`
    pub fn makefile(&self, rbufsize: isize, wbufsize: isize) -> (SocketReader, SocketWriter) {
        (
            SocketReader::new(self.clone(), rbufsize),
            SocketWriter::new(self.clone(), wbufsize),
        )
    }

    /// Puts a [`Layer`] under the socket: from now on every handle, and every file made from one,
    /// speaks through it.
    ///
    /// # Errors
    /// `AlreadyExists` if there is one; `InvalidInput` if an `rfile` holds bytes that nobody has
    /// read, which would be plain text taken for the layer's.
    pub fn set_layer(&self, layer: impl Layer) -> io::Result<()> {
        let inner = self.open()?;
        if inner.unread.load(Relaxed) > 0 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "unread bytes from below the layer",
            ));
        }
        inner.layer.set(Box::new(layer)).map_err(|_| {
            io::Error::new(
                io::ErrorKind::AlreadyExists,
                "the socket already has a layer",
            )
        })
    }

    /// Whether somebody else took the conversation over.
    pub(crate) fn is_detached(&self) -> bool {
        self.0.detached.load(Relaxed)
    }

    /// Whether the other side's end of stream has been received.
    pub(crate) fn has_ended(&self) -> bool {
        self.0.ended.load(Relaxed)
    }

    /// Ends the conversation below any layer and even on a closed handle: whoever waits on the
    /// socket wakes up.
    pub(crate) fn cut(&self) {
        if !self.is_detached() {
            let _ = self.0.socket().shutdown(Shutdown::Both);
        }
    }

    /// Waits until something may be there to be read, or the patience is at its end.
    pub(crate) fn wait_readable(&self, patience: Patience) -> io::Result<()> {
        wait::wait(self.0.awaited(), Interest::Read, patience)
    }

    /// For setting options that [`SocketOption`] does not have.
    pub(crate) fn raw(&self) -> SockRef<'_> {
        self.0.socket()
    }
}

/// A system call's error as the seam wants it. `socket2` makes them of nothing else.
fn errno(error: io::Error) -> Errno {
    Errno::from_io_error(&error).unwrap_or(Errno::IO)
}

/// A stream connected to `address`, with `timeout` for connecting and for every operation after
/// that. Of a host with several addresses each is tried in turn, of either family, and each for so
/// long.
///
/// # Errors
/// As [`Socket::connect`]: the last attempt's.
///
/// Python: `socket.create_connection`
pub fn create_connection(address: impl ToAddress, timeout: Option<Duration>) -> io::Result<Socket> {
    let mut error = io::ErrorKind::NotFound.into();
    for address in address.to_addresses()? {
        let attempt = Socket::new(address.family(), SocketKind::Stream).and_then(|socket| {
            socket.settimeout(timeout)?;
            socket.connect(address)?;
            Ok(socket)
        });
        match attempt {
            Ok(socket) => return Ok(socket),
            Err(reason) => error = reason,
        }
    }
    Err(error)
}

/// Two Unix sockets connected to each other.
///
/// # Errors
/// The system's: no descriptors left.
///
/// Python: `socket.socketpair(type=kind)`
pub fn socketpair(kind: SocketKind) -> io::Result<(Socket, Socket)> {
    let (one, other) = socket2::Socket::pair(socket2::Domain::UNIX, kind.into(), None)?;
    Ok((Socket::from_fd(one), Socket::from_fd(other)))
}

/// Waits until one of the sockets in `read` can be read or one of those in `write` written: for
/// relays, and for loops of one's own. Returns the places in the two lists of those that are ready;
/// two empty lists when the time is over.
///
/// What a [`Layer`] or an `rfile` already holds is not seen here.
///
/// # Errors
/// The system's.
///
/// Python: `select.select`
pub fn select(
    read: &[&Socket],
    write: &[&Socket],
    timeout: Option<Duration>,
) -> io::Result<(Vec<usize>, Vec<usize>)> {
    for socket in read.iter().chain(write) {
        socket.open()?;
    }
    let read: Vec<_> = read.iter().map(|socket| socket.0.awaited()).collect();
    let write: Vec<_> = write.iter().map(|socket| socket.0.awaited()).collect();
    wait::select(&read, &write, Patience::from_timeout(timeout))
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

impl Read for &Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.recv_into(buffer)
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.recv_into(buffer)
    }
}

impl Write for &Socket {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.send(data)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Write for Socket {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.send(data)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.fd.as_fd()
    }
}

impl AsRawFd for Socket {
    fn as_raw_fd(&self) -> RawFd {
        self.0.fd.as_raw_fd()
    }
}

impl From<OwnedFd> for Socket {
    fn from(fd: OwnedFd) -> Self {
        Self::from_fd(fd)
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
from_std!(
    TcpListener,
    TcpStream,
    UdpSocket,
    UnixDatagram,
    UnixListener,
    UnixStream
);

#[cfg(all(test, target_os = "linux", target_pointer_width = "64"))]
mod tests {
    use super::*;

    #[test]
    fn what_all_handles_share_is_one_line_of_the_cache() {
        assert_eq!(size_of::<Inner>(), 64);
    }
}
