//! UDP.

use std::io;
use std::time::Duration;

use super::datagram::{Datagram, Packets};
use super::{Transport, check, not_ours};
use crate::server::Builder;
use crate::socket::{Address, Socket, SocketKind, SocketOption};

/// Datagrams over UDP: each a message of its own, which may get lost or overtake another. Clients
/// need no connection, and may send before the server is up; nobody will tell them.
///
/// Python: `UDPServer`, as far as it is about sockets
#[derive(Clone, Debug, Default)]
pub struct Udp {
    packets: Packets,
    allow_reuse_address: bool,
    allow_reuse_port: bool,
    dual_stack: Option<bool>,
}

impl Udp {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The longest datagram that is taken whole, in bytes; of a longer one the rest is lost, and
    /// [`Datagram::truncated`] says so. 65,535 unless set: everything fits.
    ///
    /// Python: `UDPServer.max_packet_size`, 8192, cut in silence
    pub fn max_packet_size(mut self, bytes: usize) -> Self {
        self.packets.max_packet_size = bytes;
        self
    }

    /// Whether the port may be bound though another socket has it. Off unless set.
    ///
    /// Python: `UDPServer.allow_reuse_address`
    pub fn allow_reuse_address(mut self, allow: bool) -> Self {
        self.allow_reuse_address = allow;
        self
    }

    /// Whether several servers may share the port, each getting a part of the clients. Off unless
    /// set.
    ///
    /// Python: `UDPServer.allow_reuse_port`
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

    /// How long a reply may wait for room before it is given up. 1 s unless set.
    pub fn send_timeout(mut self, time: Duration) -> Self {
        self.packets.send_timeout = time;
        self
    }
}

impl Transport for Udp {
    type Request = Datagram;

    fn socket(&self, address: &Address) -> io::Result<Socket> {
        match address {
            Address::Inet(_) => Socket::new(address.family(), SocketKind::Datagram),
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
        check(socket, SocketKind::Datagram, false, "a UDP socket")
    }

    fn server_activate(&self, socket: &Socket) -> io::Result<()> {
        self.packets.activate(socket)
    }

    fn get_request(&self, socket: &Socket) -> io::Result<(Datagram, Address)> {
        self.packets.get_request(socket)
    }

    fn shutdown_request(&self, _request: &Datagram, _patience: Duration) {}

    fn abort(&self, _request: &Datagram) {}
}

/// The options of [`Udp`].
impl<C, H, S> Builder<Udp, C, H, S> {
    /// [`Udp::max_packet_size`]
    pub fn max_packet_size(self, bytes: usize) -> Self {
        self.map_transport(|udp| udp.max_packet_size(bytes))
    }

    /// [`Udp::allow_reuse_address`]
    pub fn allow_reuse_address(self, allow: bool) -> Self {
        self.map_transport(|udp| udp.allow_reuse_address(allow))
    }

    /// [`Udp::allow_reuse_port`]
    pub fn allow_reuse_port(self, allow: bool) -> Self {
        self.map_transport(|udp| udp.allow_reuse_port(allow))
    }

    /// [`Udp::dual_stack`]
    pub fn dual_stack(self, both: bool) -> Self {
        self.map_transport(|udp| udp.dual_stack(both))
    }

    /// [`Udp::send_timeout`]
    pub fn send_timeout(self, time: Duration) -> Self {
        self.map_transport(|udp| udp.send_timeout(time))
    }
}
