//! TCP.

use std::io;
use std::time::Duration;

use super::{Transport, check, not_ours, stream};
use crate::server::Builder;
use crate::socket::{Address, Socket, SocketKind, SocketOption};

/// Connections over TCP: reliable streams of bytes, without boundaries in them. A client's
/// handshake is done before its handler runs, so the server must be up first.
///
/// Python: `TCPServer`, as far as it is about sockets
#[derive(Clone, Debug)]
pub struct Tcp {
    request_queue_size: Option<u32>,
    allow_reuse_address: bool,
    allow_reuse_port: bool,
    dual_stack: Option<bool>,
    linger: Duration,
    wait_for_input: Option<Duration>,
}

impl Default for Tcp {
    fn default() -> Self {
        Tcp {
            request_queue_size: None,
            allow_reuse_address: true,
            allow_reuse_port: false,
            dual_stack: None,
            linger: stream::LINGER,
            wait_for_input: None,
        }
    }
}

impl Tcp {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many connections may wait to be accepted; not how many clients are served. The system's
    /// maximum unless set, which also bounds it.
    ///
    /// Python: `TCPServer.request_queue_size`, 5
    pub fn request_queue_size(mut self, connections: u32) -> Self {
        self.request_queue_size = Some(connections);
        self
    }

    /// Whether a restart may take the port while old connections are in `TIME_WAIT`. On unless set.
    ///
    /// Python: `TCPServer.allow_reuse_address`, off
    pub fn allow_reuse_address(mut self, allow: bool) -> Self {
        self.allow_reuse_address = allow;
        self
    }

    /// Whether several servers may share the port, each getting a part of the connections. Off
    /// unless set.
    ///
    /// Python: `TCPServer.allow_reuse_port`
    pub fn allow_reuse_port(mut self, allow: bool) -> Self {
        self.allow_reuse_port = allow;
        self
    }

    /// Whether an IPv6 server takes IPv4 clients too. The system's setting unless set; nothing for
    /// an IPv4 address.
    pub fn dual_stack(mut self, both: bool) -> Self {
        self.dual_stack = Some(both);
        self
    }

    /// How long the end of a connection may wait for a client that has not yet read its reply. 2 s
    /// unless set; an inline server waits at most 0.1 s.
    pub fn linger(mut self, time: Duration) -> Self {
        self.linger = time;
        self
    }

    /// Accepts a connection only when its first bytes are there, or this time (in whole seconds)
    /// has passed: silent clients then hold no thread. Only where the client speaks first: a
    /// greeting would come late. Off unless set.
    pub fn wait_for_input(mut self, at_most: Duration) -> Self {
        self.wait_for_input = Some(at_most);
        self
    }
}

impl Transport for Tcp {
    type Request = Socket;

    fn socket(&self, address: &Address) -> io::Result<Socket> {
        match address {
            Address::Inet(_) => Socket::new(address.family(), SocketKind::Stream),
            other => Err(not_ours(
                &other.to_string(),
                "an internet address, HOST:PORT,",
            )),
        }
    }

    fn server_bind(&self, socket: &Socket, address: &Address) -> io::Result<()> {
        socket.setsockopt(SocketOption::ReuseAddress(self.allow_reuse_address))?;
        super::bind_inet(socket, address, self.allow_reuse_port, self.dual_stack)
    }

    fn adopt(&self, socket: &Socket) -> io::Result<()> {
        check(socket, SocketKind::Stream, false, "a TCP socket")
    }

    fn server_activate(&self, socket: &Socket) -> io::Result<()> {
        stream::activate(socket, self.request_queue_size)?;
        #[cfg(target_os = "linux")]
        if let Some(time) = self.wait_for_input {
            let seconds = u32::try_from(time.as_secs()).unwrap_or(u32::MAX).max(1);
            crate::sys::set_defer_accept(socket, seconds)?;
        }
        Ok(())
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

    /// Between the last accept and the close a handshake may complete, and its client would be
    /// reset. A filter that drops the first packet of new handshakes makes such a client try again
    /// a second later, and then be refused.
    #[cfg(target_os = "linux")]
    fn fence(&self, socket: &Socket) -> io::Result<()> {
        use socket2::SockFilter;
        /// `BPF_LD | BPF_B | BPF_ABS`, `BPF_ALU | BPF_AND | BPF_K`, `BPF_JMP | BPF_JEQ | BPF_K`,
        /// `BPF_RET | BPF_K`.
        const LOAD_BYTE: u16 = 0x30;
        const AND: u16 = 0x54;
        const JUMP_IF_EQUAL: u16 = 0x15;
        const RETURN: u16 = 0x06;
        /// The byte with the flags stands there in a TCP header, where a filter on a TCP socket
        /// begins.
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

/// The options of [`Tcp`].
impl<C, H, S> Builder<Tcp, C, H, S> {
    /// [`Tcp::request_queue_size`]
    pub fn request_queue_size(self, connections: u32) -> Self {
        self.map_transport(|tcp| tcp.request_queue_size(connections))
    }

    /// [`Tcp::allow_reuse_address`]
    pub fn allow_reuse_address(self, allow: bool) -> Self {
        self.map_transport(|tcp| tcp.allow_reuse_address(allow))
    }

    /// [`Tcp::allow_reuse_port`]
    pub fn allow_reuse_port(self, allow: bool) -> Self {
        self.map_transport(|tcp| tcp.allow_reuse_port(allow))
    }

    /// [`Tcp::dual_stack`]
    pub fn dual_stack(self, both: bool) -> Self {
        self.map_transport(|tcp| tcp.dual_stack(both))
    }

    /// [`Tcp::linger`]
    pub fn linger(self, time: Duration) -> Self {
        self.map_transport(|tcp| tcp.linger(time))
    }

    /// [`Tcp::wait_for_input`]
    pub fn wait_for_input(self, at_most: Duration) -> Self {
        self.map_transport(|tcp| tcp.wait_for_input(at_most))
    }
}
