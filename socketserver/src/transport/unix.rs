//! Unix sockets: streams and datagrams between processes of one machine.

use std::io;
use std::net::Shutdown;
use std::time::Duration;

use super::datagram::{Datagram, Packets};
use super::socket_file::SocketFile;
use super::{Transport, check, not_ours, stream};
use crate::server::Builder;
use crate::socket::{Address, Socket, SocketKind};

fn new_socket(address: &Address, kind: SocketKind) -> io::Result<Socket> {
    match address {
        Address::Unix(_) | Address::Abstract(_) => Socket::new(address.family(), kind),
        other => Err(not_ours(&other.to_string(), "the path of a socket")),
    }
}

/// Connections over a Unix socket.
///
/// Its file is made with its final mode, replaces one that no server is behind any more, and is
/// removed when the server closes, unless somebody else has put another in its place.
///
/// Python: `UnixStreamServer`, as far as it is about sockets; there the file is left to the program
#[derive(Clone, Debug)]
pub struct UnixStream {
    file: SocketFile,
    request_queue_size: Option<u32>,
    linger: Duration,
}

impl Default for UnixStream {
    fn default() -> Self {
        UnixStream {
            file: SocketFile::default(),
            request_queue_size: None,
            linger: stream::LINGER,
        }
    }
}

impl UnixStream {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many connections may wait to be accepted; not how many clients are served. The system's
    /// maximum unless set, which also bounds it.
    ///
    /// Python: `UnixStreamServer.request_queue_size`, 5
    pub fn request_queue_size(mut self, connections: u32) -> Self {
        self.request_queue_size = Some(connections);
        self
    }

    /// The mode of the socket's file, less the process's umask: `0o600` lets only this user
    /// connect. The umask's unless set.
    pub fn mode(mut self, mode: u32) -> Self {
        self.file.mode = Some(mode);
        self
    }

    /// How long the end of a connection may wait for a client that has not yet read its reply. 2 s
    /// unless set; an inline server waits at most 0.1 s.
    pub fn linger(mut self, time: Duration) -> Self {
        self.linger = time;
        self
    }
}

impl Transport for UnixStream {
    type Request = Socket;

    fn socket(&self, address: &Address) -> io::Result<Socket> {
        new_socket(address, SocketKind::Stream)
    }

    fn server_bind(&self, socket: &Socket, address: &Address) -> io::Result<()> {
        self.file.bind(socket, address)
    }

    fn adopt(&self, socket: &Socket) -> io::Result<()> {
        check(socket, SocketKind::Stream, true, "a Unix stream socket")
    }

    fn server_activate(&self, socket: &Socket) -> io::Result<()> {
        let result = stream::activate(socket, self.request_queue_size);
        self.file.activated();
        result
    }

    fn get_request(&self, socket: &Socket) -> io::Result<(Socket, Address)> {
        socket.try_accept()
    }

    fn shutdown_request(&self, request: &Socket, patience: Duration) {
        stream::end_of_stream(request, self.linger.min(patience));
    }

    fn abort(&self, request: &Socket) {
        request.abort();
    }

    fn leave_to_parent(&self, socket: &Socket) {
        stream::leave_to_parent(socket);
    }

    fn fence(&self, socket: &Socket) -> io::Result<()> {
        socket.raw().shutdown(Shutdown::Read)
    }

    fn server_close(&self, socket: &Socket) {
        self.file.remove(socket);
    }
}

/// The options of [`UnixStream`].
impl<C, H, S> Builder<UnixStream, C, H, S> {
    /// [`UnixStream::request_queue_size`]
    pub fn request_queue_size(self, connections: u32) -> Self {
        self.map_transport(|unix| unix.request_queue_size(connections))
    }

    /// [`UnixStream::mode`]
    pub fn mode(self, mode: u32) -> Self {
        self.map_transport(|unix| unix.mode(mode))
    }

    /// [`UnixStream::linger`]
    pub fn linger(self, time: Duration) -> Self {
        self.map_transport(|unix| unix.linger(time))
    }
}

/// Datagrams over a Unix socket: unlike UDP's, none gets lost, and a full queue makes the sender
/// wait. A client that wants an answer must bind a name of its own.
///
/// The socket's file is treated as [`UnixStream`]'s.
///
/// Python: `UnixDatagramServer`, as far as it is about sockets
#[derive(Clone, Debug, Default)]
pub struct UnixDatagram {
    file: SocketFile,
    packets: Packets,
}

impl UnixDatagram {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The longest datagram that is taken whole, in bytes; of a longer one the rest is lost, and
    /// [`Datagram::truncated`] says so. 65,535 unless set.
    ///
    /// Python: `UnixDatagramServer.max_packet_size`, 8192, cut in silence
    pub fn max_packet_size(mut self, bytes: usize) -> Self {
        self.packets.max_packet_size = bytes;
        self
    }

    /// The mode of the socket's file, less the process's umask. The umask's unless set.
    pub fn mode(mut self, mode: u32) -> Self {
        self.file.mode = Some(mode);
        self
    }

    /// How long a reply may wait for a client that leaves its queue full. 1 s unless set.
    pub fn send_timeout(mut self, time: Duration) -> Self {
        self.packets.send_timeout = time;
        self
    }
}

impl Transport for UnixDatagram {
    type Request = Datagram;

    fn socket(&self, address: &Address) -> io::Result<Socket> {
        new_socket(address, SocketKind::Datagram)
    }

    fn server_bind(&self, socket: &Socket, address: &Address) -> io::Result<()> {
        self.file.bind(socket, address)
    }

    fn adopt(&self, socket: &Socket) -> io::Result<()> {
        check(socket, SocketKind::Datagram, true, "a Unix datagram socket")
    }

    fn server_activate(&self, socket: &Socket) -> io::Result<()> {
        self.file.activated();
        self.packets.activate(socket)
    }

    fn get_request(&self, socket: &Socket) -> io::Result<(Datagram, Address)> {
        self.packets.get_request(socket)
    }

    fn shutdown_request(&self, _request: &Datagram, _patience: Duration) {}

    fn abort(&self, _request: &Datagram) {}

    fn server_close(&self, socket: &Socket) {
        self.file.remove(socket);
    }
}

/// The options of [`UnixDatagram`].
impl<C, H, S> Builder<UnixDatagram, C, H, S> {
    /// [`UnixDatagram::max_packet_size`]
    pub fn max_packet_size(self, bytes: usize) -> Self {
        self.map_transport(|unix| unix.max_packet_size(bytes))
    }

    /// [`UnixDatagram::mode`]
    pub fn mode(self, mode: u32) -> Self {
        self.map_transport(|unix| unix.mode(mode))
    }

    /// [`UnixDatagram::send_timeout`]
    pub fn send_timeout(self, time: Duration) -> Self {
        self.map_transport(|unix| unix.send_timeout(time))
    }
}
