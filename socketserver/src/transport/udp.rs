//! UDP.

use std::io;
use std::time::Duration;

use super::datagram::{self, PacketReceiver};
use super::options::{Inet, Packets, inet_setters, packets_setters};
use super::own_datagrams::OwnDatagrams;
use super::{Transport, inet};
use crate::address::Address;
use crate::axis::Has;
use crate::request::Datagram;
use crate::socket::{Socket, SocketKind};

/// Datagrams over UDP: each is a separate message, which may get lost or overtake another. Clients
/// need no connection, and may send before the server is up without learning that it is not.
///
/// An answer is sent from the address that the client has asked, even if the server is bound to
/// every address of the machine.
///
/// Nothing slows down a client that sends datagrams. On threads or green threads each live request
/// has a thread, so if handlers may take long, limit their number with `max_connections`,
/// `max_threads` or `max_green_threads`.
///
/// Python: `UDPServer`, as far as it is about sockets
#[derive(Clone, Debug, Default)]
pub struct Udp {
    packets: Packets,
    inet: Inet,
    receiver: PacketReceiver,
    own: OwnDatagrams,
}

impl Udp {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Has<Packets> for Udp {
    fn options(&mut self) -> &mut Packets {
        &mut self.packets
    }
}

impl Has<Inet> for Udp {
    fn options(&mut self) -> &mut Inet {
        &mut self.inet
    }
}

packets_setters!(Self, Has::options; impl Udp);
inet_setters!(Self, Has::options; impl Udp);

impl Transport for Udp {
    type Request = Datagram;

    fn socket(&self, address: &Address) -> io::Result<Socket> {
        inet::socket(address, SocketKind::Datagram)
    }

    fn server_bind(&self, socket: &Socket, address: &Address) -> io::Result<()> {
        let reuse_address = self.inet.allow_reuse_address.unwrap_or(false);
        inet::bind(socket, address, reuse_address, &self.inet)
    }

    fn adopt(&self, socket: &Socket) -> io::Result<()> {
        inet::check(socket, SocketKind::Datagram, "a UDP socket")?;
        datagram::check_bound(socket)
    }

    fn server_activate(&self, socket: &Socket) -> io::Result<()> {
        self.receiver.watch(socket)?;
        datagram::activate(socket, &self.packets)
    }

    fn get_request(&self, socket: &Socket) -> io::Result<(Datagram, Address)> {
        self.receiver.get_request(socket, &self.packets, true)
    }

    fn shutdown_request(&self, _request: &Datagram, _patience: Duration) {}

    fn abort(&self, _request: &Datagram) {}

    fn is_own(&self, request: &Datagram, client: &Address, server: &Address) -> bool {
        self.own.is_own(request.arrival(), client, server)
    }
}
