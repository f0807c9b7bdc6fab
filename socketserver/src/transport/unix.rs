//! Unix sockets: streams and datagrams between processes of one machine.

use std::io;
use std::net::Shutdown;
use std::time::Duration;

use super::datagram::{self, PacketReceiver};
use super::options::{File, Packets, Streams, file_setters, packets_setters, streams_setters};
use super::socket_file::SocketFile;
use super::{Speaker, Transport, stream, unexpected};
use crate::address::{Address, AddressFamily};
use crate::axis::Has;
use crate::request::Datagram;
use crate::socket::{Socket, SocketKind, SocketOption};

fn new_socket(address: &Address, kind: SocketKind) -> io::Result<Socket> {
    match address {
        Address::Unix(_) | Address::Abstract(_) => Socket::new(AddressFamily::Unix, kind),
        _ => Err(unexpected("the path of a Unix socket", address)),
    }
}

/// Makes room for many answers that their clients have not read yet: for all clients together there
/// is only this buffer. The system's default is enough for less than 300 short ones.
fn enlarge_send_buffer(socket: &Socket) {
    /// Half of what the system then counts, with its own memory for each datagram.
    const SIZE: usize = 2 << 20;
    if rustix::net::sockopt::set_socket_send_buffer_size_force(socket, SIZE).is_ok() {
        return;
    }
    // As much of it as this process may have; a smaller buffer works too.
    let _ = socket.setsockopt(SocketOption::SendBuffer(SIZE));
}

/// Checks a socket that was handed over.
fn check(socket: &Socket, kind: SocketKind, expected: &str) -> io::Result<()> {
    let address = socket.getsockname()?;
    if address.family() == AddressFamily::Unix && socket.kind().is_ok_and(|its| its == kind) {
        return Ok(());
    }
    Err(unexpected(expected, format_args!("a socket at {address}")))
}

/// Connections over a Unix socket.
///
/// Its file is made with its final mode, and replaces a stale one that no server listens on. It is
/// removed when the server closes, unless another file has taken its place. If the file goes while
/// the server serves, the server logs that, and with [`restore_file`](Self::restore_file) makes it
/// again.
///
/// Python: `UnixStreamServer`, as far as it is about sockets; there the file is left to the program
#[derive(Clone, Debug, Default)]
pub struct UnixStream {
    streams: Streams,
    path: File,
    file: SocketFile,
}

impl UnixStream {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Has<Streams> for UnixStream {
    fn options(&mut self) -> &mut Streams {
        &mut self.streams
    }
}

impl Has<File> for UnixStream {
    fn options(&mut self) -> &mut File {
        &mut self.path
    }
}

streams_setters!(Self, Has::options; impl UnixStream);
file_setters!(Self, Has::options; impl UnixStream);

impl Transport for UnixStream {
    type Request = Socket;

    fn socket(&self, address: &Address) -> io::Result<Socket> {
        new_socket(address, SocketKind::Stream)
    }

    fn server_bind(&self, socket: &Socket, address: &Address) -> io::Result<()> {
        self.file.bind(socket, address, &self.path)
    }

    fn adopt(&self, socket: &Socket) -> io::Result<()> {
        check(socket, SocketKind::Stream, "a Unix stream socket")
    }

    fn server_activate(&self, socket: &Socket) -> io::Result<()> {
        let result = stream::activate(socket, &self.streams);
        self.file.activated();
        result
    }

    fn get_request(&self, socket: &Socket) -> io::Result<(Socket, Address)> {
        socket.try_accept()
    }

    fn given_request(&self, socket: &Socket) -> Option<(Socket, Address)> {
        stream::given_request(socket)
    }

    fn speaks_first(&self) -> Speaker {
        Speaker::Handler
    }

    fn prepare(&self, request: &Socket) -> io::Result<()> {
        stream::prepare(request, &self.streams)
    }

    fn shutdown_request(&self, request: &Socket, patience: Duration) {
        stream::end(request, self.streams.linger.min(patience));
    }

    fn abort(&self, request: &Socket) {
        request.abort();
    }

    fn fence(&self, socket: &Socket) -> io::Result<()> {
        socket.raw().shutdown(Shutdown::Read)
    }

    fn is_lost(&self, _socket: &Socket) -> bool {
        self.file.is_to_be_made_again(&self.path)
    }

    fn server_close(&self, _socket: &Socket) {
        self.file.remove();
    }
}

/// Datagrams over a Unix socket: unlike UDP's, none gets lost on the way, and a full queue makes
/// the sender block. A client that expects an answer must bind its own name.
///
/// But an answer is dropped if there is no room for it within
/// [`send_timeout`](Self::send_timeout). All answers are sent through one socket, and answers that
/// their clients have not read fill its send buffer. So **one client that asks much and reads
/// nothing can delay the answers to all**, until it reads or goes. The buffer is as large as the
/// system allows (`net.core.wmem_max`; 4 MiB for a privileged process), which delays this and does
/// not prevent it. Let only trusted programs connect ([`mode`](Self::mode)), or use [`UnixStream`],
/// where each client has its own buffer.
///
/// As with [`Udp`](crate::Udp), only an option limits the number of live requests.
///
/// The socket's file is made, replaced and removed as that of a [`UnixStream`].
///
/// Python: `UnixDatagramServer`, as far as it is about sockets
#[derive(Clone, Debug, Default)]
pub struct UnixDatagram {
    packets: Packets,
    path: File,
    file: SocketFile,
    receiver: PacketReceiver,
}

impl UnixDatagram {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Has<Packets> for UnixDatagram {
    fn options(&mut self) -> &mut Packets {
        &mut self.packets
    }
}

impl Has<File> for UnixDatagram {
    fn options(&mut self) -> &mut File {
        &mut self.path
    }
}

packets_setters!(Self, Has::options; impl UnixDatagram);
file_setters!(Self, Has::options; impl UnixDatagram);

impl Transport for UnixDatagram {
    type Request = Datagram;

    fn socket(&self, address: &Address) -> io::Result<Socket> {
        let socket = new_socket(address, SocketKind::Datagram)?;
        enlarge_send_buffer(&socket);
        Ok(socket)
    }

    fn server_bind(&self, socket: &Socket, address: &Address) -> io::Result<()> {
        self.file.bind(socket, address, &self.path)
    }

    fn adopt(&self, socket: &Socket) -> io::Result<()> {
        check(socket, SocketKind::Datagram, "a Unix datagram socket")?;
        datagram::check_bound(socket)
    }

    fn server_activate(&self, socket: &Socket) -> io::Result<()> {
        self.file.activated();
        self.receiver.watch(socket)?;
        datagram::activate(socket, &self.packets)
    }

    fn get_request(&self, socket: &Socket) -> io::Result<(Datagram, Address)> {
        self.receiver.get_request(socket, &self.packets, false)
    }

    fn shutdown_request(&self, _request: &Datagram, _patience: Duration) {}

    fn abort(&self, _request: &Datagram) {}

    fn is_lost(&self, _socket: &Socket) -> bool {
        self.file.is_to_be_made_again(&self.path)
    }

    fn server_close(&self, _socket: &Socket) {
        self.file.remove();
    }
}
