//! Clients made of the standard library, so that the tests do not rely on the code under test.

use std::os::unix::net;

use rustix::net::sockopt::set_socket_linger;

use crate::prelude::*;

const ANOTHER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// A client of any transport. Each of its calls fails at the deadline.
#[derive(Debug)]
pub enum Client {
    Tcp(TcpStream),
    UnixStream(net::UnixStream),
    /// A UDP socket connected to the server.
    Udp(UdpSocket),
    /// A bound Unix datagram socket connected to the server, and the folder its name is in.
    UnixDatagram(net::UnixDatagram, Folder),
}

impl Client {
    /// A connection to a server of streams.
    #[track_caller]
    pub fn stream(address: &Address) -> Self {
        Self::try_stream(address).expect("connect")
    }

    #[track_caller]
    pub fn streams(count: usize, address: &Address) -> Vec<Self> {
        (0..count).map(|_| Self::stream(address)).collect()
    }

    /// A connection on which an echo has answered.
    #[track_caller]
    pub fn echoed(address: &Address) -> Self {
        let mut client = Self::stream(address);
        assert_eq!(client.ask("hello"), b"hello");
        client
    }

    /// As [`stream`](Self::stream), for a server that may not be listening.
    pub fn try_stream(address: &Address) -> io::Result<Self> {
        Self::stream_within(DEADLINE, address)
    }

    /// As [`try_stream`](Self::try_stream), but gives up before the system's second attempt, one
    /// second later. A server that is about to close may miss the first attempt, and another server
    /// may have its port at the second.
    pub fn impatient(address: &Address) -> io::Result<Self> {
        Self::stream_within(Duration::from_millis(500), address)
    }

    fn stream_within(patience: Duration, address: &Address) -> io::Result<Self> {
        let client = match address {
            Address::Inet(address) => Client::Tcp(TcpStream::connect_timeout(address, patience)?),
            Address::Unix(path) => Client::UnixStream(net::UnixStream::connect(path)?),
            other => unreachable!("no test listens at {other}"),
        };
        client.with_timeouts()
    }

    /// A connection over TCP, after `change` has changed its socket.
    pub fn stream_with(
        address: &Address,
        change: impl FnOnce(&socket2::Socket) -> io::Result<()>,
    ) -> io::Result<Self> {
        let socket = socket2::Socket::new(Domain::IPV4, Type::STREAM, None)?;
        change(&socket)?;
        socket.connect_timeout(&inet(address).into(), DEADLINE)?;
        Client::Tcp(socket.into()).with_timeouts()
    }

    pub fn stream_from(ip: Ipv4Addr, address: &Address) -> io::Result<Self> {
        Self::stream_with(address, |socket| socket.bind(&SocketAddr::from((ip, 0)).into()))
    }

    /// A connection whose address is not the usual one.
    #[track_caller]
    pub fn stream_from_another(address: &Address) -> Self {
        Self::stream_from(ANOTHER, address).expect("connect")
    }

    /// A connection with a receive buffer of that many bytes.
    pub fn narrow_stream(buffer: usize, address: &Address) -> io::Result<Self> {
        Self::stream_with(address, |socket| socket.set_recv_buffer_size(buffer))
    }

    /// A socket that sends datagrams to a server.
    #[track_caller]
    pub fn datagram(address: &Address) -> Self {
        match address {
            Address::Inet(SocketAddr::V4(_)) => Self::datagram_from("127.0.0.1:0", address),
            Address::Inet(SocketAddr::V6(_)) => Self::datagram_from("[::1]:0", address),
            Address::Unix(path) => {
                let folder = Folder::new();
                let socket = net::UnixDatagram::bind(folder.join("client")).expect("bind");
                socket.connect(path).expect("connect");
                Client::UnixDatagram(socket, folder).with_timeouts().expect("timeouts")
            }
            other => unreachable!("no test listens at {other}"),
        }
    }

    /// A socket of UDP at that address. It hears only the server's address.
    #[track_caller]
    pub fn datagram_from(own: &str, address: &Address) -> Self {
        let socket = UdpSocket::bind(own).expect("bind");
        socket.connect(inet(address)).expect("connect");
        Client::Udp(socket).with_timeouts().expect("timeouts")
    }

    fn socket(&self) -> SockRef<'_> {
        match self {
            Client::Tcp(socket) => socket.into(),
            Client::UnixStream(socket) => socket.into(),
            Client::Udp(socket) => socket.into(),
            Client::UnixDatagram(socket, _) => socket.into(),
        }
    }

    fn with_timeouts(self) -> io::Result<Self> {
        patient(self.socket())?;
        Ok(self)
    }

    pub fn is_stream(&self) -> bool {
        matches!(self, Client::Tcp(_) | Client::UnixStream(_))
    }

    /// Sends all of `data`, or one datagram.
    #[track_caller]
    pub fn send(&mut self, data: impl AsRef<[u8]>) {
        let data = data.as_ref();
        // `write_all` would not send an empty datagram.
        match data.is_empty() {
            true => self.write(data).map(drop),
            false => self.write_all(data),
        }
        .expect("send");
    }

    /// Receives the available bytes, or one datagram; nothing at the end of a stream.
    #[track_caller]
    pub fn recv(&mut self) -> Vec<u8> {
        let mut buffer = vec![0; 65_536];
        let received = self.read(&mut buffer).expect("recv");
        buffer.truncate(received);
        buffer
    }

    /// Receives exactly this many bytes of a stream.
    #[track_caller]
    pub fn recv_exact(&mut self, length: usize) -> Vec<u8> {
        let mut data = vec![0; length];
        self.read_exact(&mut data).expect("the expected number of bytes");
        data
    }

    /// Sends `data` and receives one answer, over a stream one of the same length.
    #[track_caller]
    pub fn ask(&mut self, data: impl AsRef<[u8]>) -> Vec<u8> {
        let data = data.as_ref();
        self.send(data);
        match self.is_stream() {
            true => self.recv_exact(data.len()),
            false => self.recv(),
        }
    }

    /// Ends its own stream, and receives the rest of the server's.
    #[track_caller]
    pub fn finish(mut self) -> Vec<u8> {
        self.end();
        self.rest()
    }

    pub fn end(&self) {
        if self.is_stream() {
            // This fails if the server has closed already.
            let _ = self.socket().shutdown(Shutdown::Write);
        }
    }

    /// Receives the rest of the server's stream, which must not end by a reset.
    #[track_caller]
    pub fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        self.read_to_end(&mut rest).expect("the end of the stream");
        rest
    }

    /// The same, of a server that may have closed with input unread.
    #[track_caller]
    pub fn rest_or_reset(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        match self.read_to_end(&mut rest) {
            Err(error) if error.kind() != ErrorKind::ConnectionReset => panic!("recv: {error}"),
            _ => rest,
        }
    }

    /// Sends `data` to a server that may have closed.
    pub fn try_send(&mut self, data: impl AsRef<[u8]>) {
        // Then the server's answer is what matters.
        let _ = self.write_all(data.as_ref());
    }

    #[track_caller]
    pub fn tcp(&self) -> &TcpStream {
        match self {
            Client::Tcp(socket) => socket,
            other => unreachable!("expected a TCP client, got {other:?}"),
        }
    }

    #[track_caller]
    pub fn udp(&self) -> &UdpSocket {
        match self {
            Client::Udp(socket) => socket,
            other => unreachable!("expected a UDP client, got {other:?}"),
        }
    }

    /// Ends its connection by a reset, where it has resets.
    pub fn reset(self) {
        if let Client::Tcp(socket) = &self {
            set_socket_linger(socket, Some(Duration::ZERO)).expect("linger");
        }
    }
}

impl Read for Client {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self.socket()).read(buffer)
    }
}

impl Write for Client {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.socket().send(data)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Lets the calls of a socket of the standard library fail at the deadline.
pub(crate) fn patient(socket: SockRef<'_>) -> io::Result<()> {
    socket.set_read_timeout(Some(DEADLINE))?;
    socket.set_write_timeout(Some(DEADLINE))
}

/// A connection over TCP: one end is under test, the other is the standard library's. Both give up
/// at the deadline.
#[track_caller]
pub fn tcp_pair() -> (Socket, TcpStream) {
    let listener = TcpListener::bind(LOCAL).expect("bind");
    let address = listener.local_addr().expect("an address");
    let socket = create_connection(address, Some(DEADLINE)).expect("connect");
    let (other, _) = listener.accept().expect("accept");
    patient(SockRef::from(&other)).expect("timeouts");
    (socket, other)
}

/// The same over Unix sockets.
#[track_caller]
pub fn unix_pair() -> (Socket, net::UnixStream) {
    let (socket, other) = net::UnixStream::pair().expect("a pair");
    let socket = Socket::from(socket);
    socket.settimeout(Some(DEADLINE)).expect("a timeout");
    patient(SockRef::from(&other)).expect("timeouts");
    (socket, other)
}
