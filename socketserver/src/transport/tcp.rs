//! TCP.

use std::io;
use std::time::Duration;

use super::options::{Inet, Streams, TcpOnly, inet_setters, streams_setters, tcp_only_setters};
use super::{Speaker, Transport, inet, stream};
use crate::address::Address;
use crate::axis::Has;
use crate::socket::{Socket, SocketKind, SocketOption};

/// Connections over TCP: reliable streams of bytes, without boundaries in them. The system accepts
/// a connection before its handler runs, so the server must listen before its clients connect.
///
/// Python: `TCPServer`, as far as it is about sockets
#[derive(Clone, Debug, Default)]
pub struct Tcp {
    streams: Streams,
    inet: Inet,
    own: TcpOnly,
}

impl Tcp {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Has<Streams> for Tcp {
    fn options(&mut self) -> &mut Streams {
        &mut self.streams
    }
}

impl Has<Inet> for Tcp {
    fn options(&mut self) -> &mut Inet {
        &mut self.inet
    }
}

impl Has<TcpOnly> for Tcp {
    fn options(&mut self) -> &mut TcpOnly {
        &mut self.own
    }
}

streams_setters!(Self, Has::options; impl Tcp);
inet_setters!(Self, Has::options; impl Tcp);
tcp_only_setters!(Self, Has::options; impl Tcp);

impl Transport for Tcp {
    type Request = Socket;

    fn socket(&self, address: &Address) -> io::Result<Socket> {
        inet::socket(address, SocketKind::Stream)
    }

    fn server_bind(&self, socket: &Socket, address: &Address) -> io::Result<()> {
        let reuse_address = self.inet.allow_reuse_address.unwrap_or(true);
        inet::bind(socket, address, reuse_address, &self.inet)
    }

    fn adopt(&self, socket: &Socket) -> io::Result<()> {
        inet::check(socket, SocketKind::Stream, "a TCP socket")
    }

    fn server_activate(&self, socket: &Socket) -> io::Result<()> {
        socket.setsockopt(SocketOption::NoDelay(self.own.disable_nagle_algorithm))?;
        stream::activate(socket, &self.streams)?;
        if let Some(time) = self.own.wait_for_input
            && socket.is_listening()
        {
            let seconds = u32::try_from(time.as_secs()).unwrap_or(u32::MAX).max(1);
            crate::sys::set_defer_accept(socket, seconds)?;
        }
        Ok(())
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

    /// Between the last accept and the close a handshake may complete, and its client would be
    /// reset. A filter drops the first packet of new handshakes instead. Such a client tries again
    /// a second later, and its connection is refused then.
    fn fence(&self, socket: &Socket) -> io::Result<()> {
        use socket2::SockFilter;
        /// `BPF_LD | BPF_B | BPF_ABS`, `BPF_ALU | BPF_AND | BPF_K`, `BPF_JMP | BPF_JEQ | BPF_K`,
        /// `BPF_RET | BPF_K`.
        const LOAD_BYTE: u16 = 0x30;
        const AND: u16 = 0x54;
        const JUMP_IF_EQUAL: u16 = 0x15;
        const RETURN: u16 = 0x06;
        /// Offset of the flags byte in the TCP header, which is where a filter on a TCP socket
        /// starts reading.
        const FLAGS: u32 = 13;
        const SYN: u32 = 0x02;
        const ACK: u32 = 0x10;
        socket.raw().attach_filter(&[
            SockFilter::new(LOAD_BYTE, 0, 0, FLAGS),
            SockFilter::new(AND, 0, 0, SYN | ACK),
            SockFilter::new(JUMP_IF_EQUAL, 0, 1, SYN),
            SockFilter::new(RETURN, 0, 0, 0),
            SockFilter::new(RETURN, 0, 0, u32::MAX),
        ])
    }
}
