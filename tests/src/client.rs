//! Clients made of the standard library, so that the tests do not rely on the code under test.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpStream, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::time::Duration;

use rustix::net::sockopt::set_socket_linger;
use socketserver::Address;

use crate::{DEADLINE, Folder};

/// A client of any transport. Each of its calls fails at the deadline.
#[derive(Debug)]
pub enum Client {
    /// A TCP connection.
    Tcp(TcpStream),
    /// A connection over a Unix socket.
    UnixStream(UnixStream),
    /// A UDP socket connected to the server.
    Udp(UdpSocket),
    /// A bound Unix datagram socket connected to the server, and the folder its name is in.
    UnixDatagram(UnixDatagram, Folder),
}

impl Client {
    /// A connection to a server of streams.
    ///
    /// # Panics
    /// If it cannot connect.
    #[track_caller]
    pub fn stream(address: &Address) -> Self {
        Self::try_stream(address).expect("connect")
    }

    /// As [`stream`](Self::stream), for a server that may not be listening.
    ///
    /// # Errors
    /// If it cannot connect.
    pub fn try_stream(address: &Address) -> io::Result<Self> {
        let client = match address {
            Address::Inet(address) => Client::Tcp(TcpStream::connect_timeout(address, DEADLINE)?),
            Address::Unix(path) => Client::UnixStream(UnixStream::connect(path)?),
            other => unreachable!("no test listens at {other}"),
        };
        client.set_timeouts().map(|()| client)
    }

    /// As [`try_stream`](Self::try_stream), but gives up before the system's second attempt, one
    /// second later. A server that is about to close may miss the first attempt, and another server
    /// may have its port at the second.
    ///
    /// # Errors
    /// If it cannot connect.
    pub fn impatient(address: &Address) -> io::Result<Self> {
        let Address::Inet(address) = address else {
            return Self::try_stream(address);
        };
        let client = TcpStream::connect_timeout(address, Duration::from_millis(500))?;
        let client = Client::Tcp(client);
        client.set_timeouts().map(|()| client)
    }

    /// A socket that sends datagrams to a server.
    ///
    /// # Panics
    /// If it cannot be made.
    #[track_caller]
    pub fn datagram(address: &Address) -> Self {
        let client = match address {
            Address::Inet(address) => {
                let own: SocketAddr = match address {
                    SocketAddr::V4(_) => (Ipv4Addr::LOCALHOST, 0).into(),
                    SocketAddr::V6(_) => (Ipv6Addr::LOCALHOST, 0).into(),
                };
                let socket = UdpSocket::bind(own).expect("bind");
                socket.connect(address).expect("connect");
                Client::Udp(socket)
            }
            Address::Unix(path) => {
                let folder = Folder::new();
                let socket = UnixDatagram::bind(folder.join("client")).expect("bind");
                socket.connect(path).expect("connect");
                Client::UnixDatagram(socket, folder)
            }
            other => unreachable!("no test listens at {other}"),
        };
        client.set_timeouts().expect("timeouts");
        client
    }

    fn set_timeouts(&self) -> io::Result<()> {
        let timeout = Some(DEADLINE);
        match self {
            Client::Tcp(socket) => socket
                .set_read_timeout(timeout)
                .and(socket.set_write_timeout(timeout)),
            Client::UnixStream(socket) => socket
                .set_read_timeout(timeout)
                .and(socket.set_write_timeout(timeout)),
            Client::Udp(socket) => socket
                .set_read_timeout(timeout)
                .and(socket.set_write_timeout(timeout)),
            Client::UnixDatagram(socket, _) => socket
                .set_read_timeout(timeout)
                .and(socket.set_write_timeout(timeout)),
        }
    }

    /// Sends all of `data`, or one datagram.
    ///
    /// # Panics
    /// If that fails.
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
    ///
    /// # Panics
    /// If that fails.
    #[track_caller]
    pub fn recv(&mut self) -> Vec<u8> {
        let mut buffer = vec![0; 65_536];
        let received = self.read(&mut buffer).expect("recv");
        buffer.truncate(received);
        buffer
    }

    /// Sends `data` and receives one answer of the same length.
    ///
    /// # Panics
    /// If that fails.
    #[track_caller]
    pub fn ask(&mut self, data: impl AsRef<[u8]>) -> Vec<u8> {
        let data = data.as_ref();
        self.send(data);
        match self {
            Client::Tcp(_) | Client::UnixStream(_) => {
                let mut answer = vec![0; data.len()];
                self.read_exact(&mut answer)
                    .expect("an answer of the same length");
                answer
            }
            Client::Udp(_) | Client::UnixDatagram(..) => self.recv(),
        }
    }

    /// Ends its own stream, and receives the rest of the server's.
    ///
    /// # Panics
    /// If that fails.
    #[track_caller]
    pub fn finish(mut self) -> Vec<u8> {
        self.end();
        self.rest()
    }

    /// Ends its own stream.
    pub fn end(&self) {
        // This fails if the server has closed already.
        let _ = match self {
            Client::Tcp(socket) => socket.shutdown(Shutdown::Write),
            Client::UnixStream(socket) => socket.shutdown(Shutdown::Write),
            Client::Udp(_) | Client::UnixDatagram(..) => Ok(()),
        };
    }

    /// Receives the rest of the server's stream.
    ///
    /// # Panics
    /// If that fails, by a reset for example.
    #[track_caller]
    pub fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        self.read_to_end(&mut rest).expect("the end of the stream");
        rest
    }
}

impl Client {
    /// Its TCP socket.
    ///
    /// # Panics
    /// If it has another socket.
    #[track_caller]
    pub fn tcp(&self) -> &TcpStream {
        match self {
            Client::Tcp(socket) => socket,
            other => unreachable!("expected a TCP client, got {other:?}"),
        }
    }

    /// Its UDP socket.
    ///
    /// # Panics
    /// If it has another socket.
    #[track_caller]
    pub fn udp(&self) -> &UdpSocket {
        match self {
            Client::Udp(socket) => socket,
            other => unreachable!("expected a UDP client, got {other:?}"),
        }
    }

    /// Resets its TCP connection.
    ///
    /// # Panics
    /// If it has another socket.
    #[track_caller]
    pub fn reset(self) {
        set_socket_linger(self.tcp(), Some(Duration::ZERO)).expect("linger");
    }
}

impl Read for Client {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Client::Tcp(socket) => socket.read(buffer),
            Client::UnixStream(socket) => socket.read(buffer),
            Client::Udp(socket) => socket.recv(buffer),
            Client::UnixDatagram(socket, _) => socket.recv(buffer),
        }
    }
}

impl Write for Client {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        match self {
            Client::Tcp(socket) => socket.write(data),
            Client::UnixStream(socket) => socket.write(data),
            Client::Udp(socket) => socket.send(data),
            Client::UnixDatagram(socket, _) => socket.send(data),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
